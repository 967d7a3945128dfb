import type { Knex } from 'knex';
import type { Dialect } from '../src/database/columns.ts';
import { hasIndex } from '../src/database/indexes.ts';

/** The subscriptions of one customer, in the order of their pages. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await hasIndex(db, dialect, 'support', 'support_by_customer')) return;
  await db.schema.alterTable('support', (table) => {
    table.index(['panel_id', 'customer_id', 'service_id'], 'support_by_customer');
  });
};
