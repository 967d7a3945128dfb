/** What the operations of a site, and of what belongs to it, are put together from. */
import type { Queries } from '../../database/database.ts';
import { ProviderError } from '../../kit/errors.ts';
import type { Step, StepContext } from '../../operations/definition.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import type { RoutePage } from '../../ports/proxy.ts';
import { type Providers, routeOf } from './outside.ts';
import { computeRef, type Site } from './site.ts';
import type { SiteStore } from './site-store.ts';

const graceSeconds = 30;

export interface OnSite {
  site: Site;
  /** The names on its route beside its own, as the database has them. */
  domains: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: these steps look at no parameter
export type SiteStep = Step<OnSite, any>;

/** A step of any operation on a site. */
export const siteStep = (name: string, say: string, rest: Omit<SiteStep, 'name' | 'say'>): SiteStep => ({
  name,
  say,
  ...rest,
});

export interface SiteStepsDeps {
  sites: SiteStore;
  providers: Providers;
  /** The custom domains that lead to a site now. */
  domainsOf: (queries: Queries, siteId: string) => Promise<string[]>;
}

export const createSiteSteps = ({ sites, providers, domainsOf }: SiteStepsDeps) => {
  const { compute, proxy } = providers;

  const siteOf = async (queries: Queries, key: ServiceKey): Promise<Site> => {
    const site = await sites.find(queries, key);
    if (!site) throw new Error(`Service ${key.serviceId} has no row`);
    return site;
  };
  const load = async (queries: Queries, key: ServiceKey): Promise<OnSite> => {
    const site = await siteOf(queries, key);
    return { site, domains: await domainsOf(queries, site.id) };
  };

  const showPage =
    (page: RoutePage) =>
    ({ signal, ...on }: OnSite & StepContext<unknown>) =>
      proxy.putRoute(routeOf(providers, on, page), signal);

  /** What visitors see of a site that is in the state it has in the database. */
  const showAsBefore = ({ signal, ...on }: OnSite & Pick<StepContext<unknown>, 'signal'>) => {
    const { state } = on.site;
    const page = state === 'suspended' || state === 'stopped' ? state : 'site';
    return proxy.putRoute(routeOf(providers, on, page), signal);
  };

  const runAsBefore = ({ site, signal }: OnSite & StepContext<unknown>) =>
    site.state === 'active'
      ? compute.start(computeRef(site), signal)
      : compute.stop(computeRef(site), { graceSeconds }, signal);

  // Visitors first: a stopped site behind an open route looks broken, not suspended or stopped.
  const closeRoute = (page: 'suspended' | 'stopped') =>
    siteStep('close-route', 'Closing the site to visitors', { uses: proxy, run: showPage(page), undo: showAsBefore });
  const openRoute = siteStep('open-route', 'Opening the site to visitors', {
    uses: proxy,
    run: showPage('site'),
    undo: showAsBefore,
  });
  const stopCompute = siteStep('stop-compute', 'Stopping the site', {
    uses: compute,
    timeoutMs: 60_000,
    run: ({ site, signal }) => compute.stop(computeRef(site), { graceSeconds }, signal),
    undo: runAsBefore,
  });
  const startCompute = siteStep('start-compute', 'Starting the site', {
    uses: compute,
    timeoutMs: 120_000,
    run: ({ site, signal, report }) => compute.start(computeRef(site), signal, report),
    undo: runAsBefore,
  });

  /** Refuses, before visitors notice anything, to go back where the storage cannot: some only goes back to its newest copy. */
  const checkReachable = <Params>(nameOf: (params: Params) => string) =>
    siteStep('check-copy', 'Looking at the copies of the site', {
      uses: compute,
      run: async ({ site, params, signal }) => {
        const names = (await compute.listSnapshots(computeRef(site), signal)).map((each) => each.name);
        const [name, newest] = [nameOf(params), names.at(-1)];
        if (!names.includes(name)) throw new ProviderError(compute.id, 'not_found', `There is no copy ${name}`);
        if (compute.capabilities.rollbackTo !== 'newest' || newest === name) return;
        throw new ProviderError(compute.id, 'invalid', `Only the newest copy can be put back, which is ${newest}`);
      },
    });

  return { checkReachable, siteOf, load, showAsBefore, closeRoute, openRoute, stopCompute, startCompute, runAsBefore };
};

export type SiteSteps = ReturnType<typeof createSiteSteps>;
