/**
 * The operations of a site, step by step. The engine decides when a step runs
 * and what becomes of a failure; here is only what it does and how it is undone.
 */
import { z } from 'zod';
import type { Database, Tx } from '../../database/database.ts';
import { AppError } from '../../kit/errors.ts';
import { defineOperation, type OperationDefinition, type Step } from '../../operations/definition.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import { closeQuotas, readQuotas, setLimit } from '../../operations/quota.ts';
import {
  computeObject,
  initialName,
  type Providers,
  publishName,
  recordObject,
  routeObject,
  routeOf,
  specOf,
  withdrawName,
} from './outside.ts';
import { releaseAll } from './reservation-store.ts';
import { computeRef, outsideName, type Site } from './site.ts';
import { type OnSite, type SiteSteps, siteStep } from './site-steps.ts';
import type { SiteStore } from './site-store.ts';

const day = 86_400;

export const createParams = z.object({
  email: z.string(),
  plan: z.string(),
  public_ip: z.string().optional(),
  customer_id: z.string().optional(),
  subdomain: z.string().optional(),
});
export type CreateParams = z.infer<typeof createParams>;

/** The new plan as it was when the upgrade was asked for; a later change of the plan does not change what is under way. */
export const upgradeParams = z.object({
  plan: z.string(),
  memory_mb: z.number(),
  disk_mb: z.number(),
  backups: z.number(),
  domains: z.number(),
  /** The limits before, to go back to. */
  before: z.object({ backups: z.number(), domains: z.number() }),
});
export type UpgradeParams = z.infer<typeof upgradeParams>;

const noParams = z.object({});

export interface SiteStepDeps {
  db: Database;
  sites: SiteStore;
  providers: Providers;
  blocks: SiteSteps;
  /** What other features forget of a site that is gone. */
  onGone: (tx: Tx, site: Site, at: number) => Promise<void>;
  zone: { name: string; nameservers: string[] };
  /** How long the names of a deleted site rest, in milliseconds. */
  restMs: number;
}

