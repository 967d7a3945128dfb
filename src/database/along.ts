import type { Knex } from 'knex';
import type { Queries } from './database.ts';

/**
 * A table that is to be read along one index: for a page that goes on from a cursor. MySQL and MariaDB guess whether the
 * rows of others between two of a page are few, and may go through all of them. SQLite takes the index that fits.
 */
export const along = (queries: Queries, table: string, index: string): Knex.QueryBuilder =>
  queries.client.dialect === 'mysql' ? queries(queries.raw('?? force index (??)', [table, index])) : queries(table);
