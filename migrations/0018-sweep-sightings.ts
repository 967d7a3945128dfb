import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** Outside objects that no row knows, and since when they have been seen. An entry goes when its object does. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('sweep_sightings')) return;
  await db.schema.createTable('sweep_sightings', (table) => {
    asciiColumn(table, dialect, 'kind', 32).notNullable();
    asciiColumn(table, dialect, 'name', 160).notNullable();
    table.bigInteger('first_seen_at').notNullable();
    table.bigInteger('last_seen_at').notNullable();
    table.integer('times').notNullable().comment('Sweeps that saw it, the first included');
    table.primary(['kind', 'name']);
  });
};
