import { chmodSync, linkSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { randomText } from '../kit/ids.ts';

/**
 * Writes the SQLite database as it is at one moment into a new file that only its
 * owner may read, also while a server works on it. Errors: EEXIST when the file is
 * there already, which stays as it is; nothing is left of a copy that failed.
 */
export const backUpSqlite = async (databaseFile: string, target: string): Promise<void> => {
  const draft = `${target}.${randomText(8)}.part`;
  const source = new DatabaseSync(databaseFile, { readOnly: true, timeout: 5_000 });
  try {
    await backup(source, draft);
    chmodSync(draft, 0o600);
    // A link is never made over a file that is there, and is there whole or not at all.
    linkSync(draft, target);
  } finally {
    source.close();
    rmSync(draft, { force: true });
  }
};
