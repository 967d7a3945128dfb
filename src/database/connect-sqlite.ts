import { isAbsolute } from 'node:path';
import knex, { type Knex } from 'knex';
import { NodeSqliteClient } from './node-sqlite-dialect.ts';

/** knex on the file of `sqlite:<absolute path>`. The file is opened, and created, by the first query. */
export const connectSqlite = (url: string, log: Knex.Config['log']): Knex => {
  const filename = url.slice('sqlite:'.length);
  if (!isAbsolute(filename)) throw new Error('A SQLite database is given as sqlite:<absolute path>');
  return knex({
    client: NodeSqliteClient,
    connection: { filename },
    // One connection: SQLite has one writer, and readers beside it would see the past.
    pool: { min: 1, max: 1 },
    acquireConnectionTimeout: 10_000,
    useNullAsDefault: true,
    compileSqlOnError: false, // the values of a query do not belong in an error's message
    log,
  });
};
