import type { Knex } from 'knex';
import type { Dialect } from '../src/database/columns.ts';
import { hasIndex } from '../src/database/indexes.ts';

/** What one key did, in the order of its pages, however much all others did. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await hasIndex(db, dialect, 'audit', 'audit_by_actor')) return;
  await db.schema.alterTable('audit', (table) => {
    table.index(['panel_id', 'actor', 'at', 'chain', 'seq'], 'audit_by_actor');
  });
};
