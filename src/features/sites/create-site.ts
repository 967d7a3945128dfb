import type { Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { hashJson } from '../../kit/hash.ts';
import { newId, randomText } from '../../kit/ids.ts';
import type { Operation, ServiceKey } from '../../operations/operation.ts';
import { openQuotas } from '../../operations/quota.ts';
import { reserveName, reserveNumbers } from './reservation-store.ts';
import { requireAllowed, type Site } from './site.ts';
import type { SiteDeps } from './site-deps.ts';
import { siteKey } from './site-store.ts';
import type { CreateParams } from './steps.ts';
import { alternatives, isReserved, subdomainFrom } from './subdomain.ts';

export interface CreateWish extends CreateParams {
  service_id: string;
}

export interface Created {
  site: Site;
  operation: Operation;
  /** This call put it in line; false when it was asked for before. */
  fresh: boolean;
}

/** Undoes the transaction: since it read the site, somebody else has begun it anew, and may even be done. */
class Overtaken extends Error {}

/**
 * Creates a site, or answers with the one that was asked for before: the panel's
 * service_id is the key. After a create that failed, the same call tries anew.
 * Errors: `plan_unknown`, `service_exists`, `service_deleted`, `subdomain_taken`,
 * `subdomain_reserved`, `pool_exhausted`.
 */
export const createSite = ({ db, operations, sites, plans, definitions, pools, publicIp }: SiteDeps) => {
  const reserveSubdomain = async (
    tx: Tx,
    wish: CreateWish,
    holder: { panelId: string; service: string },
    now: number,
  ): Promise<string> => {
    const { subdomain } = wish;
    if (subdomain !== undefined) {
      if (isReserved(subdomain)) {
        throw new AppError(
          'invalid',
          'subdomain_reserved',
          `The subdomain "${subdomain}" is reserved. Choose another.`,
        );
      }
      if (await reserveName(tx, 'subdomain', subdomain, holder, now)) return subdomain;
      throw new AppError('conflict', 'subdomain_taken', `The subdomain "${subdomain}" is taken. Choose another.`);
    }
    for (const candidate of alternatives(subdomainFrom(wish.email), () => randomText(6))) {
      if (await reserveName(tx, 'subdomain', candidate, holder, now)) return candidate;
    }
    throw new AppError(
      'unavailable',
      'pool_exhausted',
      'No subdomain is free for this e-mail address. Send one as "subdomain".',
    );
  };

  /** What was asked for before, if this is the same wish. Null after a failed create. */
  const repeated = async (known: Site, params: CreateParams): Promise<Created | null> => {
    if (known.state === 'failed') return null;
    const operation = await operations.find(known.key.panelId, known.createdBy);
    if (known.state === 'deleted' || known.state === 'deleting' || operation.paramsHash !== hashJson(params)) {
      requireAllowed(known, 'create');
    }
    return { site: known, operation, fresh: false };
  };

  const submit = async (
    tx: Tx,
    caller: Caller,
    key: ServiceKey,
    wish: CreateWish,
    params: CreateParams,
    known: Site | null,
  ): Promise<Created> => {
    const now = await db.now(tx);
    const plan = await plans.require(tx, wish.plan);
    const id = known?.id ?? newId();
    const customerId = wish.customer_id ?? null;
    if (!known) await sites.insertService(tx, { key, id, customerId, plan: plan.name }, now);
    const operation = await operations.submit(tx, definitions.create, caller, { service: key, params, at: now });
    if (known && !(await sites.reopen(tx, key, { plan: plan.name, customerId }, now))) throw new Overtaken();
    await openQuotas(tx, key, { backups: plan.backups, domains: plan.domains });
    const holder = { panelId: key.panelId, service: id };
    const subdomain = await reserveSubdomain(tx, wish, holder, now);
    // Last of all, as whoever makes another site waits from here on.
    const [privateIp, vmid] = await reserveNumbers(tx, [pools.privateIp, pools.vmid], holder, now);
    const draft = {
      key,
      id,
      customerId,
      plan: plan.name,
      email: wish.email,
      subdomain,
      vmid,
      privateIp: pools.privateIp.format(privateIp),
      publicIp: wish.public_ip ?? publicIp,
      memoryMb: plan.memoryMb,
      diskMb: plan.diskMb,
    };
    if (known) await sites.renew(tx, draft, operation.id);
    else await sites.insert(tx, draft, operation.id);
    return { site: (await sites.find(tx, key))!, operation, fresh: true };
  };

  return async (caller: Caller, wish: CreateWish): Promise<Created> => {
    const { service_id: serviceId, ...params } = wish;
    const key = siteKey(caller.panelId, serviceId);
    for (;;) {
      // Looked at before the transaction too, so that a panel's repeats take no lock.
      const known = await sites.find(db.knex, key);
      const before = known && (await repeated(known, params));
      if (before) return before;
      const created = await operations
        .transaction(async (tx) => {
          const seen = await sites.find(tx, key);
          return seen && seen.state !== 'failed' ? null : submit(tx, caller, key, wish, params, seen);
        })
        .catch((error: unknown) => {
          if (error instanceof Overtaken) return null;
          throw error;
        });
      if (created) return created;
    }
  };
};
