import type { Knex } from 'knex';
import type { Database } from './database.ts';

export type Dialect = Database['dialect'];

/**
 * Column types that mean the same on both databases. Migrations use them, so
 * what they produce never changes; a new need is a new function.
 */

/** Text compared byte by byte: ids, keys, hashes, names from a fixed alphabet. */
export const asciiColumn = (table: Knex.CreateTableBuilder, dialect: Dialect, name: string, length: number) =>
  dialect === 'mysql'
    ? table.specificType(name, `varchar(${length}) character set ascii collate ascii_bin`)
    : table.string(name, length);

/** A ULID made in code. */
export const idColumn = (table: Knex.CreateTableBuilder, dialect: Dialect, name: string) =>
  dialect === 'mysql'
    ? table.specificType(name, 'char(26) character set ascii collate ascii_bin')
    : table.string(name, 26);

/** Text of any length, e.g. JSON that the code parses. */
export const longTextColumn = (table: Knex.CreateTableBuilder, name: string) => table.text(name, 'mediumtext');
