import { promisify } from 'node:util';
import knex, { type Knex } from 'knex';
import type { Connection } from 'mysql2';
import { endAutocommit, MysqlClient } from './mysql-dialect.ts';

// Named in full so that every server behaves alike. NO_BACKSLASH_ESCAPES must
// stay off: mysql2 escapes values with backslashes.
const sqlMode = [
  'STRICT_ALL_TABLES',
  'ONLY_FULL_GROUP_BY',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_ENGINE_SUBSTITUTION',
].join();

// Without index_merge_intersection: where two short indexes fit and one long one does too, it would read many rows of
// both and sort what is left, in place of some rows of the long one in their order.
const session = `SET SESSION sql_mode = '${sqlMode}', time_zone = '+00:00', innodb_lock_wait_timeout = 10,
  optimizer_switch = 'index_merge_intersection=off'`;

// MariaDB caps what it takes reading by the first columns of an index to cost. With the cap, a page that goes on from a
// cursor is read from the first page on; without it, from the cursor. Servers without this variable are older, or weigh
// otherwise.
const weighing = `SET SESSION optimizer_adjust_secondary_key_costs =
  CONCAT_WS(',', NULLIF(@@optimizer_adjust_secondary_key_costs, ''), 'disable_max_seek')`;

// On Galera, wait until this node has applied what the others have committed,
// before reads (1), updates and deletes (2) and inserts (4): a compare-and-swap
// against an old row would be taken for lost.
const withSyncWait = `${session}, wsrep_sync_wait = 7`;

const unknownVariable = 1193;

const parse = (text: string) => {
  const url = new URL(text);
  const database = decodeURIComponent(url.pathname.slice(1));
  const tls = url.searchParams.get('tls') ?? 'false';
  const strange = [...url.searchParams.keys()].find((key) => key !== 'tls');
  // The URL itself stays out of the message, for it holds a password.
  if (!database) throw new Error('A MySQL database is given as mysql://user:password@host:port/database');
  if (strange !== undefined) throw new Error(`The MySQL URL has an unknown parameter: ${strange}`);
  if (tls !== 'true' && tls !== 'false') throw new Error('The MySQL URL may say tls=true or tls=false');
  return {
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: url.port ? Number(url.port) : 3306,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    // With TLS the server's certificate is checked; NODE_EXTRA_CA_CERTS adds a private authority.
    ...(tls === 'true' ? { ssl: { rejectUnauthorized: true, minVersion: 'TLSv1.2' } } : {}),
  };
};

/** Makes every session alike. */
const createPrepare = () => {
  let isCluster = true;

  return async (connection: Connection): Promise<void> => {
    const query = promisify((sql: string, done: (error: Error | null) => void) =>
      connection.query(sql, (error) => done(error)),
    );
    // Sent behind each other without waiting; the variable has another name on every server, the statement has not.
    const isolation = query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    const variables = query(isCluster ? withSyncWait : session).catch((error) => {
      if (!isCluster || error.errno !== unknownVariable) throw error;
      isCluster = false;
      return query(session);
    });
    const weighs = query(weighing).catch(() => {});
    await Promise.all([isolation, variables, weighs]);
  };
};

/**
 * knex on `mysql://user:password@host:port/database`, with `?tls=true` over TLS. Connects at the first query.
 * User, password and database are percent-encoded.
 *
 * The connections of `transacting` are for transactions, and those of `knex` for all else, each `poolMax` at most. So
 * a transaction needs no turn to begin, and who waits for a lock in one holds up no reader and no heartbeat.
 */
export const connectMysql = (
  url: string,
  options: { poolMax: number; log: Knex.Config['log'] },
): { knex: Knex; transacting: Knex } => {
  const server = parse(url);
  const prepare = createPrepare();
  const connect = (ready: (connection: Connection) => Promise<void>): Knex =>
    knex({
      client: MysqlClient,
      connection: {
        ...server,
        charset: 'utf8mb4',
        timezone: 'Z',
        // Whole numbers come as numbers, and as text where a number cannot hold them exactly.
        supportBigNumbers: true,
        connectTimeout: 5000,
        // For each connection of both kinds; a server holds 16,382 in all unless told otherwise.
        maxPreparedStatements: 100,
        enableKeepAlive: true,
        keepAliveInitialDelay: 10_000,
      } as Knex.MySql2ConnectionConfig,
      pool: {
        min: 0,
        max: options.poolMax,
        createTimeoutMillis: 8000,
        afterCreate: (connection: Connection, done: (error: Error | null, connection: Connection) => void) => {
          ready(connection).then(
            () => done(null, connection),
            (error) => {
              connection.destroy();
              done(error, connection);
            },
          );
        },
      },
      acquireConnectionTimeout: 10_000,
      compileSqlOnError: false, // the values of a query do not belong in an error's message
      log: options.log,
    });
  return {
    knex: connect(prepare),
    transacting: connect(async (connection) => {
      await prepare(connection);
      await endAutocommit(connection);
    }),
  };
};
