import type { Knex } from 'knex';
import { type Dialect, idColumn } from '../src/database/columns.ts';

/** How many unknown support keys each panel has asked about lately. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('support_guesses')) return;
  await db.schema.createTable('support_guesses', (table) => {
    idColumn(table, dialect, 'panel_id').primary();
    table.bigInteger('began_at').notNullable().comment('When the minute that is counted began');
    table.integer('guesses').notNullable();
  });
};
