import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Every outside object that may be ours. The row is written before the call that makes the object. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('resources')) return;
  await db.schema.createTable('resources', (table) => {
    asciiColumn(table, dialect, 'kind', 32).notNullable();
    asciiColumn(table, dialect, 'name', 160).notNullable();
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_kind', 32).notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    idColumn(table, dialect, 'operation_id').notNullable().comment('The operation that last touched it');
    asciiColumn(table, dialect, 'external_id', 191).nullable();
    asciiColumn(table, dialect, 'state', 16).notNullable().comment('intent, present, deleting, gone');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('updated_at').notNullable();
    table.primary(['kind', 'name']);
    table.index(['panel_id', 'service_kind', 'service_id']);
    table.index(['operation_id']);
  });
};
