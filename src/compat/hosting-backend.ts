/**
 * The calls of existing hosting extensions, unchanged: a table onto the same use
 * cases, never a second path. Such clients take no 202 and do not come back
 * later, so a busy service is waited for, a little.
 */
import type { Handlers } from '../contract/handler.ts';
import type { Backups } from '../features/backups/backups.ts';
import { isCounted } from '../features/domains/domain.ts';
import { describeDomain } from '../features/domains/domain-view.ts';
import type { Domains, ShownDomain } from '../features/domains/domains.ts';
import { refuseFailed } from '../features/operations/end-of.ts';
import { whenFree as waitUntilFree } from '../features/operations/when-free.ts';
import type { Changed } from '../features/sites/change-site.ts';
import type { Site } from '../features/sites/site.ts';
import type { Sites } from '../features/sites/sites.ts';
import type { Caller } from '../kit/caller.ts';
import { AppError } from '../kit/errors.ts';
import type { Operations } from '../operations/operations.ts';
import type { ComputeStatus } from '../ports/compute.ts';

/** Their requests end after 25 seconds. */
const patienceMs = 18_000;

type Ids =
  | 'compatCreateSite'
  | 'compatDeleteSite'
  | 'compatSuspend'
  | 'compatUnsuspend'
  | 'compatUpgrade'
  | 'compatGetStatus'
  | 'compatAction'
  | 'compatActions'
  | 'compatListBackups'
  | 'compatCreateBackup'
  | 'compatDeleteBackup'
  | 'compatRollback'
  | 'compatToggle'
  | 'compatListDomains'
  | 'compatAddDomain'
  | 'compatDeleteDomain'
  | 'compatAddCustomDomain';

/** One word for how a site is: of a site in use, what its workload does. */
const statusWord = (site: Site, status: ComputeStatus | null) =>
  site.state === 'active' || site.state === 'stopped' ? (status?.state ?? 'unknown') : site.state;

const whole = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value));

export interface HostingBackend {
  sites: Sites;
  backups: Backups;
  domains: Domains;
  operations: Operations;
}

interface DomainWish {
  caller: Caller;
  body: { service_id: string | number; domain: string };
  signal: AbortSignal;
}

