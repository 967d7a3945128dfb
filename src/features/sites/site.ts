/** A site, its states, and where each call leads from each of them. Pure. */
import { AppError } from '../../kit/errors.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import type { ComputeRef } from '../../ports/compute.ts';

export const siteStates = ['creating', 'active', 'stopped', 'suspended', 'failed', 'deleting', 'deleted'] as const;
export type SiteState = (typeof siteStates)[number];

export const siteCalls = [
  'create',
  'suspend',
  'unsuspend',
  'upgrade',
  'start',
  'stop',
  'restart',
  'reset',
  'login',
  'proxy',
  'backup',
  'rollback',
  'domain',
  'delete',
] as const;
export type SiteCall = (typeof siteCalls)[number];

/** A site as it is in the database. */
export interface Site {
  key: ServiceKey;
  /** Ours; names of outside objects come from it. */
  id: string;
  customerId: string | null;
  state: SiteState;
  plan: string;
  generation: number;
  email: string;
  /** Null once the name was given back, like the next three. */
  subdomain: string | null;
  hostname: string | null;
  vmid: number | null;
  privateIp: string | null;
  publicIp: string;
  memoryMb: number;
  diskMb: number;
  /** Whether visitors are let in. */
  proxyEnabled: boolean;
  suspendedAt: number | null;
  suspendedReason: string | null;
  createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
  /** The operation of the last create. */
  createdBy: string;
}

/** Names a site of the caller's panel; with a customer, it must be that customer's. */
export interface SiteRef {
  serviceId: string;
  customerId?: string | undefined;
}

/** Where each call leads from each state. A pair that is not here is refused, with a sentence that says why. */
export const leadsTo = {
  creating: { delete: 'deleted' },
  active: {
    suspend: 'suspended',
    unsuspend: 'active',
    upgrade: 'active',
    start: 'active',
    stop: 'stopped',
    restart: 'active',
    reset: 'active',
    login: 'active',
    delete: 'deleted',
    proxy: 'active',
    backup: 'active',
    rollback: 'active',
    domain: 'active',
  },
  stopped: {
    suspend: 'suspended',
    unsuspend: 'stopped',
    upgrade: 'stopped',
    start: 'active',
    stop: 'stopped',
    restart: 'active',
    reset: 'active',
    delete: 'deleted',
    proxy: 'stopped',
    backup: 'stopped',
    rollback: 'active',
    domain: 'stopped',
  },
  suspended: { suspend: 'suspended', unsuspend: 'active', delete: 'deleted' },
  failed: { create: 'active', delete: 'deleted' },
  deleting: { delete: 'deleted' },
  deleted: { delete: 'deleted' },
} as const satisfies Record<SiteState, Partial<Record<SiteCall, SiteState>>>;

/** Calls that find everything as wished: they are answered at once, without an operation. */
const settled: Partial<Record<SiteState, SiteCall>>[] = [
  { suspended: 'suspend' },
  { active: 'unsuspend' },
  { stopped: 'unsuspend' },
  { deleted: 'delete' },
];

export const isSettled = (state: SiteState, call: SiteCall): boolean => settled.some((pair) => pair[state] === call);

export const isAllowed = (state: SiteState, call: SiteCall): boolean => call in leadsTo[state];

/** Why a call is refused in a state. Total over the pairs that `leadsTo` lacks. */
const refusal = (site: Site, call: SiteCall): AppError => {
  const name = `Service ${site.key.serviceId}`;
  if (call === 'create') {
    return site.state === 'deleted' || site.state === 'deleting'
      ? new AppError('conflict', 'service_deleted', `${name} was deleted. Create the new one under another service_id.`)
      : new AppError(
          'conflict',
          'service_exists',
          `${name} exists already, with the plan "${site.plan}" and other details.`,
        );
  }
  switch (site.state) {
    case 'creating':
      return new AppError('conflict', 'operation_in_progress', `${name} is still being created.`, {
        retryAfter: 5,
        details: { operation_id: site.createdBy },
      });
    case 'suspended':
      return new AppError('forbidden', 'service_suspended', `${name} is suspended. Unsuspend it first.`);
    case 'failed':
      return new AppError('conflict', 'service_failed', `${name} could not be created. Create it again or delete it.`);
    case 'deleting':
    case 'deleted':
      return new AppError('conflict', 'service_deleted', `${name} was deleted.`);
    case 'active':
    case 'stopped':
      return new AppError('conflict', 'not_allowed_now', `${name} is ${site.state}: ${call} is not possible now.`);
  }
};

/** Errors: the refusal of the pair, when `leadsTo` does not have it. */
export const requireAllowed = (site: Site, call: SiteCall): void => {
  if (!isAllowed(site.state, call)) throw refusal(site, call);
};

/** The name of everything that belongs to the site outside. It comes from our own id, so no panel can choose another's. */
export const outsideName = (site: Pick<Site, 'id'>): string => `svc-${site.id.toLowerCase()}`;

/** How the compute provider finds the site. */
export const computeRef = (site: Site): ComputeRef => ({
  name: outsideName(site),
  vmid: site.vmid ?? 0,
  ...(site.privateIp === null ? {} : { privateIp: site.privateIp }),
});
