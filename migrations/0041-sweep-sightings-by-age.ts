import type { Knex } from 'knex';
import type { Dialect } from '../src/database/columns.ts';
import { hasIndex } from '../src/database/indexes.ts';

/** What was seen first is shown first, however much was seen. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await hasIndex(db, dialect, 'sweep_sightings', 'sweep_sightings_by_age')) return;
  await db.schema.alterTable('sweep_sightings', (table) => {
    table.index(['first_seen_at', 'kind', 'name'], 'sweep_sightings_by_age');
  });
};
