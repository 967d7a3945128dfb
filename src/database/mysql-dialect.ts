/**
 * knex on mysql2, with connections that are checked before they are handed out
 * and errors that carry no values.
 */
import type { DriverQuery } from 'knex/lib/dialects/better-sqlite3/index.js';
import Mysql2Client from 'knex/lib/dialects/mysql2/index.js';
import MysqlTransaction from 'knex/lib/dialects/mysql2/transaction.js';
import mysql2, { type Connection, type ResultSetHeader } from 'mysql2';
import { checkBindings } from './bindings.ts';
import { isConflict } from './errors.ts';
import { WholeTableCompiler } from './mysql-table-compiler.ts';
import type { Words } from './statement.ts';

interface PooledConnection extends Connection {
  stream: { destroy(): void; destroyed: boolean };
  __knex__disposed?: unknown;
}

const unheardMs = 10_000;
const pingTimeoutMs = 2000;

// Longer than the lock wait (10 s) and Galera's causal read wait (30 s). Only
// for these: changing a large table may rightly take longer.
const statementTimeoutMs = 60_000;
const timedStatement = /^\s*(select|insert|update|delete|replace|begin|commit|rollback|savepoint|release)\b/i;

const lastUsed = new WeakMap<object, number>();

const answers = (connection: PooledConnection): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), pingTimeoutMs);
    connection.ping((error) => {
      clearTimeout(timer);
      resolve(!error);
    });
  });

// A getter of mysql2 that goes through the module loader each time.
const { TypedParameter } = mysql2;

// Left to itself mysql2 sends every number as a floating one, which LIMIT refuses.
const asParameter = (value: unknown) => (Number.isInteger(value) ? TypedParameter.BIGINT(value as number) : value);

/** As the driver's query, by a prepared statement that the connection keeps. */
const execute = (connection: Connection, query: DriverQuery): Promise<DriverQuery> =>
  new Promise((resolve, reject) => {
    const values = (query.bindings ?? []).map(asParameter) as never[];
    connection.execute(query.sql, values, (error, rows, fields) => {
      if (error) return reject(error);
      query.response = [rows, fields];
      resolve(query);
    });
  });

const words: Words = {
  now: 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)',
  forUpdate: 'for update',
  // MySQL would rather have an alias for the new row, which MariaDB does not know.
  orSet: (_key, columns) =>
    `on duplicate key update ${columns.map((column) => `${column} = values(${column})`).join(', ')}`,
  // The number comes back with the count of the rows, as that of a row with AUTO_INCREMENT would. Both servers document
  // that for a counter in SET; here it stands last in WHERE, so that no column has to take the number.
  updateTelling: ({ table, set, where, tells }) =>
    `update ${table} set ${set} where ${where} and last_insert_id(${tells}) is not null`,
};

const withoutAutocommit = new WeakSet<object>();

/** The first statement on this connection, and the first after a COMMIT or ROLLBACK, begins a transaction from now on. */
export const endAutocommit = async (connection: Connection): Promise<void> => {
  await connection.promise().query('SET SESSION autocommit = 0');
  withoutAutocommit.add(connection);
};

class MysqlTransactionUnderWay extends MysqlTransaction {
  /** Nothing need be sent where the next statement begins one by itself. */
  override async begin(connection: object): Promise<unknown> {
    return withoutAutocommit.has(connection) ? undefined : super.begin(connection);
  }
}

/** A knex client over mysql2. */
export class MysqlClient extends Mysql2Client {
  /** For `statement`. */
  get words(): Words {
    return words;
  }

  /** For `statement`. */
  readTold({ affectedRows, insertId }: ResultSetHeader): number | null | undefined {
    return affectedRows === 0 ? null : insertId || undefined;
  }

  override async validateConnection(connection: PooledConnection): Promise<boolean> {
    if (!super.validateConnection(connection)) return false;
    // A server that vanished without a word, e.g. in a failover, leaves a connection that looks well.
    const used = lastUsed.get(connection);
    return used === undefined || performance.now() - used < unheardMs || answers(connection);
  }

  override releaseConnection(connection: PooledConnection): Promise<void> {
    lastUsed.set(connection, performance.now());
    return super.releaseConnection(connection);
  }

  override async destroyRawConnection(connection: PooledConnection): Promise<void> {
    const usable = !connection.__knex__disposed && super.validateConnection(connection);
    // Saying goodbye to a broken connection may wait for ever.
    if (usable) return super.destroyRawConnection(connection);
    connection.destroy();
    connection.stream.destroy();
  }

  override transaction(...args: unknown[]): never {
    // knex's type says that this returns the object handed to the work; it is the machinery behind it.
    return new MysqlTransactionUnderWay(this, ...args) as never;
  }

  override tableCompiler(tableBuilder: unknown): WholeTableCompiler {
    return new WholeTableCompiler(this, tableBuilder);
  }

  override prepBindings(bindings: readonly unknown[] | undefined): unknown[] {
    return checkBindings(bindings ?? []);
  }

  override async _query(connection: PooledConnection, query: DriverQuery): Promise<DriverQuery> {
    // Ends as a lost connection. mysql2's own time-out would leave it in use, with the late answer on its way.
    const timer = timedStatement.test(query.sql)
      ? setTimeout(() => connection.stream.destroy(), statementTimeoutMs)
      : undefined;
    try {
      return await (query.isPrepared ? execute(connection, query) : super._query(connection, query));
    } catch (error) {
      const failure = error as { sql?: unknown };
      // mysql2 puts the whole statement with its values on the error, and so into the log.
      if ('sql' in failure) failure.sql = query.sql;
      // An open transaction would become that of the connection's next user.
      if (/^(commit|rollback)\b/i.test(query.sql) && !isConflict(error)) connection.__knex__disposed ??= error;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
