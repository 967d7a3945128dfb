/**
 * Counted limits of a service. The database decides: a unit is taken by one
 * guarded UPDATE, so no race can pass the limit, and what an operation took is
 * given back once if it fails.
 */
import type { Queries, Tx } from '../database/database.ts';
import { int } from '../database/rows.ts';
import { statement, upsertInto } from '../database/statement.ts';
import { AppError } from '../kit/errors.ts';
import type { ServiceKey } from './operation.ts';

export interface Quota {
  resource: string;
  used: number;
  limit: number;
}

const where = ({ panelId, kind, serviceId }: ServiceKey) => ({ panel_id: panelId, kind, service_id: serviceId });

const upsertQuotas = upsertInto('quotas', {
  columns: ['panel_id', 'kind', 'service_id', 'resource', 'used', 'lim'],
  key: ['panel_id', 'kind', 'service_id', 'resource'],
  set: ['used', 'lim'],
});

/** Sets the limits of a new service, or of one that is made anew; what is used starts at none. */
export const openQuotas = async (
  tx: Tx,
  { panelId, kind, serviceId }: ServiceKey,
  limits: Record<string, number>,
): Promise<void> => {
  const rows = Object.entries(limits);
  if (rows.length === 0) return;
  await upsertQuotas(rows.length).change(
    tx,
    rows.flatMap(([resource, limit]) => [panelId, kind, serviceId, resource, 0, limit]),
  );
};

/** A service that is gone has no limits. */
export const closeQuotas = async (tx: Tx, service: ServiceKey): Promise<void> => {
  await tx('quotas').where(where(service)).delete();
};

export const readQuotas = async (queries: Queries, service: ServiceKey): Promise<Quota[]> => {
  const rows = await queries('quotas').where(where(service)).select('resource', 'used', 'lim').orderBy('resource');
  return rows.map((row) => ({ resource: row.resource, used: int(row.used), limit: int(row.lim) }));
};

/** The quotas of each of a panel's services of one kind, by service_id, in one query. */
export const readQuotasOfEach = async (
  queries: Queries,
  panelId: string,
  kind: string,
  serviceIds: string[],
): Promise<Map<string, Quota[]>> => {
  const rows = await queries('quotas')
    .where({ panel_id: panelId, kind })
    .whereIn('service_id', serviceIds)
    .orderBy('resource');
  const byService = new Map<string, Quota[]>(serviceIds.map((id) => [id, []]));
  for (const row of rows) {
    byService.get(row.service_id)?.push({ resource: row.resource, used: int(row.used), limit: int(row.lim) });
  }
  return byService;
};

/** Takes units. Errors: `quota_exceeded` (409) with the figures when the limit is reached. */
export const takeQuota = async (tx: Tx, service: ServiceKey, resource: string, amount = 1): Promise<void> => {
  const taken = await tx('quotas')
    .where({ ...where(service), resource })
    .whereRaw('used + ? <= lim', [amount])
    .increment('used', amount);
  if (taken === 1) return;
  const quota = (await readQuotas(tx, service)).find((candidate) => candidate.resource === resource);
  const { used, limit } = quota ?? { used: 0, limit: 0 };
  const name = `${resource.charAt(0).toUpperCase()}${resource.slice(1)}`;
  throw new AppError('limit', 'quota_exceeded', `${name} quota exceeded: ${used} of ${limit} used`, {
    details: { resource, used, limit },
  });
};

/** Gives units back. */
export const returnQuota = async (tx: Tx, service: ServiceKey, resource: string, amount = 1): Promise<void> => {
  await tx('quotas')
    .where({ ...where(service), resource })
    .where('used', '>=', amount)
    .decrement('used', amount);
};

/** Sets limits. False, with nothing changed for that resource, where more is in use than the new limit. */
export const setLimit = async (tx: Tx, service: ServiceKey, resource: string, limit: number): Promise<boolean> =>
  (await tx('quotas')
    .where({ ...where(service), resource })
    .where('used', '<=', limit)
    .update({ lim: limit })) === 1;

/**
 * Makes sure that a quota is there with this limit, or with what is in use where that is more.
 * Errors: a unique violation when two make it at once; run the transaction again.
 */
export const ensureQuota = async (tx: Tx, service: ServiceKey, resource: string, limit: number): Promise<void> => {
  const known = await tx('quotas')
    .where({ ...where(service), resource })
    .update({ lim: tx.raw('case when used > ? then used else ? end', [limit, limit]) });
  if (known === 0) await tx('quotas').insert({ ...where(service), resource, used: 0, lim: limit });
};

/** Takes units for an operation; `settleHolds` later keeps them or gives them back. */
export const holdQuota = async (
  tx: Tx,
  service: ServiceKey,
  operationId: string,
  resource: string,
  amount: number,
): Promise<void> => {
  await takeQuota(tx, service, resource, amount);
  await tx('quota_holds').insert({
    operation_id: operationId,
    resource,
    panel_id: service.panelId,
    service_kind: service.kind,
    service_id: service.serviceId,
    amount,
    state: 'held',
  });
};

const findHeld = statement("select resource, amount from quota_holds where operation_id = ? and state = 'held'");

/** Ends an operation's holds, once: whoever moves the row out of `held` gives the units back, nobody after it. */
export const settleHolds = async (
  tx: Tx,
  service: ServiceKey,
  operationId: string,
  outcome: 'kept' | 'released',
): Promise<void> => {
  const holds = await findHeld.rows(tx, [operationId]);
  for (const hold of holds) {
    const settled = await tx('quota_holds')
      .where({ operation_id: operationId, resource: hold.resource, state: 'held' })
      .update({ state: outcome });
    if (settled === 1 && outcome === 'released') await returnQuota(tx, service, hold.resource, int(hold.amount));
  }
};
