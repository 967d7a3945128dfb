import type { Knex } from 'knex';
import type { Dialect } from '../src/database/columns.ts';
import { hasIndex } from '../src/database/indexes.ts';

/** Who did one thing, in the order of its pages, however much else was done. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await hasIndex(db, dialect, 'audit', 'audit_by_action')) return;
  await db.schema.alterTable('audit', (table) => {
    table.index(['panel_id', 'action', 'at', 'chain', 'seq'], 'audit_by_action');
  });
};