export const hostingBackendHandlers = ({ sites, backups, domains, operations }: HostingBackend) => {
  const whenFree = <T>(caller: Caller, signal: AbortSignal, call: () => Promise<T>): Promise<T> =>
    waitUntilFree(operations, caller, { patienceMs, signal }, call);

  const asStatus = ({ site, fresh }: Changed, word: Site['state']) => {
    const status = fresh ? word : site.state;
    return { status: 200, body: { success: true, service_id: site.key.serviceId, status } } as const;
  };

  /** Where a call leads, said at once although the work goes on: these clients only ask whether it was taken. */
  const act = async ({
    caller,
    path,
    body,
    signal,
  }: {
    caller: Caller;
    path: { action: 'start' | 'stop' | 'restart' | 'reset' };
    body: { service_id: string | number };
    signal: AbortSignal;
  }) =>
    asStatus(
      await whenFree(caller, signal, () => sites.act(caller, { serviceId: String(body.service_id) }, path.action)),
      path.action === 'stop' ? 'stopped' : 'active',
    );

  const backupList = async (caller: Caller, serviceId: string) => {
    const { site, backups: all, quota } = await backups.list(caller, { serviceId });
    const names = all.filter(({ state }) => state === 'ready').map(({ name }) => name);
    const body = {
      success: true,
      service_id: site.key.serviceId,
      backups: names,
      quota: `${quota.used}/${quota.limit}`,
    } as const;
    return { status: 200, body } as const;
  };

  /** Waits a little for the end, so that the list is as the caller expects it. */
  const thenList = async (
    caller: Caller,
    signal: AbortSignal,
    serviceId: string,
    call: (serviceId: string) => Promise<Changed>,
  ) => {
    const { operation } = await whenFree(caller, signal, () => call(serviceId));
    const ended = operation && (await operations.waitForRest(operation.id, patienceMs, signal));
    if (ended) refuseFailed(operations, ended);
    return backupList(caller, serviceId);
  };

  /** Waits a little for what was begun, and says how many more the site may have. */
  const asDomain = async (caller: Caller, shown: ShownDomain, until: AbortSignal) => {
    const { operation } = shown;
    const ended = operation && (await operations.waitForRest(operation.id, patienceMs, until));
    const now = ended ? await domains.after(shown, ended) : shown;
    const service_id = now.site.key.serviceId;
    const { quota } = await domains.list(caller, { serviceId: service_id });
    const body = {
      success: true,
      service_id,
      domain: now.domain.hostname,
      status: now.domain.state,
      message: describeDomain(now),
      remaining: quota.remaining,
    } as const;
    return { ended, reply: { status: 200, body } as const };
  };

  /** What the DNS says is looked at within the call, because such a client shows the answer and does not come back. */
  const addDomain = async ({ caller, body, signal }: DomainWish) => {
    const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const serviceId = String(body.service_id);
    const shown = await whenFree(caller, signal, () =>
      domains.add(caller, { serviceId }, body.domain, { signal: until }),
    );
    return (await asDomain(caller, shown, until)).reply;
  };

  return {
    compatCreateSite: async ({ caller, body }) => {
      const { site, operation } = await sites.create(caller, {
        service_id: String(body.service_id),
        email: body.email,
        plan: body.plan,
        ...(body.public_ip === undefined ? {} : { public_ip: body.public_ip }),
      });
      return {
        status: 200,
        body: {
          success: true,
          service_id: site.key.serviceId,
          vmid: site.vmid ?? 0,
          private_ip: site.privateIp ?? '',
          subdomain: site.subdomain ?? '',
          status: site.state,
          operation_id: operation.id,
        },
      };
    },
    compatDeleteSite: async ({ caller, body }) => {
      const serviceId = String(body.service_id);
      try {
        return asStatus(await sites.remove(caller, { serviceId }), 'deleted');
      } catch (error) {
        // What is not there need not be deleted; a panel that ends a service must not fail over it.
        if (!(error instanceof AppError) || error.kind !== 'not_found') throw error;
        return { status: 200, body: { success: true, service_id: serviceId, status: 'deleted' } };
      }
    },
    compatSuspend: async ({ caller, body, signal }) =>
      asStatus(
        await whenFree(caller, signal, () => sites.suspend(caller, { serviceId: String(body.service_id) })),
        'suspended',
      ),
    compatUnsuspend: async ({ caller, body, signal }) =>
      asStatus(
        await whenFree(caller, signal, () => sites.unsuspend(caller, { serviceId: String(body.service_id) })),
        'active',
      ),
    compatUpgrade: async ({ caller, body, signal }) => {
      const { site } = await whenFree(caller, signal, () =>
        sites.upgrade(caller, { serviceId: String(body.service_id) }, body.plan),
      );
      return {
        status: 200,
        body: { success: true, service_id: site.key.serviceId, plan: body.plan, status: site.state },
      };
    },
    compatGetStatus: async ({ caller, query }) => {
      const { site, status } = await sites.statusIfKnown(caller, { serviceId: query.service_id });
      const { domains: all } = await domains.list(caller, { serviceId: query.service_id });
      return {
        status: 200,
        body: {
          service_id: site.key.serviceId,
          vmid: site.vmid,
          private_ip: site.privateIp,
          subdomain: site.subdomain,
          public_ip: site.publicIp,
          status: statusWord(site, status),
          node: status?.node ?? null,
          resources: {
            cpu: status?.cpu ?? null,
            memory: whole(status?.memoryBytes),
            uptime: whole(status?.uptimeSeconds),
          },
          domains: all.filter(({ domain }) => domain.state === 'active').map(({ domain }) => domain.hostname),
        },
      };
    },
    compatListBackups: ({ caller, query }) => backupList(caller, query.service_id),
    compatCreateBackup: ({ caller, body, signal }) =>
      thenList(caller, signal, String(body.service_id), (serviceId) => backups.create(caller, { serviceId })),
    compatDeleteBackup: ({ caller, body, signal }) =>
      thenList(caller, signal, String(body.service_id), (serviceId) => backups.remove(caller, { serviceId }, body.bak)),
    compatRollback: ({ caller, body, signal }) =>
      thenList(caller, signal, String(body.service_id), (serviceId) =>
        backups.rollback(caller, { serviceId }, body.bak),
      ),
    compatToggle: async ({ caller, body, signal }) => {
      const changed = await whenFree(caller, signal, () =>
        sites.toggleProxy(caller, { serviceId: String(body.service_id) }),
      );
      return {
        status: 200,
        body: { success: true, service_id: changed.site.key.serviceId, enabled: !changed.site.proxyEnabled },
      };
    },
    compatListDomains: async ({ caller, query }) => {
      const { site, domains: all, quota } = await domains.list(caller, { serviceId: query.service_id });
      const counted = all.filter(({ domain }) => isCounted(domain.state));
      return {
        status: 200,
        body: {
          success: true,
          service_id: site.key.serviceId,
          domains: counted.map(({ domain }) => domain.hostname),
          quota: `${quota.used}/${quota.limit}`,
          remaining: quota.remaining,
          details: all.map((shown) => ({
            domain: shown.domain.hostname,
            status: shown.domain.state,
            message: describeDomain(shown),
          })),
        },
      };
    },
    compatAddDomain: addDomain,
    compatAddCustomDomain: addDomain,
    compatDeleteDomain: async ({ caller, body, signal }) => {
      const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      const serviceId = String(body.service_id);
      const shown = await whenFree(caller, signal, () => domains.remove(caller, { serviceId }, body.domain));
      const { ended, reply } = await asDomain(caller, shown, until);
      if (ended) refuseFailed(operations, ended);
      return reply;
    },
    compatAction: act,
    compatActions: act,
  } satisfies Handlers<Ids>;
};
