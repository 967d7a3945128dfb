import type { Knex } from 'knex';
import type { Dialect } from '../src/database/columns.ts';
import { hasIndex } from '../src/database/indexes.ts';

/** The few that failed are found among the many that were delivered. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await hasIndex(db, dialect, 'deliveries', 'deliveries_by_state')) return;
  await db.schema.alterTable('deliveries', (table) => {
    table.index(['target', 'state', 'id'], 'deliveries_by_state');
  });
};
