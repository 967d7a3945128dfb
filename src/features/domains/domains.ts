/** Custom domains of sites, as handlers, the compat tables and the CLI see them. */
import type { Database, Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { activeKey, type Operation } from '../../operations/operation.ts';
import { findActive } from '../../operations/operation-store.ts';
import { busy, type Operations } from '../../operations/operations.ts';
import { returnQuota, takeQuota } from '../../operations/quota.ts';
import type { ReverseProxy } from '../../ports/proxy.ts';
import { requireAllowed, type Site, type SiteRef } from '../sites/site.ts';
import type { Sites } from '../sites/sites.ts';
import {
  type Domain,
  type DomainRecord,
  type Expected,
  holderOf,
  isCounted,
  type Ownership,
  recordsFor,
  tokenFor,
} from './domain.ts';
import { checkLeaseMs, createDomainChecks } from './domain-checks.ts';
import type { DomainLookup } from './domain-lookup.ts';
import * as store from './domain-store.ts';
import { type Hostname, hostnameOf, readHostname, requireFree } from './hostname.ts';
import { findHeldIn, isTaken, releaseNames, wasAnothers } from './name-store.ts';
import { type DomainOperations, domainQuota } from './steps.ts';

export interface DomainSettings {
  ownership: Ownership;
  /** Tokens are made with it. */
  tokenKey: string;
  /** How long the DNS of a new domain may take to come right, in milliseconds. */
  patienceMs: number;
  /** Domains of ours, which with all beneath them nobody may bring. */
  ours: readonly string[];
  /** Names that lead to all sites, which a customer may set a CNAME to. */
  sharedNames: readonly string[];
}

export interface DomainDeps {
  db: Database;
  operations: Operations;
  sites: Sites;
  proxy: ReverseProxy;
  definitions: DomainOperations;
  lookup: DomainLookup;
  settings: DomainSettings;
  /** A domain is due now. */
  wake: () => void;
}

/** A domain with what its customer has to set, and what is being done with it. */
export interface ShownDomain {
  site: Site;
  domain: Omit<Domain, 'state'> & { state: Domain['state'] | 'removed' };
  records: DomainRecord[];
  operation: Operation | null;
}

export interface DomainList {
  site: Site;
  domains: ShownDomain[];
  quota: { used: number; limit: number; remaining: number };
}

/** Given by a caller who waits for a look: it is made with the call, and given up when `signal` aborts. */
export interface Looking {
  signal: AbortSignal;
}

const notThere = (name: string) => new AppError('not_found', 'not_found', `There is no domain ${name}.`);

const taken = (name: string) =>
  new AppError(
    'conflict',
    'domain_taken',
    `${name} is in use already, or was until lately. If it is yours, remove it there first, or try again later.`,
  );

export const createDomains = (deps: DomainDeps) => {
  const { db, operations, sites, proxy, definitions, lookup, settings, wake } = deps;

  const expectedOf = async (site: Site, { name, base }: Hostname): Promise<Expected> => {
    const holder = holderOf(site);
    return {
      ownName: site.hostname,
      sharedNames: [...settings.sharedNames],
      addresses: [site.publicIp],
      token: tokenFor(settings.tokenKey, holder, base),
      tokenNever: settings.ownership === 'never',
      tokenAlways:
        settings.ownership === 'always' ||
        // The CNAME may be left over from the one before, who had a site of this name.
        (settings.ownership === 'auto' && (await wasAnothers(db.knex, name, holder))),
    };
  };

  const checks = createDomainChecks({ db, operations, sites, definitions, lookup, expectedOf });

  const show = async (site: Site, domain: ShownDomain['domain'], operation: Operation | null): Promise<ShownDomain> => {
    const hostname = hostnameOf(domain.hostname);
    return { site, domain, records: recordsFor(hostname, await expectedOf(site, hostname)), operation };
  };

  const requireDomain = async (site: Site, name: string): Promise<Domain> => {
    const domain = await store.findDomain(db.knex, site.id, name);
    if (!domain) throw notThere(name);
    return domain;
  };

  /** The operation under way on a domain. */
  const operationOn = async (site: Site, domain: Domain): Promise<Operation | null> => {
    if (domain.state !== 'issuing' && domain.state !== 'removing') return null;
    const last = await operations.last(site.key);
    return (last?.params as { hostname?: string } | undefined)?.hostname === domain.hostname ? last : null;
  };

  /** A domain as it is now, with the operation that the call has led to, also when that has ended already. */
  const shown = async (site: Site, name: string, begun: Operation | null = null): Promise<ShownDomain> => {
    const domain = await requireDomain(site, name);
    return show(site, domain, begun ?? (await operationOn(site, domain)));
  };

  /** A domain as it is now, or as it was when it is gone. */
  const now = async (site: Site, before: ShownDomain['domain'], operation: Operation | null): Promise<ShownDomain> => {
    const domain = await store.findDomain(db.knex, site.id, before.hostname);
    return show(site, domain ?? { ...before, state: 'removed', nextCheckAt: null }, operation);
  };

  const note = (tx: Tx, caller: Caller, site: Site, action: string, outcome: string, hostname: string, at: number) =>
    operations.trail.append(tx, {
      chain: activeKey(site.key),
      at,
      actor: caller.actor,
      action,
      outcome,
      details: { service_id: site.key.serviceId, hostname },
      requestId: caller.requestId,
    });

  /** Puts a domain on the list of those that wait for their DNS. False for one that waits or is there already: it stays as it is. */
  const begin = async (tx: Tx, caller: Caller, site: Site, name: string, firstCheckIn: number): Promise<boolean> => {
    const known = await store.findDomain(tx, site.id, name);
    const { active } = known?.state === 'removing' ? await findActive(tx, site.key) : { active: null };
    if (active) throw busy(site.key, active);
    if (known && isCounted(known.state)) return false;
    const at = await db.now(tx);
    if (await isTaken(tx, name, holderOf(site), at)) throw taken(name);
    await takeQuota(tx, site.key, domainQuota);
    const beginning = { at, nextCheckAt: at + firstCheckIn, verifyUntil: at + settings.patienceMs };
    if (known) await store.renewDomain(tx, known, beginning);
    else await store.insertDomain(tx, { site: site.id, service: site.key, hostname: name }, beginning);
    await note(tx, caller, site, 'domain.add', 'accepted', name, at);
    return true;
  };

  /**
   * Adds a domain, or answers with the one that the site has already. Its first
   * look is made with the call when the caller is `looking`, else in the background.
   * Errors: `domain_invalid`, `domain_reserved`, `domain_taken`, `quota_exceeded`
   * with the figures, `not_supported`, what the state table refuses.
   */
  const add = async (caller: Caller, ref: SiteRef, text: string, looking?: Looking): Promise<ShownDomain> => {
    const hostname = readHostname(text);
    requireFree(hostname, settings.ours);
    if (hostname.wildcard && !proxy.wildcards) {
      throw new AppError('conflict', 'not_supported', 'Wildcards are not possible on this infrastructure.');
    }
    const { name } = hostname;
    let isNew = false;
    const { site } = await sites.change(caller, ref, 'domain', async (tx, held) => {
      isNew = await begin(tx, caller, held, name, looking ? checkLeaseMs : 0);
      return null;
    });
    const domain = await requireDomain(site, name);
    if (!looking) wake();
    if (!looking || domain.state !== 'pending_verification') return shown(site, name);
    // The first look was claimed with the row.
    const look = isNew ? checks.carryOut : checks.look;
    return shown(site, name, await look(domain, site, looking.signal));
  };

  return {
    add,

    /** Looks at the DNS of a domain now; one that was given up begins anew. Errors: as `add`, and `not_found`. */
    verify: async (caller: Caller, ref: SiteRef, text: string, looking: Looking): Promise<ShownDomain> => {
      const site = await sites.get(caller, ref);
      const domain = await requireDomain(site, readHostname(text).name);
      requireAllowed(site, 'domain');
      if (!isCounted(domain.state)) return add(caller, ref, domain.hostname, looking);
      return shown(site, domain.hostname, await checks.look(domain, site, looking.signal));
    },

    /** Takes a domain off a site. Its name rests before another customer gets it. Errors: `not_found`, `operation_in_progress`. */
    remove: async (caller: Caller, ref: SiteRef, text: string): Promise<ShownDomain> => {
      const { name } = readHostname(text);
      let last: Domain | undefined;
      const { site, operation } = await sites.change(caller, ref, 'domain', async (tx, held) => {
        const domain = await store.findDomain(tx, held.id, name);
        if (!domain) throw notThere(name);
        last = domain;
        const isOnRoute = domain.state === 'issuing' || domain.state === 'active' || domain.state === 'removing';
        // One that is being put on the route makes the site busy, and this is refused.
        if (isOnRoute) return { definition: definitions.disconnect, params: { hostname: name } };
        if (!(await store.deleteDomain(tx, domain))) throw notThere(name);
        if (isCounted(domain.state)) await returnQuota(tx, held.key, domainQuota);
        await note(tx, caller, held, 'domain.remove', 'done', name, await db.now(tx));
        return null;
      });
      if (!last) throw notThere(name);
      return now(site, last, operation);
    },

    get: async (caller: Pick<Caller, 'panelId'>, ref: SiteRef, text: string): Promise<ShownDomain> => {
      const { name } = readHostname(text);
      return shown(await sites.get(caller, ref), name);
    },

    /** How a domain is once an operation on it has gone on, also when it is gone. */
    after: ({ site, domain }: ShownDomain, operation: Operation): Promise<ShownDomain> => now(site, domain, operation),

    list: async (caller: Pick<Caller, 'panelId'>, ref: SiteRef): Promise<DomainList> => {
      const site = await sites.get(caller, ref);
      const all = await store.listDomains(db.knex, site.id);
      const quota = (await sites.quotas(site)).find(({ resource }) => resource === domainQuota);
      const domains: ShownDomain[] = [];
      for (const domain of all) domains.push(await show(site, domain, await operationOn(site, domain)));
      const { used, limit } = quota ?? { used: 0, limit: 0 };
      return { site, domains, quota: { used, limit, remaining: Math.max(0, limit - used) } };
    },

    /** A name in a domain that leads to a site of that customer, or to one of nobody's; null when there is none. */
    findIn: (domain: { panelId: string; customerId: string | null; name: string }) => findHeldIn(db.knex, domain),

    /** The address that a visitor types. Null for a wildcard, which is not one address. */
    urlOf: (name: string): string | null => (hostnameOf(name).wildcard ? null : proxy.urlFor(name)),

    lookAtDue: checks.lookAtDue,
  };
};

export type Domains = ReturnType<typeof createDomains>;

/** A site is gone, and its domains with it; their names rest. In the transaction that says so. */
export const forgetDomains = async (tx: Tx, siteId: string, freeAt: number): Promise<void> => {
  await store.deleteDomains(tx, siteId);
  await releaseNames(tx, siteId, freeAt);
};

/** The custom domains that lead to a site now. */
export const activeDomains = store.activeHostnames;
