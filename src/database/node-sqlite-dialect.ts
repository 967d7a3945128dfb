/**
 * knex on Node's own `node:sqlite`, so that nothing native is compiled. SQL is
 * made by knex's SQLite dialect; only the talking to the driver is ours.
 */
import BetterSqlite3Client, { type DriverQuery } from 'knex/lib/dialects/better-sqlite3/index.js';
import SqliteTransaction from 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js';
import { checkBindings } from './bindings.ts';
import { openSqlite, type SqliteConnection } from './node-sqlite-connection.ts';
import type { Words } from './statement.ts';

class ImmediateTransaction extends SqliteTransaction {
  // A transaction that starts as a reader fails without remedy when it wants to
  // write and another process was first. This one waits its turn at the start.
  override begin(connection: unknown): Promise<unknown> {
    return this.query(connection, 'BEGIN IMMEDIATE');
  }
}

const words: Words = {
  now: "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)",
  // A transaction holds the whole file from its start.
  forUpdate: '',
  orSet: (key, columns) =>
    `on conflict (${key.join(', ')}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  updateTelling: ({ table, set, where, tells }) =>
    `update ${table} set ${set} where ${where} returning ${tells} as told`,
};

/** A knex client over `node:sqlite`. Its `connection.filename` is the path of the file. */
export class NodeSqliteClient extends BetterSqlite3Client {
  /** For `statement`. */
  get words(): Words {
    return words;
  }

  /** For `statement`. */
  readTold([row]: { told: number }[]): number | null {
    return row?.told ?? null;
  }

  _driver(): object {
    return {};
  }

  override acquireRawConnection(): Promise<SqliteConnection> {
    return openSqlite((this.connectionSettings as { filename: string }).filename);
  }

  override async destroyRawConnection(connection: SqliteConnection): Promise<void> {
    connection.close();
  }

  override async validateConnection(connection: SqliteConnection): Promise<boolean> {
    return connection.isOpen();
  }

  override releaseConnection(connection: SqliteConnection): Promise<void> {
    connection.endTransaction();
    return super.releaseConnection(connection);
  }

  override transaction(...args: unknown[]): never {
    // knex's type says that this returns the object handed to the work; it is the machinery behind it.
    return new ImmediateTransaction(this, ...args) as never;
  }

  override prepBindings(bindings: readonly unknown[] | undefined): unknown[] {
    return checkBindings(bindings ?? []);
  }

  override async _query(connection: SqliteConnection, query: DriverQuery): Promise<DriverQuery> {
    const result = await connection.run(query.sql, query.bindings ?? []);
    if (result.rows) query.response = result.rows;
    else query.context = { lastID: result.lastID, changes: result.changes };
    return query;
  }
}