export const siteOperations = ({ db, sites, providers, zone, restMs, blocks, onGone }: SiteStepDeps) => {
  const { compute, proxy, dns } = providers;
  const { siteOf, load, closeRoute, openRoute, stopCompute, startCompute, runAsBefore, checkReachable } = blocks;
  const step = siteStep;

  const become = (state: 'active' | 'stopped' | 'failed' | 'deleting') => async (tx: Tx, key: ServiceKey) =>
    sites.setState(tx, key, state, await db.now(tx));

  const create = defineOperation<OnSite, CreateParams>({
    kind: 'site.create',
    params: createParams,
    doneMessage: 'The site is ready',
    load,
    steps: [
      step('create-compute', 'Making room for the site', {
        uses: compute,
        owns: ({ site }) => computeObject(site),
        timeoutMs: 300_000,
        run: ({ site, signal, report }) => compute.create(specOf(site), signal, report),
        undo: ({ site, signal, report }) => compute.destroy(computeRef(site), signal, report),
      }),
      step('publish-name', 'Publishing the name of the site', {
        uses: dns,
        owns: ({ site }) => recordObject(site),
        run: ({ site, signal }) => publishName(providers, zone, site, signal),
        undo: ({ site, signal }) => withdrawName(providers, zone.name, site, signal),
      }),
      step('open-route', 'Opening the site to visitors', {
        uses: proxy,
        owns: ({ site }) => routeObject(site),
        timeoutMs: 60_000,
        run: async ({ site, domains, signal }) => {
          await proxy.putRoute(routeOf(providers, { site, domains }, 'site'), signal);
          await proxy.ensureCertificate(outsideName(site), signal);
        },
        undo: ({ site, signal }) => proxy.deleteRoute(outsideName(site), signal),
      }),
      step('install-app', 'Installing the application', {
        uses: compute,
        timeoutMs: 300_000,
        run: ({ site, signal, report }) =>
          compute.install(
            computeRef(site),
            { hostname: site.hostname ?? '', plan: site.plan, adminEmail: site.email },
            signal,
            report,
          ),
      }),
      step('snapshot-initial', 'Keeping a copy to reset to', {
        uses: compute,
        timeoutMs: 120_000,
        run: async ({ site, signal, report }) => {
          if (compute.capabilities.snapshots)
            await compute.createSnapshot(computeRef(site), initialName, signal, report);
        },
      }),
    ],
    done: become('active'),
    failed: async (tx, key) => {
      const now = await db.now(tx);
      const site = await siteOf(tx, key);
      await releaseAll(tx, site.id, now);
      await sites.gone(tx, site, 'failed', now);
    },
  });

  const remove = defineOperation<OnSite, Record<string, never>>({
    kind: 'site.delete',
    params: noParams,
    doneMessage: 'The site is deleted',
    forwardOnly: true,
    waits: true,
    deadlineSeconds: day,
    load,
    accepted: become('deleting'),
    steps: [
      step('remove-route', 'Closing the site to visitors', {
        uses: proxy,
        removes: ({ site }) => routeObject(site),
        run: ({ site, signal }) => proxy.deleteRoute(outsideName(site), signal),
      }),
      step('withdraw-name', 'Withdrawing the name of the site', {
        uses: dns,
        removes: ({ site }) => recordObject(site),
        run: ({ site, signal }) => withdrawName(providers, zone.name, site, signal),
      }),
      step('destroy-compute', 'Removing the site and its data', {
        uses: compute,
        removes: ({ site }) => computeObject(site),
        timeoutMs: 300_000,
        run: ({ site, signal, report }) => compute.destroy(computeRef(site), signal, report),
      }),
    ],
    done: async (tx, key) => {
      const now = await db.now(tx);
      const site = await siteOf(tx, key);
      await releaseAll(tx, site.id, now + restMs);
      await closeQuotas(tx, key);
      await onGone(tx, site, now);
      await sites.gone(tx, site, 'deleted', now);
    },
  });

  const suspend = defineOperation<OnSite, { reason?: string | undefined }>({
    kind: 'site.suspend',
    params: z.object({ reason: z.string().optional() }),
    doneMessage: 'The site is suspended',
    load,
    steps: [closeRoute('suspended'), stopCompute],
    done: async (tx, key, { reason }) => sites.suspended(tx, key, reason ?? null, await db.now(tx)),
  });

  const unsuspend = defineOperation<OnSite, Record<string, never>>({
    kind: 'site.unsuspend',
    params: noParams,
    doneMessage: 'The site is back',
    load,
    steps: [startCompute, openRoute],
    done: async (tx, key) => sites.unsuspended(tx, key, await db.now(tx)),
  });

  const action = (
    name: 'start' | 'stop' | 'restart' | 'reset',
    doneMessage: string,
    state: 'active' | 'stopped',
    steps: Step<OnSite, Record<string, never>>[],
  ): OperationDefinition<OnSite, Record<string, never>> =>
    defineOperation({ kind: `site.${name}`, params: noParams, doneMessage, load, steps, done: become(state) });

  const start = action('start', 'The site is running', 'active', [startCompute, openRoute]);
  const stop = action('stop', 'The site is stopped', 'stopped', [closeRoute('stopped'), stopCompute]);
  const restart = action('restart', 'The site was restarted', 'active', [
    step('restart-compute', 'Restarting the site', {
      uses: compute,
      timeoutMs: 120_000,
      run: ({ site, signal, report }) => compute.restart(computeRef(site), signal, report),
      undo: runAsBefore,
    }),
    openRoute,
  ]);
  const reset = action('reset', 'The site is as it was at the start', 'active', [
    checkReachable(() => initialName),
    closeRoute('stopped'),
    stopCompute,
    step('roll-back', 'Putting the data back to how it was at the start', {
      uses: compute,
      timeoutMs: 300_000,
      run: ({ site, signal, report }) => compute.rollback(computeRef(site), initialName, signal, report),
    }),
    startCompute,
    openRoute,
  ]);

  const setLimits = async (tx: Tx, key: ServiceKey, limits: { backups: number; domains: number }): Promise<void> => {
    await setLimit(tx, key, 'backups', limits.backups);
    await setLimit(tx, key, 'domains', limits.domains);
  };

  const upgrade = defineOperation<OnSite, UpgradeParams>({
    kind: 'site.upgrade',
    params: upgradeParams,
    doneMessage: 'The site has its new plan',
    load,
    // What the new plan does not grant cannot be taken from now on; what it grants more comes when the size is there.
    accepted: async (tx, key, params) => {
      const quotas = await readQuotas(tx, key);
      const over: string[] = [];
      for (const { resource, used, limit } of quotas) {
        const granted = resource === 'backups' ? params.backups : params.domains;
        if (!(await setLimit(tx, key, resource, Math.min(limit, granted))))
          over.push(`${used} ${resource} (${granted} granted)`);
      }
      if (over.length === 0) return;
      throw new AppError(
        'conflict',
        'plan_too_small',
        `The plan "${params.plan}" is too small for what is in use: ${over.join(', ')}.`,
      );
    },
    steps: [
      {
        name: 'resize-compute',
        say: 'Changing the size of the site',
        uses: compute,
        timeoutMs: 120_000,
        run: ({ site, params, signal, report }) =>
          compute.resize(
            computeRef(site),
            { memoryMb: params.memory_mb, diskMb: Math.max(site.diskMb, params.disk_mb), plan: params.plan },
            signal,
            report,
          ),
        undo: ({ site, signal }) =>
          compute.resize(computeRef(site), { memoryMb: site.memoryMb, diskMb: site.diskMb, plan: site.plan }, signal),
      },
    ],
    done: async (tx, key, params) => {
      const site = await siteOf(tx, key);
      await setLimits(tx, key, params);
      const diskMb = Math.max(site.diskMb, params.disk_mb);
      await sites.upgraded(tx, site, { name: params.plan, memoryMb: params.memory_mb, diskMb }, await db.now(tx));
    },
    failed: async (tx, key, { before }) => setLimits(tx, key, before),
  });

  const setProxy = defineOperation<OnSite, { enabled: boolean }>({
    kind: 'site.proxy',
    params: z.object({ enabled: z.boolean() }),
    doneMessage: 'The way to the site is switched',
    load,
    steps: [
      {
        name: 'switch-route',
        say: 'Switching the way to the site',
        uses: proxy,
        run: ({ site, params, signal }) => proxy.setEnabled(outsideName(site), params.enabled, signal),
        undo: ({ site, signal }) => proxy.setEnabled(outsideName(site), site.proxyEnabled, signal),
      },
    ],
    done: async (tx, key, { enabled }) => sites.setProxy(tx, await siteOf(tx, key), enabled, await db.now(tx)),
  });

  return { setProxy, create, remove, suspend, unsuspend, start, stop, restart, reset, upgrade };
};

export type SiteOperations = ReturnType<typeof siteOperations>;
