import type { Knex } from 'knex';
import { type Dialect, idColumn } from '../src/database/columns.ts';

/** Who may call: a billing panel. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('panels')) return;
  await db.schema.createTable('panels', (table) => {
    idColumn(table, dialect, 'id').notNullable();
    table.string('name', 64).notNullable().comment('What the operator calls the panel');
    table.bigInteger('created_at').notNullable().comment('Epoch milliseconds, as every time here');
    table.primary(['id']);
    table.unique(['name']);
  });
};
