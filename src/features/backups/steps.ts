/** The operations on a site's backups, step by step. */
import { z } from 'zod';
import type { Database, Tx } from '../../database/database.ts';
import { defineOperation } from '../../operations/definition.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import { returnQuota } from '../../operations/quota.ts';
import type { ComputeProvider } from '../../ports/compute.ts';
import { computeRef, outsideName, type Site } from '../sites/site.ts';
import { type OnSite, type SiteSteps, siteStep } from '../sites/site-steps.ts';
import { safetyName } from './backup.ts';
import * as store from './backup-store.ts';

const quota = 'backups';
const copyTimeoutMs = 300_000;

export const backupParams = z.object({
  name: z.string(),
  /** The one that makes room for it; its unit of the quota passes to the new one. */
  replaces: z.string().optional(),
});
export type BackupParams = z.infer<typeof backupParams>;

export const snapshotKind = 'snapshot';

const snapshotObject = (site: Site, name: string) => ({ kind: snapshotKind, name: `${outsideName(site)}/${name}` });

export interface BackupStepDeps {
  db: Database;
  compute: ComputeProvider;
  blocks: SiteSteps;
  /** What follows for a site whose data was replaced. */
  becomeActive: (tx: Tx, key: ServiceKey) => Promise<void>;
}

/** What the steps work on: the site, and the backup's object outside, which the subject has to name. */
export interface OnBackup extends OnSite {
  name: string;
  /** The backup whose place it takes. */
  replaces?: string | undefined;
}

export const backupOperations = ({ db, compute, blocks, becomeActive }: BackupStepDeps) => {
  const { siteOf, load, closeRoute, stopCompute, startCompute, openRoute, checkReachable } = blocks;

  /** A newer copy would be in the way of storage that goes back to its newest one only. */
  const keepsSafety = (): boolean => compute.capabilities.rollbackTo !== 'newest';

  const create = defineOperation<OnBackup, BackupParams>({
    kind: 'site.backup',
    params: backupParams,
    doneMessage: 'The backup is made',
    load: async (queries, key, { name, replaces }) => ({ ...(await load(queries, key)), name, replaces }),
    steps: [
      {
        name: 'copy-data',
        say: 'Copying the data of the site',
        uses: compute,
        owns: ({ site, name }) => snapshotObject(site, name),
        timeoutMs: copyTimeoutMs,
        run: ({ site, name, signal, report }) => compute.createSnapshot(computeRef(site), name, signal, report),
        undo: ({ site, name, signal }) => compute.deleteSnapshot(computeRef(site), name, signal),
      },
      {
        name: 'make-room',
        say: 'Removing the oldest backup',
        when: ({ replaces }) => replaces !== undefined,
        uses: compute,
        removes: ({ site, replaces }) => snapshotObject(site, replaces!),
        timeoutMs: copyTimeoutMs,
        run: ({ site, replaces, signal }) => compute.deleteSnapshot(computeRef(site), replaces!, signal),
      },
    ],
    done: async (tx, key, { name, replaces }) => {
      const site = await siteOf(tx, key);
      await store.setState(tx, site.id, name, 'ready');
      if (replaces !== undefined) await store.markDeleted(tx, site.id, replaces, await db.now(tx));
    },
    failed: async (tx, key, { name, replaces }) => {
      const site = await siteOf(tx, key);
      await store.markDeleted(tx, site.id, name, await db.now(tx));
      if (replaces !== undefined) await store.setState(tx, site.id, replaces, 'ready');
    },
  });

  const remove = defineOperation<OnBackup, { name: string }>({
    kind: 'site.backup-delete',
    params: z.object({ name: z.string() }),
    doneMessage: 'The backup is deleted',
    load: async (queries, key, { name }) => ({ ...(await load(queries, key)), name }),
    accepted: async (tx, key, { name }) => store.setState(tx, (await siteOf(tx, key)).id, name, 'deleting'),
    steps: [
      {
        name: 'remove-copy',
        say: 'Removing the backup',
        uses: compute,
        removes: ({ site, name }) => snapshotObject(site, name),
        timeoutMs: copyTimeoutMs,
        run: ({ site, name, signal }) => compute.deleteSnapshot(computeRef(site), name, signal),
      },
    ],
    done: async (tx, key, { name }) => {
      const site = await siteOf(tx, key);
      if (await store.markDeleted(tx, site.id, name, await db.now(tx))) await returnQuota(tx, key, quota);
    },
    // It may be half gone, so it stays counted and shown; the list says whether the provider still has it.
    failed: async (tx, key, { name }) => store.setState(tx, (await siteOf(tx, key)).id, name, 'ready'),
  });

  const rollback = defineOperation<OnSite, { name: string }>({
    kind: 'site.rollback',
    params: z.object({ name: z.string() }),
    doneMessage: keepsSafety()
      ? 'The site is as it was in the backup; how it was before is kept as "safety"'
      : 'The site is as it was in the backup',
    load,
    steps: [
      checkReachable(({ name }: { name: string }) => name),
      closeRoute('stopped'),
      stopCompute,
      siteStep('copy-aside', 'Keeping a copy of the data as it is now', {
        uses: compute,
        timeoutMs: copyTimeoutMs,
        run: async ({ site, params, signal, report }) => {
          // Going back to the safety copy itself must not replace it first.
          if (params.name === safetyName || !keepsSafety()) return;
          await compute.deleteSnapshot(computeRef(site), safetyName, signal);
          await compute.createSnapshot(computeRef(site), safetyName, signal, report);
        },
      }),
      siteStep('roll-back', 'Putting the data back to the backup', {
        uses: compute,
        timeoutMs: copyTimeoutMs,
        run: ({ site, params, signal, report }) => compute.rollback(computeRef(site), params.name, signal, report),
      }),
      startCompute,
      openRoute,
    ],
    done: becomeActive,
  });

  return { create, remove, rollback };
};

export type BackupOperations = ReturnType<typeof backupOperations>;
