/** Backups of a site and the way back: the data of before stays in its claim until the site runs on the new one. */
import type { ComputeProvider, Report } from '../../../ports/compute.ts';
import { type Copy, createCopies, dropOldClaims, objectName, type StoredClaim } from './copies.ts';
import { createLimits } from './limits.ts';
import { claimOf, snapshotAnnotation } from './manifests.ts';
import { failure, nextClaim, type Site } from './site-record.ts';
import type { SiteDeps } from './sites.ts';

type SnapshotMethods = Pick<ComputeProvider, 'createSnapshot' | 'listSnapshots' | 'deleteSnapshot' | 'rollback'>;

const claimKind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };

export const createSnapshots = ({ client, settings, namespaces, workloads }: SiteDeps): SnapshotMethods => {
  const copies = createCopies(client, settings);
  const applyLimits = createLimits(client, settings);

  /** Runs `work` with no pod on the volume, and brings the site back to what is wished of it, also when it fails. */
  const whileDown = async (site: Site, signal: AbortSignal, report: Report | undefined, work: () => Promise<void>) => {
    await workloads.bringDown(site, signal, { report });
    try {
      await work();
    } finally {
      if (!signal.aborted) await workloads.bringUp(site, signal, { report });
    }
  };

  /** A claim with the data of the copy, checked by a pod that has it mounted. What another try left for it is used, or cleared away. */
  const fill = async (site: Site, name: string, copy: Copy, signal: AbortSignal, report: Report | undefined) => {
    const claim = nextClaim(site.record.claim);
    const ref = { ...claimKind, namespace: site.name, name: claim };
    // What lies before the current one was left by a rollback whose site never ran.
    await dropOldClaims(client, site, signal, [claim]);
    const job = { apiVersion: 'batch/v1', kind: 'Job', namespace: site.name, name: `fill-${claim}` };
    const left = await client.find<StoredClaim>(ref, signal);
    const isOther = left?.metadata.annotations?.[snapshotAnnotation] !== name;
    if (left && (isOther || left.metadata.deletionTimestamp !== undefined)) {
      await copies.removeWhole(job, signal);
      await copies.removeWhole(ref, signal);
    }
    await client.apply(
      claimOf(site, settings, claim, {
        role: 'data',
        annotations: { [snapshotAnnotation]: name },
        ...(copy.by === 'csi' ? { volumeSnapshot: objectName(name) } : {}),
      }),
      signal,
    );
    const to = { claim, path: '/to' };
    await copies.runJob(
      site,
      copy.by === 'csi'
        ? { name: job.name, script: 'test -d "/to/$PART"', claims: [to] }
        : {
            name: job.name,
            script: 'rm -rf "/to/$PART" && cp -a "/from/$PART" "/to/$PART"',
            claims: [{ claim: `copy-${objectName(name)}`, path: '/from', readOnly: true }, to],
          },
      signal,
      { say: 'Putting the data back', to: report },
    );
    return claim;
  };

  return {
    createSnapshot: async (ref, name, signal, report) => {
      objectName(name);
      const site = await namespaces.get(ref.name, signal);
      const isWhole = (await copies.list(site, signal)).some((copy) => copy.name === name);
      const className = isWhole ? null : await copies.chooseClass(signal);
      if (className !== null) return copies.snapshot(site, name, className, signal, report);
      // The try that made it whole may have ended before the site was up again.
      if (isWhole) return site.record.running ? workloads.bringUp(site, signal, { report }) : undefined;
      await whileDown(site, signal, report, () => copies.copy(site, name, signal, report));
    },

    listSnapshots: async (ref, signal) => {
      const site = await namespaces.get(ref.name, signal);
      return (await copies.list(site, signal)).map(({ name, createdAt }) => ({ name, createdAt }));
    },

    deleteSnapshot: async (ref, name, signal) => {
      objectName(name);
      const site = await namespaces.look(ref.name, signal);
      if (!site) return;
      await copies.remove(site, name, signal);
      // A copy that was begun and is taken back has left the site down.
      const deployment = await workloads.find(site.name, signal);
      if (site.record.running && deployment?.spec?.replicas === 0) await workloads.bringUp(site, signal);
    },

    rollback: async (ref, name, signal, report) => {
      objectName(name);
      const seen = await namespaces.get(ref.name, signal);
      const copy = (await copies.list(seen, signal)).find((each) => each.name === name);
      if (!copy) throw failure('not_found', `The site has no snapshot ${name}`);
      const site = { ...seen, record: { ...seen.record, diskMb: Math.max(seen.record.diskMb, copy.leastMb) } };
      if (site.record.diskMb > seen.record.diskMb) await applyLimits(site, signal);
      await workloads.bringDown(site, signal, { report });
      let current = site;
      try {
        const claim = await fill(site, name, copy, signal, report);
        // From here on the site is what it was then; the old claim stays until it runs.
        current = await namespaces.keep(site, { claim }, signal);
      } finally {
        if (!signal.aborted) await workloads.bringUp(current, signal, { report });
      }
      if (current.record.running) await dropOldClaims(client, current, signal);
    },
  };
};
