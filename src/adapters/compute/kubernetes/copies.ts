/** Copies of a site's claim: as VolumeSnapshots of the storage, or as claims that a job has filled. */
import type { V1Job, V1PersistentVolumeClaim, V1Pod, V1StorageClass } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Report } from '../../../ports/compute.ts';
import type { Client, Ref, Stored } from '../../kubernetes/client.ts';
import { claimOf, claimRole, metadataOf, snapshotAnnotation } from './manifests.ts';
import { amountOf } from './quantities.ts';
import type { SiteSettings } from './settings.ts';
import { failure, notYet, type Site } from './site-record.ts';
import { waitFor } from './waiting.ts';
import { jobOf } from './workload.ts';

const claimsGoneMs = 10_000;
/** Less than the steps that call have; what is under way then goes on, and the next try finds it. */
const copyMs = 110_000;

export const snapshotApi = 'snapshot.storage.k8s.io/v1';
const snapshotKind = { apiVersion: snapshotApi, kind: 'VolumeSnapshot' };
const claimKind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const jobKind = { apiVersion: 'batch/v1', kind: 'Job' };
/** When a copy became whole, as an ISO instant; a copy without it is not whole. */
const wholeAnnotation = 'provisor.dev/whole-at';

export type StoredClaim = V1PersistentVolumeClaim & Stored;
type StoredJob = V1Job & Stored;

/** A copy that is whole. */
export interface Copy {
  name: string;
  createdAt: number;
  by: 'csi' | 'job';
  /** A volume that is filled from it has at least this many mebibytes: storage deals in larger pieces than it is asked for. */
  leastMb: number;
}

const snapshotSchema = z.object({
  status: z
    .object({
      readyToUse: z.boolean().optional(),
      creationTime: z.string().optional(),
      restoreSize: z.string().optional(),
      error: z.object({ message: z.string().optional() }).optional(),
    })
    .optional(),
});
const statusOf = (snapshot: Stored) => snapshotSchema.parse(snapshot).status ?? {};

const classSchema = z.object({ driver: z.string() });

/** Names of ours may have capitals, names in a cluster may not. */
export const objectName = (name: string): string => {
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]{0,40}[A-Za-z0-9])?$/.test(name))
    throw failure('invalid', 'A snapshot is named by letters, digits and hyphens');
  return name.toLowerCase();
};

const removeClaims = async (
  client: Client,
  site: Site,
  { labels, except = [] }: { labels: string; except?: string[] },
  signal: AbortSignal,
): Promise<number> => {
  const kind = { ...claimKind, namespace: site.name };
  const claims = await client.list<StoredClaim>(kind, labels, signal);
  for (const { metadata } of claims) {
    const { name = '', uid, deletionTimestamp } = metadata;
    if (!except.includes(name) && deletionTimestamp === undefined) await client.remove({ ...kind, name, uid }, signal);
  }
  return claims.length;
};

/** Removes the claims that rollbacks have replaced, but for the current one and those in `except`. */
export const dropOldClaims = async (
  client: Client,
  site: Site,
  signal: AbortSignal,
  except: string[] = [],
): Promise<void> => {
  const kept = [site.record.claim, ...except];
  await removeClaims(client, site, { labels: `${claimRole}=data`, except: kept }, signal);
};

/** Removes every claim of a site that has ended, and waits until they are gone. */
export const dropAllClaims = (client: Client, site: Site, signal: AbortSignal): Promise<true> =>
  waitFor(async () => ((await removeClaims(client, site, { labels: '' }, signal)) === 0 ? true : undefined), {
    signal,
    limitMs: claimsGoneMs,
    late: () => notYet(`The claims of ${site.name} are still being deleted`),
  });

