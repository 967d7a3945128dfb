import type { Queries, Tx } from '../../database/database.ts';
import { int } from '../../database/rows.ts';
import { type Backup, backupName } from './backup.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decode = (row: any): Backup => ({
  site: row.site,
  name: row.name,
  state: row.state,
  createdAt: int(row.created_at),
});

/** Newest first, without those that are gone. */
export const listBackups = async (queries: Queries, site: string): Promise<Backup[]> =>
  (
    await queries('backups')
      .where({ site })
      .whereNull('deleted_at')
      .orderBy('created_at', 'desc')
      .orderBy('number', 'desc')
  ).map(decode);

export const findBackup = async (queries: Queries, site: string, name: string): Promise<Backup | null> => {
  const row = await queries('backups').where({ site, name }).first();
  return row ? decode(row) : null;
};

/**
 * Writes down a backup that is about to be made, under the next number of its
 * day; a number is never given twice, so a name always means one copy. Errors: a
 * unique violation when two do so at once; run the transaction again.
 */
export const insertBackup = async (
  tx: Tx,
  backup: { site: string; panelId: string; day: string; at: number },
): Promise<string> => {
  const last = await tx('backups').where({ site: backup.site, day: backup.day }).max({ number: 'number' }).first();
  const number = (last?.number === null || last?.number === undefined ? 0 : int(last.number)) + 1;
  const name = backupName(backup.day, number);
  await tx('backups').insert({
    site: backup.site,
    name,
    panel_id: backup.panelId,
    day: backup.day,
    number,
    state: 'creating',
    created_at: backup.at,
  });
  return name;
};

export const setState = async (
  tx: Tx,
  site: string,
  name: string,
  state: 'creating' | 'ready' | 'deleting',
): Promise<void> => {
  await tx('backups').where({ site, name }).update({ state });
};

/** True for the one that made it so. */
export const markDeleted = async (tx: Tx, site: string, name: string, at: number): Promise<boolean> =>
  (await tx('backups').where({ site, name }).whereNull('deleted_at').update({ state: 'deleted', deleted_at: at })) ===
  1;

export const markAllDeleted = async (tx: Tx, site: string, at: number): Promise<void> => {
  await tx('backups').where({ site }).whereNull('deleted_at').update({ state: 'deleted', deleted_at: at });
};
