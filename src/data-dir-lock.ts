/**
 * One server for each data directory. The lock is an open SQLite transaction: the
 * operating system ends it with the process, however that ends, so it is never stale.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Errors: a sentence, when another server has the directory. */
export const lockDataDir = (dataDir: string): { release(): void } => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(dataDir, 'server.lock'));
  try {
    lock.exec('PRAGMA busy_timeout = 0');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new Error(
      `Another Provisor is running on ${dataDir}. Stop it, or set PROVISOR_DATA_DIR to another directory.`,
    );
  }
  return { release: () => lock.close() };
};
