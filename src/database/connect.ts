import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import { type Clock, systemClock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { noTelemetry, type Telemetry } from '../kit/telemetry.ts';
import { connectSqlite } from './connect-sqlite.ts';
import type { Database, Queries } from './database.ts';
import { markDatabaseError } from './errors.ts';
import { guardConnections } from './inside-transaction.ts';
import { int } from './rows.ts';
import { statement } from './statement.ts';
import { transactions } from './transaction.ts';

export interface ConnectOptions {
  /** `sqlite:<absolute path>` or `mysql://user:password@host:port/database`. */
  url: string;
  log: Log;
  /** @default tells nobody */
  telemetry?: Telemetry;
  clock?: Clock;
  /** Connections to MySQL at most: as many for transactions, and as many for all else. @default 10 */
  poolMax?: number;
  /** Milliseconds added to the database's clock: how tests move time. */
  clockOffset?: () => number;
}

/** The part of knex's pool that is looked at. */
interface Pool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
  max: number;
}

const knexLog = (log: Log): Knex.Config['log'] => {
  const to = (level: 'debug' | 'warn' | 'error') => (message: unknown) => {
    const text = String(message);
    // Who asked for the connection gets this error too, and tells it in its own words.
    log[text.startsWith('Acquire connection error') ? 'debug' : level]({ message: text }, 'From the query builder');
  };
  return { debug: to('debug'), warn: to('warn'), error: to('error'), deprecate: to('warn') };
};

/** Loaded only where it is used: with SQLite, the driver of MySQL would be a tenth of what the process holds. */
const loadMysql = () => createRequire(import.meta.url)('./connect-mysql.ts') as typeof import('./connect-mysql.ts');

const readNow = statement(({ now }) => `select ${now} as now`);

/** Opens the database that `url` names. Connects at the first query, so it throws only on a URL it cannot read. */
export const connectDatabase = (options: ConnectOptions): Database => {
  const { url, log, telemetry = noTelemetry, clock = systemClock, poolMax = 10, clockOffset = () => 0 } = options;
  const dialect = url.startsWith('sqlite:') ? 'sqlite' : 'mysql';
  if (dialect === 'mysql' && !url.startsWith('mysql:')) {
    throw new Error('A database URL begins with sqlite: or mysql:');
  }
  const mysql = dialect === 'mysql' ? loadMysql().connectMysql(url, { poolMax, log: knexLog(log) }) : null;
  const knex = mysql?.knex ?? connectSqlite(url, knexLog(log));
  const transacting = mysql?.transacting ?? knex;
  const all = [...new Set([knex, transacting])];
  knex.client.on('query-error', markDatabaseError);
  const scope = guardConnections(all.map(({ client }) => client));
  let closing: Promise<void> | undefined;

  const readClock = async (queries: Queries): Promise<number> => {
    // SQLite runs in this process: its clock is this machine's, and asking it costs a turn of the only connection.
    if (dialect === 'sqlite') return Date.now();
    return int((await readNow.first(queries, [])).now);
  };

  return {
    dialect,
    knex,
    transaction: transactions(knex, transacting.client, scope, { clock, log, telemetry }),
    now: async (queries) => {
      if (!queries) scope.assertOutside();
      return (await readClock(queries ?? knex)) + clockOffset();
    },
    timeOf: (told) => int(told) + clockOffset(),
    ping: async (timeoutMs = 2000) => {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = clock.after(timeoutMs, () => {
        const error = new Error(`The database did not answer within ${timeoutMs} ms`);
        error.name = 'TimeoutError';
        markDatabaseError(error);
        reject(error);
      });
      // Without a table SQLite answers from memory and never looks at its file.
      const answer = dialect === 'sqlite' ? knex.raw('PRAGMA schema_version') : knex.raw('SELECT 1');
      await Promise.race([answer, late]).finally(() => timer.cancel());
    },
    connections: () => {
      // There are none once the database was closed.
      const pools = all.flatMap(({ client }) => (client as { pool?: Pool }).pool ?? []);
      const sum = (count: (pool: Pool) => number) => pools.reduce((total, pool) => total + count(pool), 0);
      return {
        used: sum((pool) => pool.numUsed()),
        free: sum((pool) => pool.numFree()),
        waiting: sum((pool) => pool.numPendingAcquires()),
        most: sum((pool) => pool.max),
      };
    },
    close: () => {
      closing ??= Promise.all(all.map((one) => one.destroy())).then(() => {});
      return closing;
    },
  };
};
