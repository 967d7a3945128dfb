/** Namespaces of sites: found, made, adopted and deleted. Every other call begins with reading one. */
import type { V1Namespace, V1NamespaceCondition } from '@kubernetes/client-node';
import type { SiteSpec } from '../../../ports/compute.ts';
import type { Client, Stored } from '../../kubernetes/client.ts';
import { namespaceOf } from './manifests.ts';
import type { SiteSettings } from './settings.ts';
import {
  checkName,
  failure,
  firstClaim,
  managedByLabel,
  notYet,
  readSite,
  type Site,
  type SiteRecord,
} from './site-record.ts';
import { waitFor } from './waiting.ts';

/** Less than the step that calls has, so that the reason is told. */
const goneMs = 280_000;

type StoredNamespace = V1Namespace & Stored;

const isEnding = ({ metadata }: StoredNamespace): boolean => metadata.deletionTimestamp !== undefined;

/** What holds a namespace that does not go, in the cluster's words. */
const whyStuck = ({ status, metadata }: StoredNamespace): string => {
  const telling = (status?.conditions ?? []).filter((condition: V1NamespaceCondition) => condition.status === 'True');
  const reasons = telling.map(({ type, message }) => `${type}: ${message ?? ''}`).join('; ');
  return `The namespace ${metadata.name} is still being deleted${reasons ? `: ${reasons}` : ''}`;
};

export const createNamespaces = (client: Client, settings: SiteSettings) => {
  const find = (name: string, signal: AbortSignal): Promise<StoredNamespace | null> => {
    checkName(name);
    return client.find<StoredNamespace>({ apiVersion: 'v1', kind: 'Namespace', name }, signal);
  };

  /** Null when it is not there or on its way out. Errors: `conflict` when it is not ours. */
  const look = async (name: string, signal: AbortSignal): Promise<Site | null> => {
    const namespace = await find(name, signal);
    if (!namespace) return null;
    const site = readSite(namespace, settings.managedBy);
    return isEnding(namespace) ? null : site;
  };

  const keep = async (site: Site, change: Partial<SiteRecord>, signal: AbortSignal): Promise<Site> => {
    const record = { ...site.record, ...change };
    await client.apply(namespaceOf({ ...site, record }, settings), signal);
    return { ...site, record };
  };

  const isOf = (site: Site, owner: SiteSpec['owner']): boolean =>
    site.owner.panel === owner.panel && site.owner.service === owner.service;

  return {
    look,
    /** Writes a change of what is wished of the site onto its namespace. */
    keep,

    /** Errors: `not_found`, `conflict`. */
    get: async (name: string, signal: AbortSignal): Promise<Site> => {
      const site = await look(name, signal);
      if (!site) throw failure('not_found', `There is no site ${name}`);
      return site;
    },

    /** Makes the namespace, or adopts ours: data and disk stay. Errors: `conflict` when it is not this service's. */
    take: async (spec: SiteSpec, signal: AbortSignal): Promise<Site> => {
      checkName(spec.name);
      const { hostname, email, plan, resources, owner, name } = spec;
      const wished = { hostname, email, plan, ...resources, running: true };
      const fresh = { name, owner, record: { ...wished, claim: firstClaim } };
      const seen = await find(name, signal);
      const made = seen ? null : await client.create<StoredNamespace>(namespaceOf(fresh, settings), signal);
      if (made) return readSite(made, settings.managedBy);
      const there = seen ?? (await find(name, signal));
      if (!there) throw notYet(`The namespace ${name} was there and is gone`);
      const site = readSite(there, settings.managedBy);
      if (!isOf(site, owner)) throw failure('conflict', `The namespace ${name} belongs to another service`);
      if (isEnding(there)) throw notYet(whyStuck(there));
      return keep(site, { ...wished, diskMb: Math.max(resources.diskMb, site.record.diskMb) }, signal);
    },

    /** Deletes it with all that is in it, and waits until it is gone. Errors: `conflict` when it is not ours. */
    remove: async (name: string, signal: AbortSignal, report?: (message: string) => void): Promise<void> => {
      const namespace = await find(name, signal);
      if (!namespace) return;
      const { labels = {}, uid } = namespace.metadata;
      if (labels[managedByLabel] !== settings.managedBy)
        throw failure('conflict', `The namespace ${name} is not ours and stays`);
      if (!isEnding(namespace)) await client.remove({ apiVersion: 'v1', kind: 'Namespace', name, uid }, signal);
      let last = namespace;
      await waitFor(
        async () => {
          const now = await find(name, signal);
          if (now?.metadata.uid !== uid) return true;
          last = now ?? last;
          report?.('Waiting for the data of the site to be removed');
          return undefined;
        },
        { signal, limitMs: goneMs, late: () => notYet(whyStuck(last)) },
      );
    },

    list: async (signal: AbortSignal): Promise<{ name: string; createdAt: number }[]> => {
      const labels = `${managedByLabel}=${settings.managedBy}`;
      const all = await client.list<StoredNamespace>({ apiVersion: 'v1', kind: 'Namespace' }, labels, signal);
      return all.flatMap(({ metadata: { name = '', creationTimestamp } }) =>
        name.startsWith('svc-') ? [{ name, createdAt: creationTimestamp?.getTime() ?? 0 }] : [],
      );
    },
  };
};

export type Namespaces = ReturnType<typeof createNamespaces>;
