/** The life of a site on a cluster, from `create` to `destroy`. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubernetesObject } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import { randomText } from '../../../kit/ids.ts';
import type { ComputeProvider, ComputeStatus, Report, Resources } from '../../../ports/compute.ts';
import type { Client, Stored } from '../../kubernetes/client.ts';
import { dropAllClaims, dropOldClaims } from './copies.ts';
import { figuresOf } from './figures.ts';
import { createLimits } from './limits.ts';
import { claimOf, networkPoliciesOf, roleBindingOf, secretOf, serviceAccountOf, serviceOf } from './manifests.ts';
import type { Namespaces } from './namespaces.ts';
import { amountOf } from './quantities.ts';
import { isReady } from './reasons.ts';
import type { SiteSettings } from './settings.ts';
import { failure, type Site } from './site-record.ts';
import type { Workloads } from './workloads.ts';

type SiteMethods = Pick<
  ComputeProvider,
  'create' | 'install' | 'status' | 'start' | 'stop' | 'restart' | 'resize' | 'destroy' | 'list'
>;

/** Less than the steps that call have, so that the reason is told and not only that time was up. */
const startAgainMs = 110_000;
/** How long it may take until every API server has heard that we may work in a new namespace. */
const grantMs = 10_000;

const podMetrics = z.object({
  items: z
    .array(z.object({ containers: z.array(z.object({ usage: z.object({ cpu: z.string(), memory: z.string() }) })) }))
    .optional(),
});

export interface SiteDeps {
  client: Client;
  settings: SiteSettings;
  namespaces: Namespaces;
  workloads: Workloads;
}

