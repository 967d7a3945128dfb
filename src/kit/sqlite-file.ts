import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * One SQLite file that several processes of ours share: opened at the first
 * use, write-ahead logged so that readers never wait for the one writer.
 */
export interface SqliteFile {
  /** The open database; opens it, and creates what is missing, when it is not. */
  open(): DatabaseSync;
  /** Runs `work` in one transaction that holds the write lock from its start. */
  transaction<Result>(work: (database: DatabaseSync) => Result): Result;
  close(): void;
}

const busy = 5;

// Turning on the write-ahead log needs the file to oneself for a moment, and
// SQLite does not always use its own busy timeout there.
const useWriteAheadLog = (database: DatabaseSync): void => {
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (attempt === 100 || (error as { errcode?: number }).errcode !== busy) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
};

/** `schema` must be harmless to run again. */
export const createSqliteFile = (path: string, schema: string): SqliteFile => {
  let database: DatabaseSync | undefined;

  const open = (): DatabaseSync => {
    if (database) return database;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const opened = new DatabaseSync(path, { timeout: 5_000 });
    try {
      useWriteAheadLog(opened);
      opened.exec(schema);
    } catch (error) {
      opened.close();
      throw error;
    }
    database = opened;
    return opened;
  };

  return {
    open,
    transaction: (work) => {
      const opened = open();
      opened.exec('BEGIN IMMEDIATE');
      try {
        const result = work(opened);
        opened.exec('COMMIT');
        return result;
      } catch (error) {
        if (opened.isTransaction) opened.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => {
      database?.close();
      database = undefined;
    },
  };
};
