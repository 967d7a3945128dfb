/** Sites, as handlers, the compat tables and the CLI see them. */
import type { Queries } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import { type Quota, readQuotas } from '../../operations/quota.ts';
import { type Changed, changeSite } from './change-site.ts';
import { type Created, type CreateWish, createSite } from './create-site.ts';
import { createInsight } from './insight.ts';
import { createSignIn } from './sign-in.ts';
import type { Site, SiteRef } from './site.ts';
import type { SiteDeps } from './site-deps.ts';
import { type SiteDetails, type SiteFilter, type SitePage, siteKey } from './site-store.ts';

export type { SiteDetails };

export type SiteAction = 'start' | 'stop' | 'restart' | 'reset';

const limitsOf = (quotas: Quota[]): { backups: number; domains: number } => {
  const limit = (resource: string) => quotas.find((quota) => quota.resource === resource)?.limit ?? 0;
  return { backups: limit('backups'), domains: limit('domains') };
};

const requireOwned = <Found>(found: Found | null, siteOf: (found: Found) => Site, ref: SiteRef): Found => {
  if (found && (ref.customerId === undefined || siteOf(found).customerId === ref.customerId)) return found;
  throw new AppError('not_found', 'not_found', `There is no service ${ref.serviceId}.`);
};

export const createSites = (deps: SiteDeps) => {
  const { db, operations, sites, plans, definitions, providers } = deps;

  /** Errors: `not_found` (404) when it is not there, another panel's, or not the named customer's. */
  const requireSite = async (queries: Queries, caller: Pick<Caller, 'panelId'>, ref: SiteRef): Promise<Site> => {
    const site = await sites.find(queries, siteKey(caller.panelId, ref.serviceId));
    return requireOwned(site, (found) => found, ref);
  };

  const change = changeSite(deps, requireSite);
  const create = createSite(deps);
  const plainly =
    <Name extends 'remove' | 'unsuspend' | SiteAction>(name: Name) =>
    async () => ({
      definition: definitions[name],
      params: {},
    });

  const remove = (caller: Caller, ref: SiteRef): Promise<Changed> => change(caller, ref, 'delete', plainly('remove'));
  const suspend = (caller: Caller, ref: SiteRef, reason?: string): Promise<Changed> =>
    change(caller, ref, 'suspend', async () => ({
      definition: definitions.suspend,
      params: reason === undefined ? {} : { reason },
    }));
  const unsuspend = (caller: Caller, ref: SiteRef): Promise<Changed> =>
    change(caller, ref, 'unsuspend', plainly('unsuspend'));
  const act = (caller: Caller, ref: SiteRef, action: SiteAction): Promise<Changed> =>
    change(caller, ref, action, plainly(action));
  const upgrade = (caller: Caller, ref: SiteRef, planName: string): Promise<Changed> =>
    change(caller, ref, 'upgrade', async (tx, site) => {
      const plan = await plans.require(tx, planName);
      return {
        definition: definitions.upgrade,
        params: {
          plan: plan.name,
          memory_mb: plan.memoryMb,
          disk_mb: plan.diskMb,
          backups: plan.backups,
          domains: plan.domains,
          before: limitsOf(await readQuotas(tx, site.key)),
        },
      };
    });

  const setProxy = (caller: Caller, ref: SiteRef, enabled: boolean): Promise<Changed> =>
    change(caller, ref, 'proxy', async () => ({ definition: definitions.setProxy, params: { enabled } }));
  /** Off when it is on, and on when it is off. */
  const toggleProxy = (caller: Caller, ref: SiteRef): Promise<Changed> =>
    change(caller, ref, 'proxy', async (_tx, site) => ({
      definition: definitions.setProxy,
      params: { enabled: !site.proxyEnabled },
    }));

  const operationOf = async (changed: Promise<Changed | Created>): Promise<Operation> => {
    const { operation } = await changed;
    if (!operation) throw new AppError('conflict', 'operation_ended', 'There is nothing left to do.');
    return operation;
  };

  // What an operator's retry of a failed operation does: the same call again.
  definitions.create.again = (caller, service, params) =>
    operationOf(create(caller, { ...params, service_id: service.serviceId }));
  definitions.suspend.again = (caller, service, { reason }) => operationOf(suspend(caller, service, reason));
  definitions.unsuspend.again = (caller, service) => operationOf(unsuspend(caller, service));
  definitions.setProxy.again = (caller, service, { enabled }) => operationOf(setProxy(caller, service, enabled));
  definitions.upgrade.again = (caller, service, { plan }) => operationOf(upgrade(caller, service, plan));
  for (const action of ['start', 'stop', 'restart', 'reset'] as const) {
    definitions[action].again = (caller, service) => operationOf(act(caller, service, action));
  }

  return {
    create: (caller: Caller, wish: CreateWish): Promise<Created> => create(caller, wish),
    remove,
    suspend,
    unsuspend,
    act,
    upgrade,
    setProxy,
    toggleProxy,
    /** For features that change what belongs to a site: see `changeSite`. */
    change,
    get: (caller: Pick<Caller, 'panelId'>, ref: SiteRef): Promise<Site> => requireSite(db.knex, caller, ref),
    /** With what is shown beside it, in one query. Errors: as `get`. */
    getDetails: async (caller: Pick<Caller, 'panelId'>, ref: SiteRef): Promise<SiteDetails> =>
      requireOwned(
        await sites.findDetails(db.knex, siteKey(caller.panelId, ref.serviceId)),
        (found) => found.site,
        ref,
      ),
    list: (filter: SiteFilter, page: SitePage) => sites.list(db.knex, filter, page),
    listDetails: (filter: SiteFilter, page: SitePage) => sites.listDetails(db.knex, filter, page),
    quotas: (site: Site): Promise<Quota[]> => readQuotas(db.knex, site.key),
    lastOperation: (site: Site): Promise<Operation | null> => operations.last(site.key),
    operationsOf: (site: Site, page: { limit: number; before?: string }) =>
      operations.list({ panelId: site.key.panelId, service: site.key }, page),
    /** The address that a visitor types. Null once the name was given back. */
    urlOf: (site: Site): string | null => (site.hostname === null ? null : providers.proxy.urlFor(site.hostname)),
    ...createInsight({ providers, get: (caller, ref) => requireSite(db.knex, caller, ref) }),
    ...createSignIn({ db, operations, providers, get: (caller, ref) => requireSite(db.knex, caller, ref) }),
  };
};

export type Sites = ReturnType<typeof createSites>;
