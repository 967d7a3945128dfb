/** Backups of sites, as handlers and the compat tables see them. */
import type { Database, Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import { findActive } from '../../operations/operation-store.ts';
import { type Quota, readQuotas } from '../../operations/quota.ts';
import { markAllGone } from '../../operations/step-store.ts';
import type { ComputeProvider } from '../../ports/compute.ts';
import { askProvider } from '../sites/ask-provider.ts';
import type { Changed, Wish } from '../sites/change-site.ts';
import { initialName } from '../sites/outside.ts';
import { computeRef, type Site, type SiteRef } from '../sites/site.ts';
import type { Sites } from '../sites/sites.ts';
import { type Backup, dayOf, safetyName } from './backup.ts';
import * as store from './backup-store.ts';
import { type BackupOperations, type BackupParams, type OnBackup, snapshotKind } from './steps.ts';

const quotaName = 'backups';
const listTimeoutMs = 5_000;
/** For a look that only makes a refusal come sooner. */
const glanceMs = 1_000;

/** A backup, held against what the provider has. */
export interface ListedBackup extends Omit<Backup, 'state'> {
  state: Backup['state'] | 'missing';
  bytes: number | null;
}

export interface BackupList {
  site: Site;
  backups: ListedBackup[];
  quota: { used: number; limit: number };
  /** Whether the provider was asked, and answered. */
  verified: boolean;
}

export interface BackupDeps {
  db: Database;
  sites: Sites;
  compute: ComputeProvider;
  definitions: BackupOperations;
  /** IANA name of the zone in which backups get their day. */
  timeZone: string;
}

const notThere = (name: string) => new AppError('not_found', 'not_found', `There is no backup "${name}".`);

export const createBackups = ({ db, sites, compute, definitions, timeZone }: BackupDeps) => {
  const requireSnapshots = (): void => {
    if (compute.capabilities.snapshots) return;
    throw new AppError('conflict', 'not_supported', 'Sites on this infrastructure have no backups.');
  };

  /** Makes a new name, and takes a unit of the quota or the place of the oldest. */
  const wishNew = async (
    tx: Tx,
    site: Site,
    whenFull: 'refuse' | 'replace_oldest',
  ): Promise<Wish<OnBackup, BackupParams>> => {
    const at = await db.now(tx);
    const quota = (await readQuotas(tx, site.key)).find(({ resource }) => resource === quotaName);
    const isFull = quota !== undefined && quota.used >= quota.limit;
    const oldest =
      isFull && whenFull === 'replace_oldest'
        ? (await store.listBackups(tx, site.id)).filter(({ state }) => state === 'ready').at(-1)
        : undefined;
    const name = await store.insertBackup(tx, {
      site: site.id,
      panelId: site.key.panelId,
      day: dayOf(at, timeZone),
      at,
    });
    if (oldest) await store.setState(tx, site.id, oldest.name, 'deleting');
    const definition = definitions.create;
    return oldest
      ? { definition, params: { name, replaces: oldest.name } }
      : { definition, params: { name }, holds: { [quotaName]: 1 } };
  };

  const nameOf = (operation: Operation | null): string => (operation?.params as BackupParams | undefined)?.name ?? '';

  /** The backup that an operation is about. */
  const backupOf = async (site: Site, name: string): Promise<Backup> => {
    const backup = await store.findBackup(db.knex, site.id, name);
    if (!backup) throw notThere(name);
    return backup;
  };

  return {
    /** Errors: `quota_exceeded` with the figures, `not_supported`, what the state table refuses. */
    create: async (
      caller: Caller,
      ref: SiteRef,
      whenFull: 'refuse' | 'replace_oldest' = 'refuse',
    ): Promise<Changed & { backup: Backup }> => {
      requireSnapshots();
      const changed = await sites.change(caller, ref, 'backup', (tx, site) => wishNew(tx, site, whenFull));
      return { ...changed, backup: await backupOf(changed.site, nameOf(changed.operation)) };
    },

    /** Errors: `not_found`; `backup_protected` for the reset point and the safety copy. */
    remove: async (caller: Caller, ref: SiteRef, name: string): Promise<Changed & { backup: Backup }> => {
      if (name === initialName || name === safetyName) {
        const what = name === initialName ? 'what a reset goes back to' : 'what the last rollback has replaced';
        throw new AppError(
          'conflict',
          'backup_protected',
          `"${name}" cannot be deleted: it is ${what}, and takes up no room of your backups.`,
        );
      }
      const changed = await sites.change(caller, ref, 'backup', async (tx, site) => {
        const backup = await store.findBackup(tx, site.id, name);
        if (!backup || backup.state === 'deleted') throw notThere(name);
        return { definition: definitions.remove, params: { name } };
      });
      return { ...changed, backup: await backupOf(changed.site, name) };
    },

    /** Puts a site back. Errors: `not_found` when there is no such backup, or it is not whole. */
    rollback: async (caller: Caller, ref: SiteRef, name: string): Promise<Changed> => {
      requireSnapshots();
      const before = await sites.get(caller, ref);
      // What is under way may be about to make the copy; then there is nothing to be learned here.
      const isAtRest = (await findActive(db.knex, before.key)).active === null;
      const there = isAtRest ? await snapshotsOf(before, glanceMs) : null;
      return sites.change(caller, ref, 'rollback', async (tx, site) => {
        if (name !== initialName && name !== safetyName) {
          const backup = await store.findBackup(tx, site.id, name);
          if (backup?.state !== 'ready') throw notThere(name);
        }
        if (there !== null && !there.has(name)) throw notThere(name);
        return { definition: definitions.rollback, params: { name } };
      });
    },

    list: async (caller: Pick<Caller, 'panelId'>, ref: SiteRef): Promise<BackupList> => {
      const site = await sites.get(caller, ref);
      const backups = await store.listBackups(db.knex, site.id);
      const quota: Quota | undefined = (await sites.quotas(site)).find(({ resource }) => resource === quotaName);
      const there = await snapshotsOf(site, listTimeoutMs);
      return {
        site,
        backups: backups.map((backup) => {
          const found = there?.get(backup.name);
          const isMissing = there !== null && backup.state === 'ready' && !found;
          return { ...backup, state: isMissing ? 'missing' : backup.state, bytes: found?.bytes ?? null };
        }),
        quota: { used: quota?.used ?? 0, limit: quota?.limit ?? 0 },
        verified: there !== null,
      };
    },

    get: backupOf,
  };

  /** What the provider has of a site. Null when it does not answer. */
  async function snapshotsOf(site: Site, timeoutMs: number): Promise<Map<string, { bytes?: number }> | null> {
    if (site.vmid === null || !compute.capabilities.snapshots) return new Map();
    try {
      const found = await askProvider((signal) => compute.listSnapshots(computeRef(site), signal), timeoutMs);
      return new Map(found.map((each) => [each.name, each]));
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }
};

export type Backups = ReturnType<typeof createBackups>;

/** A site is gone, and its backups with it. In the transaction that says so. */
export const forgetBackups = async (tx: Tx, site: Site, at: number): Promise<void> => {
  await store.markAllDeleted(tx, site.id, at);
  await markAllGone(tx, site.key, snapshotKind, at);
};
