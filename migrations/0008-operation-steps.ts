import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** What each step of an operation did, in both directions. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('operation_steps')) return;
  await db.schema.createTable('operation_steps', (table) => {
    idColumn(table, dialect, 'operation_id').notNullable();
    table.integer('seq').notNullable();
    asciiColumn(table, dialect, 'direction', 8).notNullable().comment('do or undo');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'name', 64).notNullable();
    asciiColumn(table, dialect, 'state', 8).notNullable().comment('begun or done');
    table.bigInteger('fence').notNullable();
    longTextColumn(table, 'output').nullable().comment('JSON that later steps may read');
    longTextColumn(table, 'error').nullable().comment('What went wrong last, for the operator');
    table.bigInteger('began_at').notNullable();
    table.bigInteger('ended_at').nullable();
    table.primary(['operation_id', 'seq', 'direction']);
  });
};
