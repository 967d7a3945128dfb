/**
 * The operations that put a verified domain on a site's route, and take one off.
 * Both are short: the wait for the DNS is before them and holds no operation.
 */
import { z } from 'zod';
import type { Database, Tx } from '../../database/database.ts';
import { defineOperation } from '../../operations/definition.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import { returnQuota } from '../../operations/quota.ts';
import type { ReverseProxy } from '../../ports/proxy.ts';
import { outsideName, type Site } from '../sites/site.ts';
import type { OnSite, SiteSteps } from '../sites/site-steps.ts';
import type { DomainState } from './domain.ts';
import * as store from './domain-store.ts';
import { releaseName } from './name-store.ts';

export const domainQuota = 'domains';

const routeTimeoutMs = 60_000;
const certificateTimeoutMs = 120_000;
/** Nothing else is done on the site meanwhile, so it is not tried for long; the domain waits and comes again. */
const maxAttempts = 4;
const deadlineSeconds = 900;
const retryMs = 600_000;

const domainParams = z.object({ hostname: z.string() });
export type DomainParams = z.infer<typeof domainParams>;

/** What the steps work on: the site as its rows are, and the name that comes or goes. */
export interface OnDomain extends OnSite {
  hostname: string;
}

export interface DomainStepDeps {
  db: Database;
  proxy: ReverseProxy;
  blocks: SiteSteps;
  /** How long a name that was removed rests, in milliseconds. */
  restMs: number;
}

export const domainOperations = ({ db, proxy, blocks, restMs }: DomainStepDeps) => {
  const { siteOf, load, showAsBefore } = blocks;

  const loadDomain = async (
    queries: Parameters<typeof load>[0],
    key: ServiceKey,
    { hostname }: DomainParams,
  ): Promise<OnDomain> => ({ ...(await load(queries, key)), hostname });

  const withName = ({ domains, hostname }: OnDomain) => [...domains.filter((name) => name !== hostname), hostname];
  const withoutName = ({ domains, hostname }: OnDomain) => domains.filter((name) => name !== hostname);

  const move = async (
    tx: Tx,
    site: Site,
    hostname: string,
    from: DomainState,
    to: Parameters<typeof store.moveDomain>[3],
  ) => store.moveDomain(tx, { site: site.id, hostname }, from, to);

  const connect = defineOperation<OnDomain, DomainParams>({
    kind: 'site.domain-add',
    params: domainParams,
    doneMessage: 'The domain leads to the site',
    maxAttempts,
    deadlineSeconds,
    load: loadDomain,
    accepted: async (tx, key, { hostname }) => {
      await move(tx, await siteOf(tx, key), hostname, 'pending_verification', { state: 'issuing' });
    },
    steps: [
      {
        name: 'route-domain',
        say: 'Leading the domain to the site',
        uses: proxy,
        timeoutMs: routeTimeoutMs,
        run: (on) => showAsBefore({ ...on, domains: withName(on) }),
        undo: (on) => showAsBefore({ ...on, domains: withoutName(on) }),
      },
      {
        name: 'ensure-certificate',
        say: 'Getting the certificate of the domain',
        uses: proxy,
        timeoutMs: certificateTimeoutMs,
        run: ({ site, signal }) => proxy.ensureCertificate(outsideName(site), signal),
      },
    ],
    done: async (tx, key, { hostname }) => {
      const site = await siteOf(tx, key);
      await move(tx, site, hostname, 'issuing', { state: 'active', activeAt: await db.now(tx) });
    },
    // Its DNS was right, so it is not the customer's fault: it waits and is tried again, up to its deadline.
    failed: async (tx, key, { hostname }) => {
      const site = await siteOf(tx, key);
      const at = await db.now(tx);
      const domain = await store.findDomain(tx, site.id, hostname);
      if (!domain) return;
      await releaseName(tx, hostname, site.id, at);
      const isLate = at >= domain.verifyUntil;
      const moved = await move(
        tx,
        site,
        hostname,
        'issuing',
        isLate
          ? { state: 'failed', reason: 'infrastructure' }
          : { state: 'pending_verification', reason: 'infrastructure', nextCheckAt: at + retryMs },
      );
      if (moved && isLate) await returnQuota(tx, key, domainQuota);
    },
  });

  const disconnect = defineOperation<OnDomain, DomainParams>({
    kind: 'site.domain-remove',
    params: domainParams,
    doneMessage: 'The domain is removed',
    load: loadDomain,
    accepted: async (tx, key, { hostname }) => {
      await move(tx, await siteOf(tx, key), hostname, 'active', { state: 'removing' });
    },
    steps: [
      {
        name: 'unroute-domain',
        say: 'Taking the domain off the site',
        uses: proxy,
        timeoutMs: routeTimeoutMs,
        run: (on) => showAsBefore({ ...on, domains: withoutName(on) }),
        undo: (on) => showAsBefore({ ...on, domains: withName(on) }),
      },
    ],
    done: async (tx, key, { hostname }) => {
      const site = await siteOf(tx, key);
      if (!(await store.deleteDomain(tx, { site: site.id, hostname, state: 'removing' }))) return;
      await returnQuota(tx, key, domainQuota);
      await releaseName(tx, hostname, site.id, (await db.now(tx)) + restMs);
    },
    failed: async (tx, key, { hostname }) => {
      await move(tx, await siteOf(tx, key), hostname, 'removing', { state: 'active' });
    },
  });

  return { connect, disconnect };
};

export type DomainOperations = ReturnType<typeof domainOperations>;