export const createSites = ({ client, settings, namespaces, workloads }: SiteDeps): SiteMethods => {
  let user: string | undefined;

  /** Who we are to the cluster: it is that name which is given rights in a site's namespace. */
  const ourName = async (signal: AbortSignal): Promise<string> => {
    if (user !== undefined) return user;
    const review = await client.create<Stored>(
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' } as KubernetesObject,
      signal,
    );
    const shape = z.object({ status: z.object({ userInfo: z.object({ username: z.string().min(1) }) }) });
    const parsed = shape.safeParse(review);
    if (!parsed.success) throw failure('auth', 'The cluster does not say who we are');
    user = parsed.data.status.userInfo.username;
    return user;
  };

  /** Applies, and tries again while a right that was only just given is not known everywhere. */
  const patiently = (): (<T extends Stored>(work: () => Promise<T | null>) => Promise<T | null>) => {
    const until = performance.now() + grantMs;
    return async (work) => {
      for (let pauseMs = 20; ; pauseMs = Math.min(500, pauseMs * 2)) {
        try {
          return await work();
        } catch (error) {
          const isRight = error instanceof ProviderError && error.kind === 'auth';
          if (!isRight || performance.now() > until) throw error;
          await pause(pauseMs);
        }
      }
    };
  };

  /** A claim only grows: a smaller wish would be refused. */
  const applyClaim = (site: Site, signal: AbortSignal) =>
    client.apply(claimOf(site, settings, site.record.claim, { role: 'data' }), signal);

  const applyLimits = createLimits(client, settings);

  const usageOf = async (site: Site, signal: AbortSignal): Promise<Pick<ComputeStatus, 'cpu' | 'memoryBytes'>> => {
    const kind = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', namespace: site.name };
    const items = await client.list<Stored>(kind, '', signal);
    const { data } = podMetrics.safeParse({ items });
    const containers = data?.items?.flatMap((item) => item.containers) ?? [];
    if (containers.length === 0) return {};
    const sum = (figures: number[]) => figures.reduce((total, figure) => total + figure, 0);
    const granted = figuresOf(site.record, settings).total.cpu / 1000;
    return {
      cpu: Math.min(1, sum(containers.map(({ usage }) => amountOf(usage.cpu))) / granted),
      memoryBytes: Math.round(sum(containers.map(({ usage }) => amountOf(usage.memory)))),
    };
  };

  const stateOf = async (site: Site, signal: AbortSignal): Promise<ComputeStatus> => {
    const [deployment, pods] = [await workloads.find(site.name, signal), await workloads.pods(site.name, signal)];
    if (!site.record.running) return { state: pods.length === 0 ? 'stopped' : 'running' };
    if (!deployment || !isReady(deployment)) return { state: 'starting' };
    const [pod] = pods;
    const since = pod?.status?.startTime?.getTime();
    return {
      state: 'running',
      ...(pod?.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
      ...(since === undefined ? {} : { uptimeSeconds: Math.max(0, Math.floor((Date.now() - since) / 1000)) }),
      ...(await usageOf(site, signal)),
    };
  };

  /** A namespace that still has pods or claims when it is deleted is looked at again only after many seconds. */
  const empty = async (site: Site, signal: AbortSignal, report?: Report): Promise<void> => {
    try {
      if (!(await workloads.find(site.name, signal))) return;
      await workloads.bringDown(site, signal, { report });
      await dropAllClaims(client, site, signal);
    } catch (error) {
      // A site that was made by half may not let us, and a copy under way may hold a claim: the namespace goes all the same.
      const isOutage = error instanceof ProviderError && ['unavailable', 'unknown_outcome'].includes(error.kind);
      if (!(error instanceof ProviderError) || isOutage) throw error;
    }
  };

  return {
    create: async (spec, signal, report) => {
      const site = await namespaces.take(spec, signal);
      await client.apply(roleBindingOf(site, settings, await ourName(signal)), signal);
      const granted = patiently();
      const apply: Client['apply'] = async (manifest, over) => {
        const applied = await granted(() => client.apply(manifest, over));
        // Only a create answers with nothing.
        return applied as never;
      };
      await apply(serviceAccountOf(site, settings), signal);
      await createLimits({ apply }, settings)(site, signal);
      for (const policy of networkPoliciesOf(site, settings)) await apply(policy, signal);
      // What is there already is what the data was made with.
      await granted(() =>
        client.create(
          secretOf(site, settings, () => randomText(32)),
          signal,
        ),
      );
      await apply(claimOf(site, settings, site.record.claim, { role: 'data' }), signal);
      await apply(serviceOf(site, settings), signal);
      await workloads.bringUp(site, signal, { report, apply });
    },

    // The pod installs WordPress before it becomes ready; an installed one is left as it is.
    install: async (ref, app, signal, report) => {
      const site = await namespaces.get(ref.name, signal);
      const wished = { hostname: app.hostname, email: app.adminEmail, plan: app.plan };
      const isSame = (Object.keys(wished) as (keyof typeof wished)[]).every((key) => site.record[key] === wished[key]);
      const kept = isSame ? site : await namespaces.keep(site, wished, signal);
      await workloads.bringUp(kept, signal, { report });
    },

    status: async (ref, signal) => {
      const site = await namespaces.look(ref.name, signal);
      return site ? stateOf(site, signal) : { state: 'missing' };
    },

    start: async (ref, signal, report) => {
      const site = await namespaces.keep(await namespaces.get(ref.name, signal), { running: true }, signal);
      await workloads.bringUp(site, signal, { report, limitMs: startAgainMs });
      await dropOldClaims(client, site, signal);
    },

    stop: async (ref, { graceSeconds }, signal) => {
      const site = await namespaces.keep(await namespaces.get(ref.name, signal), { running: false }, signal);
      await workloads.bringDown(site, signal, { graceSeconds });
    },

    restart: async (ref, signal, report) => {
      const before = await namespaces.get(ref.name, signal);
      const wished = { running: true, restartedAt: new Date().toISOString() };
      await workloads.bringUp(await namespaces.keep(before, wished, signal), signal, { report, limitMs: startAgainMs });
    },

    // What is larger comes first for more, and last for less: no pod stands outside its quota meanwhile.
    resize: async (ref, { memoryMb, diskMb, plan }, signal, report) => {
      const before = await namespaces.get(ref.name, signal);
      const wished: Resources & { plan: string } = { plan, memoryMb, diskMb: Math.max(diskMb, before.record.diskMb) };
      const larger = { ...wished, memoryMb: Math.max(memoryMb, before.record.memoryMb) };
      await applyLimits({ ...before, record: { ...before.record, ...larger } }, signal);
      const site = await namespaces.keep(before, wished, signal);
      await applyClaim(site, signal);
      await workloads.bringUp(site, signal, { report, limitMs: startAgainMs });
      await applyLimits(site, signal);
    },

    destroy: async (ref, signal, report) => {
      const site = await namespaces.look(ref.name, signal);
      if (site) await empty(site, signal, report);
      await namespaces.remove(ref.name, signal, report);
    },

    list: (signal) => namespaces.list(signal),
  };
};
