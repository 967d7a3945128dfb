import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { connectDatabase } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/database.ts';
import { migrate } from '../../src/database/migrate.ts';
import { randomText } from '../../src/kit/ids.ts';
import type { Log } from '../../src/kit/log.ts';
import { collectQueries, isCollecting } from './asked.ts';

export interface OpenOptions {
  /** Milliseconds that the database's clock is ahead. */
  clockOffset?: () => number;
  /** Whether to run the project's migrations. @default true */
  migrate?: boolean;
}

/** A database of its own for one test or one suite. */
export interface TestDatabase {
  db: Database;
  /** For a second connection, e.g. from another process. */
  url: string;
  /** Closes and deletes it. */
  drop(): Promise<void>;
}

export interface TestDatabases {
  name: 'sqlite' | 'mariadb';
  open(options?: OpenOptions): Promise<TestDatabase>;
}

const migrations = new URL('../../migrations/', import.meta.url);
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const connect = async (url: string, remove: () => Promise<void>, options: OpenOptions): Promise<TestDatabase> => {
  const { clockOffset } = options;
  const db = connectDatabase({ url, log: quiet, ...(clockOffset ? { clockOffset } : {}) });
  const keepQueries = collectQueries(db);
  const drop = async () => {
    await db.close();
    await keepQueries();
    await remove();
  };
  try {
    if (options.migrate ?? true) await migrate(db, { directory: migrations, log: quiet });
  } catch (error) {
    await drop();
    throw error;
  }
  return { db, url, drop };
};

const sqlite: TestDatabases = {
  name: 'sqlite',
  open: async (options = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'provisor-sqlite-'));
    const remove = () => rm(folder, { recursive: true, force: true });
    return connect(`sqlite:${join(folder, 'test.db')}`, remove, options);
  },
};

/** `server` is a mysql: URL whose database part is not used. */
const mariadb = (server: string): TestDatabases => ({
  name: 'mariadb',
  open: async (options = {}) => {
    const name = `t_${randomText(16)}`;
    const run = async (sql: string) => {
      const url = new URL(server);
      url.pathname = '/';
      const connection = await createConnection(url.href);
      await connection.query(sql).finally(() => connection.destroy());
    };
    await run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    return connect(url.href, () => run(`DROP DATABASE IF EXISTS ${name}`), options);
  },
});

const server = process.env.PROVISOR_TEST_MYSQL_URL;

/**
 * What a test of anything that stores runs on: SQLite always, MariaDB when `test/run.ts` has started one.
 * `for (const database of databases) describe(database.name, () => …)`
 */
export const databases: readonly TestDatabases[] = server
  ? // Queries are collected for the plans of MariaDB.
    [...(isCollecting ? [] : [sqlite]), mariadb(server)]
  : [sqlite];
