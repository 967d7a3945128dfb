import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** What all replicas together have let through, for each key and address that calls often. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('rate_counters')) return;
  await db.schema.createTable('rate_counters', (table) => {
    asciiColumn(table, dialect, 'id', 80).primary().comment('`key:`, `address:` or `refused:`, and whose');
    table.bigInteger('taken').notNullable().comment('Only ever grows; replicas compare it with what it was before');
    table.bigInteger('touched_at').notNullable().index().comment('Rows that nobody touches are deleted after an hour');
  });
};
