import type { Knex } from 'knex';
import type { Queries } from './database.ts';

const namesIndexes = (queries: Queries): boolean => queries.client.dialect === 'mysql';

/**
 * A table that is to be read along one index: for a page that goes on from a cursor. MySQL and MariaDB guess whether the
 * rows of others between two of a page are few, and may go through all of them. SQLite takes the index that fits.
 */
export const along = (queries: Queries, table: string, index: string): Knex.QueryBuilder =>
  namesIndexes(queries) ? queries(queries.raw('?? force index (??)', [table, index])) : queries(table);

/** The same in a statement that is written out. */
export const alongText = (queries: Queries, table: string, index: string): string =>
  namesIndexes(queries) ? `${table} force index (${index})` : table;
