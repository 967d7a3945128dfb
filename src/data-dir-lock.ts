/**
 * One server for each data directory, and for each SQLite database. A lock is an
 * open SQLite transaction: the operating system ends it with the process, however
 * that ends, so it is never stale.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const busy = 5;

const lockFile = (file: string, sentence: string): { release(): void } => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(file);
  try {
    lock.exec('PRAGMA busy_timeout = 0');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    throw new Error(sentence);
  }
  return { release: () => lock.close() };
};

/** Errors: a sentence, when another server has the directory. */
export const lockDataDir = (dataDir: string): { release(): void } =>
  lockFile(
    join(dataDir, 'server.lock'),
    `Another Provisor is running on ${dataDir}. Stop it, or set PROVISOR_DATA_DIR to another directory.`,
  );

/** `url` is a `sqlite:` URL. Errors: a sentence, when another server has the database. */
export const lockSqlite = (url: string): { release(): void } => {
  const file = url.slice('sqlite:'.length);
  return lockFile(
    `${file}.server.lock`,
    `Another Provisor is running on the database ${file}. Stop it, or set DATABASE_URL to another.`,
  );
};
