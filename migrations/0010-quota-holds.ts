import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Units of a quota taken for an operation, given back once if it fails. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('quota_holds')) return;
  await db.schema.createTable('quota_holds', (table) => {
    idColumn(table, dialect, 'operation_id').notNullable();
    asciiColumn(table, dialect, 'resource', 32).notNullable();
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_kind', 32).notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    table.integer('amount').notNullable();
    asciiColumn(table, dialect, 'state', 16).notNullable().comment('held, kept, released');
    table.primary(['operation_id', 'resource']);
  });
};
