import type { Handlers, Input, OperationId, Schema } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { instant } from '../../kit/instant.ts';
import type { ShownOperation } from '../../operations/beside-service.ts';
import { isAtRest, isEnded, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Quota } from '../../operations/quota.ts';
import { endOf, refuseFailed } from '../operations/end-of.ts';
import { operationView, watchHeaders } from '../operations/operation-view.ts';
import type { Changed } from './change-site.ts';
import type { Created } from './create-site.ts';
import type { Site, SiteRef } from './site.ts';
import { siteView, statusView, usageView } from './site-view.ts';
import type { SiteDetails, Sites } from './sites.ts';

type Ids =
  | 'createSite'
  | 'listSites'
  | 'getSite'
  | 'deleteSite'
  | 'suspendSite'
  | 'unsuspendSite'
  | 'upgradeSite'
  | 'runSiteAction'
  | 'setSiteProxy'
  | 'getSiteStatus'
  | 'getSiteUsage'
  | 'listUsage'
  | 'createLoginLink'
  | 'setSitePassword'
  | 'listSiteOperations';

/** The site that a request names, by its path and, where it says so, its customer. */
const refOf = (path: { service_id: string }, says?: { customer_id?: string | undefined }): SiteRef => ({
  serviceId: path.service_id,
  customerId: says?.customer_id,
});

/** How every call that changes a site answers, whichever feature it belongs to. */
export const siteAnswers = (sites: Sites, operations: Operations) => {
  const show = (site: Site, quotas: Quota[], operation: ShownOperation | null): Schema<'Site'> =>
    siteView(site, {
      url: sites.urlOf(site),
      quotas,
      operation,
      retryable: operation !== null && operations.isRetryable(operation),
    });

  const view = async (site: Site, operation: Operation | null): Promise<Schema<'Site'>> =>
    show(site, await sites.quotas(site), operation);

  /** The end of what was begun, if the caller waits for it and it comes in time. */
  const settled = async (
    changed: Changed | Created,
    input: Pick<Input<OperationId>, 'caller' | 'waitSeconds' | 'signal'>,
  ): Promise<Changed> => {
    const { site, operation, fresh } = changed;
    if (!operation || isAtRest(operation.state) || input.waitSeconds === 0) return changed;
    const ended = await endOf(operations, operation, input);
    const now = await sites.get(input.caller, { serviceId: site.key.serviceId });
    return { site: now, operation: ended, fresh };
  };

  /** 202 while the work goes on, 200 (or 201 for what was made) once it is done. */
  const accepted = async (
    change: Promise<Changed | Created>,
    input: Pick<Input<OperationId>, 'caller' | 'waitSeconds' | 'signal'>,
  ) => {
    const { site, operation, fresh } = await settled(await change, input);
    // What was as wished already is not refused for an earlier operation that failed.
    if (operation && input.waitSeconds > 0 && (fresh || site.state === 'failed')) refuseFailed(operations, operation);
    const body = await view(site, operation);
    if (operation && !isEnded(operation.state)) return { status: 202, headers: watchHeaders(operation), body } as const;
    return { status: 200, body } as const;
  };

  return { show, view, accepted };
};

export const siteHandlers = (sites: Sites, operations: Operations) => {
  const { show, accepted } = siteAnswers(sites, operations);

  return {
    createSite: async (input) => {
      const { service_id: serviceId, ...wish } = input.body;
      const created = await sites.create(input.caller, { ...wish, service_id: String(serviceId) });
      const reply = await accepted(Promise.resolve(created), input);
      return reply.status === 200 && created.fresh ? { ...reply, status: 201 } : reply;
    },
    listSites: async ({ caller, query }) => {
      const { limit, after } = pageWish(query);
      const filter = {
        panelId: caller.panelId,
        ...(query.customer_id === undefined ? {} : { customerId: query.customer_id }),
        ...(query.state === undefined ? {} : { state: query.state }),
        ...(query.plan === undefined ? {} : { plan: query.plan }),
        ...(query.search === undefined ? {} : { search: query.search }),
      };
      const page = { limit: limit + 1, ...(after === undefined ? {} : { before: after }) };
      const found = await sites.listDetails(filter, page);
      const each = ({ site, quotas, operation }: SiteDetails) => show(site, quotas, operation);
      return { status: 200, body: pageOf(found, limit, ({ site }) => site.id, each) };
    },
    getSite: async (input) => {
      const { site, quotas, operation } = await sites.getDetails(input.caller, refOf(input.path, input.query));
      return { status: 200, body: show(site, quotas, operation) };
    },
    deleteSite: (input) => accepted(sites.remove(input.caller, refOf(input.path, input.query)), input),
    suspendSite: (input) =>
      accepted(sites.suspend(input.caller, refOf(input.path, input.body), input.body?.reason), input),
    unsuspendSite: (input) => accepted(sites.unsuspend(input.caller, refOf(input.path, input.body)), input),
    upgradeSite: (input) =>
      accepted(sites.upgrade(input.caller, refOf(input.path, input.body), input.body.plan), input),
    runSiteAction: (input) =>
      accepted(sites.act(input.caller, refOf(input.path, input.body), input.path.action), input),
    setSiteProxy: (input) =>
      accepted(sites.setProxy(input.caller, refOf(input.path, input.body), input.body.enabled), input),
    getSiteStatus: async (input) => {
      const { site, status } = await sites.status(input.caller, refOf(input.path, input.query));
      return { status: 200, body: statusView(site, status) };
    },
    getSiteUsage: async (input) => ({
      status: 200,
      body: usageView(await sites.status(input.caller, refOf(input.path, input.query))),
    }),
    listUsage: async ({ caller, query, signal }) => {
      const { limit, after } = pageWish(query);
      const found = await sites.list(
        { panelId: caller.panelId },
        { limit: limit + 1, ...(after === undefined ? {} : { before: after }) },
      );
      const insights = await sites.statusOfAll(found.slice(0, limit), signal);
      const page = pageOf(
        found,
        limit,
        (site) => site.id,
        (site) => site,
      );
      return { status: 200, body: { data: insights.map(usageView), next_cursor: page.next_cursor } };
    },
    createLoginLink: async ({ caller, path, body }) => {
      const { url, expiresAt } = await sites.loginLink(caller, refOf(path, body));
      return { status: 201, body: { url, expires_at: instant(expiresAt) } };
    },
    setSitePassword: async ({ caller, path, body }) => ({
      status: 200,
      body: await sites.setPassword(caller, refOf(path, body), body?.password),
    }),
    listSiteOperations: async (input) => {
      const site = await sites.get(input.caller, refOf(input.path, input.query));
      const { limit, after } = pageWish(input.query);
      const found = await sites.operationsOf(site, {
        limit: limit + 1,
        ...(after === undefined ? {} : { before: after }),
      });
      const each = (operation: Operation) => operationView(operation, operations.isRetryable(operation));
      return { status: 200, body: pageOf(found, limit, (operation) => operation.id, each) };
    },
  } satisfies Handlers<Ids>;
};
