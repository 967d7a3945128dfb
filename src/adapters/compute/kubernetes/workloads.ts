/** The site's Deployment as its record wishes it, and waiting until the cluster agrees. */
import type { V1Deployment, V1Pod } from '@kubernetes/client-node';
import type { Report } from '../../../ports/compute.ts';
import type { Client, Stored } from '../../kubernetes/client.ts';
import { sitePods, workloadName } from './manifests.ts';
import { isReady, type Reason, reasonOf } from './reasons.ts';
import type { SiteSettings } from './settings.ts';
import { failure, notYet, type Site } from './site-record.ts';
import { waitFor } from './waiting.ts';
import { deploymentOf, graceSeconds as usualGraceSeconds } from './workload.ts';

const stopMs = 55_000;

export type StoredPod = V1Pod & Stored;
export type StoredDeployment = V1Deployment & Stored;

const podLabels = Object.entries(sitePods)
  .map(([key, value]) => `${key}=${value}`)
  .join(',');

export const createWorkloads = (client: Client, settings: SiteSettings) => {
  const pods = (name: string, signal: AbortSignal): Promise<StoredPod[]> =>
    client.list<StoredPod>({ apiVersion: 'v1', kind: 'Pod', namespace: name }, podLabels, signal);

  const find = (name: string, signal: AbortSignal): Promise<StoredDeployment | null> =>
    client.find({ apiVersion: 'apps/v1', kind: 'Deployment', name: workloadName, namespace: name }, signal);

  const untilReady = async (
    site: Site,
    applied: StoredDeployment,
    signal: AbortSignal,
    { report, limitMs = settings.startMs }: { report?: Report | undefined; limitMs?: number | undefined },
  ): Promise<void> => {
    let seen: StoredDeployment | null = applied;
    let reason: Reason = reasonOf(applied, []);
    await waitFor(
      async () => {
        if (seen && isReady(seen)) return true;
        seen = await find(site.name, signal);
        if (!seen) throw failure('not_found', `The Deployment of ${site.name} was taken away`);
        if (isReady(seen)) return true;
        reason = reasonOf(seen, await pods(site.name, signal));
        report?.(reason.say);
        return undefined;
      },
      {
        signal,
        limitMs: Math.min(limitMs, settings.startMs),
        late: () => failure('invalid', `The site is not ready: ${reason.detail}`, { say: reason.failed }),
      },
    );
  };

  return {
    pods,
    find,

    /** Applies the Deployment; when the site is to run, waits until it does. Errors: `invalid` with the reason when it does not in time. */
    bringUp: async (
      site: Site,
      signal: AbortSignal,
      options: { report?: Report | undefined; limitMs?: number | undefined; apply?: Client['apply'] } = {},
    ): Promise<void> => {
      const apply = options.apply ?? client.apply;
      const applied = await apply<StoredDeployment>(deploymentOf(site, settings), signal);
      if (site.record.running) await untilReady(site, applied, signal, options);
    },

    /** Waits until the site of a Deployment that is already as wished is ready. */
    untilReady,

    /** Ends the pods, whatever the record wishes, and waits until none has the volume any more. */
    bringDown: async (
      site: Site,
      signal: AbortSignal,
      { graceSeconds = usualGraceSeconds, report }: { graceSeconds?: number; report?: Report | undefined } = {},
    ): Promise<void> => {
      const { metadata } = await client.apply<StoredDeployment>(deploymentOf(site, settings, { paused: true }), signal);
      const hurried = new Set<string>();
      await waitFor(
        async () => {
          const left = await pods(site.name, signal);
          if (left.length === 0) {
            // None yet is not none any more: what was applied just before may still be about to make one.
            const seen = (await find(site.name, signal))?.status?.observedGeneration ?? 0;
            return seen >= (metadata.generation ?? 0) ? true : undefined;
          }
          report?.('Waiting for the site to end');
          for (const { metadata } of left) {
            // The template grants the usual time; less is said to the pod itself, once.
            const { name = '', uid = '' } = metadata;
            if (graceSeconds >= usualGraceSeconds || hurried.has(uid)) continue;
            hurried.add(uid);
            await client.remove({ apiVersion: 'v1', kind: 'Pod', name, namespace: site.name, uid }, signal, {
              graceSeconds,
            });
          }
          return undefined;
        },
        { signal, limitMs: stopMs, late: () => notYet(`The pods of ${site.name} have not ended yet`) },
      );
    },
  };
};

export type Workloads = ReturnType<typeof createWorkloads>;
