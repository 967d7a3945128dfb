import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { isBusy } from './errors.ts';

/** What one statement gave: rows of a reader, or what a writer changed. */
export type SqliteResult = { rows: object[] } | { rows: null; changes: number; lastID: number | bigint };

/** One open SQLite file. */
export interface SqliteConnection {
  run(sql: string, bindings: readonly unknown[]): Promise<SqliteResult>;
  /** Rolls back what a failed COMMIT or ROLLBACK left open. */
  endTransaction(): void;
  isOpen(): boolean;
  close(): void;
}

const busyTimeoutMs = 5000;
const cachedStatements = 256;

// node:sqlite blocks the whole process while SQLite's own busy handler sleeps,
// and with it perhaps the very transaction that it waits for. So SQLite answers
// BUSY at once and the waiting is done here. A statement that was answered BUSY
// did nothing.
const whileBusy = async <T>(attempt: () => T): Promise<T> => {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await wait(1 + Math.random() * 19);
  }
};

const createPrivately = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    // Only ever a new file: closing a descriptor of an open database would drop this process's locks on it.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

interface Prepared {
  statement: StatementSync;
  isReader: boolean;
}

const prepare = (db: DatabaseSync, sql: string): Prepared => {
  const statement = db.prepare(sql);
  // SQLite compiles the first statement and leaves the rest unread; MySQL refuses two.
  const rest = sql.trim().slice(statement.sourceSQL.trim().length);
  if (/[^\s;]/.test(rest.replace(/--.*$|\/\*[\s\S]*?\*\//gm, '')))
    throw new Error('A query may hold one SQL statement only');
  return { statement, isReader: statement.columns().length > 0 };
};

const fromSqlite = (value: unknown): unknown => {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
};

// SQLite's own rows have no prototype, which deepEqual takes for a difference.
const toRow = (source: Record<string, unknown>): object => {
  const row: Record<string, unknown> = {};
  for (const column of Object.keys(source)) row[column] = fromSqlite(source[column]);
  return row;
};

// A number is bound as a REAL, and 5 would be read back as 5.0 from a text column.
const toSqlite = (value: unknown): SQLInputValue =>
  Number.isSafeInteger(value) ? BigInt(value as number) : (value as SQLInputValue);

/**
 * Opens, or creates with mode 0600, the file at `path`.
 *
 * @throws SQLITE_CANTOPEN and the like, which `isDatabaseDown` knows.
 */
export const openSqlite = async (path: string): Promise<SqliteConnection> => {
  createPrivately(path);
  const db = new DatabaseSync(path, { timeout: 0, readBigInts: true, enableForeignKeyConstraints: true });
  try {
    // FULL: an operation that was answered as accepted must outlive a power loss.
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) {
      await whileBusy(() => db.exec(`PRAGMA ${pragma}`));
    }
  } catch (error) {
    db.close();
    throw error;
  }

  // Statements are run to their end before anything else can use them, so one
  // of each is enough. SQLite compiles them anew itself when the schema changes.
  const cache = new Map<string, Prepared>();
  const prepared = (sql: string): Prepared => {
    const found = cache.get(sql) ?? prepare(db, sql);
    cache.delete(sql);
    cache.set(sql, found);
    if (cache.size > cachedStatements) cache.delete(cache.keys().next().value as string);
    return found;
  };

  return {
    run: (sql, bindings) => {
      const values = bindings.map(toSqlite);
      return whileBusy(() => {
        const { statement, isReader } = prepared(sql);
        if (isReader) return { rows: statement.all(...values).map(toRow) };
        const { changes, lastInsertRowid } = statement.run(...values);
        return { rows: null, changes: Number(changes), lastID: fromSqlite(lastInsertRowid) as number | bigint };
      });
    },
    endTransaction: () => {
      if (db.isOpen && db.isTransaction) db.exec('ROLLBACK');
    },
    isOpen: () => db.isOpen,
    close: () => {
      cache.clear();
      if (db.isOpen) db.close();
    },
  };
};