export const createCopies = (client: Client, settings: SiteSettings) => {
  const at = (site: Site, name: string): Omit<Ref, 'apiVersion' | 'kind'> => ({ namespace: site.name, name });

  /** Removes an object and waits until it is gone, so that another of its name can be made. */
  const removeWhole = async (ref: Ref, signal: AbortSignal): Promise<void> => {
    const there = await client.find<Stored>(ref, signal);
    if (!there) return;
    const { uid } = there.metadata;
    await client.remove({ ...ref, uid }, signal);
    await waitFor(async () => ((await client.find(ref, signal))?.metadata.uid === uid ? undefined : true), {
      signal,
      limitMs: copyMs,
      late: () => notYet(`${ref.kind} ${ref.name} is still being deleted`),
    });
  };

  const jobPods = (site: Site, name: string, signal: AbortSignal): Promise<(V1Pod & Stored)[]> =>
    client.list({ apiVersion: 'v1', kind: 'Pod', namespace: site.name }, `job-name=${name}`, signal);

  const whyFailed = async (site: Site, name: string, signal: AbortSignal): Promise<string> => {
    const [pod] = await jobPods(site, name, signal);
    const statuses = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
    const ended = statuses.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)?.state?.terminated;
    return ended
      ? `exit code ${ended.exitCode}: ${ended.message ?? ended.reason ?? ''}`
      : 'it was ended by its deadline';
  };

  /** Runs a job of that name to its end, or goes on waiting for the one that is under way. A failed one is cleared away. */
  const runJob = async (
    site: Site,
    job: Parameters<typeof jobOf>[2],
    signal: AbortSignal,
    report: { say: string; to?: Report | undefined },
  ): Promise<void> => {
    const ref = { ...jobKind, ...at(site, job.name) };
    await client.create(jobOf(site, settings, job), signal);
    const conditions = await waitFor(
      async () => {
        const found = await client.find<StoredJob>(ref, signal);
        if (!found) throw notYet(`The job ${job.name} was taken away`);
        const ended = (found.status?.conditions ?? [])
          .filter(({ status }) => status === 'True')
          .map(({ type }) => type);
        if (ended.includes('Complete') || ended.includes('Failed')) return ended;
        report.to?.(report.say);
        return undefined;
      },
      { signal, limitMs: copyMs, late: () => notYet(`The job ${job.name} has not ended yet`) },
    );
    const failed = conditions.includes('Failed') ? await whyFailed(site, job.name, signal) : undefined;
    await removeWhole(ref, signal);
    if (failed !== undefined) throw notYet(`The job ${job.name} failed: ${failed}`);
  };

  const snapshotClass = async (signal: AbortSignal): Promise<string | null> => {
    const classes = await client.list<V1StorageClass & Stored>(
      { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
      '',
      signal,
    );
    const isDefault = 'storageclass.kubernetes.io/is-default-class';
    const storage = classes.find(({ metadata }) =>
      settings.storageClass === undefined
        ? metadata.annotations?.[isDefault] === 'true'
        : metadata.name === settings.storageClass,
    );
    const all = await client.list<Stored>({ apiVersion: snapshotApi, kind: 'VolumeSnapshotClass' }, '', signal);
    const fitting = all.filter(
      (each) => storage !== undefined && classSchema.safeParse(each).data?.driver === storage.provisioner,
    );
    const wished = settings.snapshotClass;
    return (
      fitting.map(({ metadata }) => metadata.name ?? '').find((name) => wished === undefined || name === wished) ?? null
    );
  };

  return {
    removeWhole,
    runJob,

    /** The class for a VolumeSnapshot of this cluster's volumes; null to copy by a job. Errors: `invalid` when `csi` is wished and cannot be. */
    chooseClass: async (signal: AbortSignal): Promise<string | null> => {
      if (settings.backups === 'job') return null;
      const found = await snapshotClass(signal);
      if (found === null && settings.backups === 'csi')
        throw failure('invalid', 'No VolumeSnapshotClass has the driver of the storage class');
      return found;
    },

    /** The copies that are whole, whichever way they were made. */
    list: async (site: Site, signal: AbortSignal): Promise<Copy[]> => {
      const snapshots = await client.list<Stored>({ ...snapshotKind, namespace: site.name }, '', signal);
      const claims = await client.list<StoredClaim>(
        { ...claimKind, namespace: site.name },
        `${claimRole}=copy`,
        signal,
      );
      const named = ({ metadata }: Stored) => metadata.annotations?.[snapshotAnnotation] ?? metadata.name ?? '';
      return [
        ...snapshots.flatMap((each): Copy[] => {
          const { readyToUse, creationTime, restoreSize = '0' } = statusOf(each);
          const madeAt = creationTime ?? each.metadata.creationTimestamp;
          if (readyToUse !== true || each.metadata.deletionTimestamp !== undefined) return [];
          return [
            {
              name: named(each),
              createdAt: new Date(madeAt ?? 0).getTime(),
              by: 'csi',
              leastMb: Math.ceil(amountOf(restoreSize) / 2 ** 20) || 0,
            },
          ];
        }),
        ...claims.flatMap((each): Copy[] => {
          const wholeAt = each.metadata.annotations?.[wholeAnnotation];
          if (wholeAt === undefined || each.metadata.deletionTimestamp !== undefined) return [];
          return [{ name: named(each), createdAt: Date.parse(wholeAt), by: 'job', leastMb: 0 }];
        }),
      ];
    },

    /** As the storage does it: at one instant, while the site runs. A whole one is kept; a failed one is made anew. */
    snapshot: async (
      site: Site,
      name: string,
      className: string,
      signal: AbortSignal,
      report?: Report,
    ): Promise<void> => {
      const ref = { ...snapshotKind, ...at(site, objectName(name)) };
      const metadata = { ...metadataOf(site, settings, ref.name), annotations: { [snapshotAnnotation]: name } };
      const spec = { volumeSnapshotClassName: className, source: { persistentVolumeClaimName: site.record.claim } };
      await client.create({ ...snapshotKind, metadata, spec } as Stored, signal);
      await waitFor(
        async () => {
          const found = await client.find<Stored>(ref, signal);
          if (!found) throw notYet(`The snapshot ${ref.name} was taken away`);
          const { readyToUse, error } = statusOf(found);
          if (readyToUse === true) return true;
          if (error) {
            await removeWhole(ref, signal);
            throw notYet(`The storage made no snapshot ${ref.name}: ${error.message ?? 'without a reason'}`);
          }
          report?.('Waiting for the storage to copy the data');
          return undefined;
        },
        { signal, limitMs: copyMs, late: () => notYet(`The snapshot ${ref.name} is not ready yet`) },
      );
    },

    /** As files, while the site is down: a database that is written to cannot be copied file by file. */
    copy: async (site: Site, name: string, signal: AbortSignal, report?: Report): Promise<void> => {
      const claim = `copy-${objectName(name)}`;
      const manifest = (annotations: Record<string, string>) =>
        claimOf(site, settings, claim, { role: 'copy', annotations: { [snapshotAnnotation]: name, ...annotations } });
      await client.apply(manifest({}), signal);
      const script = 'rm -rf "/to/$PART" && cp -a "/from/$PART" "/to/$PART"';
      const claims = [
        { claim: site.record.claim, path: '/from', readOnly: true },
        { claim, path: '/to' },
      ];
      await runJob(site, { name: claim, script, claims }, signal, { say: 'Copying the data of the site', to: report });
      await client.apply(manifest({ [wholeAnnotation]: new Date().toISOString() }), signal);
    },

    /** Removes the copy, whichever way it was made, and what was begun of it. */
    remove: async (site: Site, name: string, signal: AbortSignal): Promise<void> => {
      const object = objectName(name);
      await removeWhole({ ...jobKind, ...at(site, `copy-${object}`) }, signal);
      await removeWhole({ ...snapshotKind, ...at(site, object) }, signal);
      await removeWhole({ ...claimKind, ...at(site, `copy-${object}`) }, signal);
    },
  };
};

export type Copies = ReturnType<typeof createCopies>;
