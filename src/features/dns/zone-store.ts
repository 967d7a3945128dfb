/** The SQL of zones: `services` rows of kind `zone`, `zones` for what is particular to them, and the records that were asked for. */
import type { Queries, Tx } from '../../database/database.ts';
import { bool, int, intOrNull } from '../../database/rows.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import type { ZoneRecord } from './record.ts';
import type { Zone, ZoneState } from './zone.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decode = (row: any): Zone => ({
  key: { panelId: row.panel_id, kind: row.kind, serviceId: row.service_id },
  id: row.id,
  customerId: row.customer_id,
  state: row.state,
  isLive: row.live_name !== null,
  name: row.name,
  number: row.number,
  version: int(row.version),
  createdAt: int(row.created_at),
  updatedAt: int(row.updated_at),
  deletedAt: intOrNull(row.deleted_at),
  createdBy: row.created_by,
});

// biome-ignore lint/suspicious/noExplicitAny: as above
const decodeRecord = (row: any): ZoneRecord => ({
  id: row.id,
  name: row.name,
  type: row.type,
  ttl: int(row.ttl),
  rdata: row.rdata,
  alias: bool(row.alias),
});

const columns = ['services.*', 'zones.name', 'zones.live_name', 'zones.number', 'zones.version', 'zones.created_by'];

const joined = (queries: Queries) => queries('services').join('zones', 'zones.id', 'services.id');

const where = ({ panelId, kind, serviceId }: ServiceKey) => ({ panel_id: panelId, kind, service_id: serviceId });

/** The newest zone that a panel had under this name, whatever became of it. */
export const findZone = async (queries: Queries, panelId: string, name: string): Promise<Zone | null> => {
  const row = await joined(queries)
    .where({ 'zones.panel_id': panelId, 'zones.name': name })
    .orderBy('zones.id', 'desc')
    .first(columns);
  return row ? decode(row) : null;
};

export const findByNumber = async (queries: Queries, panelId: string, number: string): Promise<Zone | null> => {
  const row = await joined(queries)
    .where({ 'zones.panel_id': panelId, 'zones.number': number })
    .orderBy('zones.id', 'desc')
    .first(columns);
  return row ? decode(row) : null;
};

export const findById = async (queries: Queries, key: ServiceKey): Promise<Zone | null> => {
  const row = await joined(queries).where({ 'zones.id': key.serviceId, 'zones.panel_id': key.panelId }).first(columns);
  return row ? decode(row) : null;
};

export interface ZoneFilter {
  panelId: string;
  customerId?: string | undefined;
}

/** Newest first, without those that are deleted. */
export const listZones = async (
  queries: Queries,
  filter: ZoneFilter,
  page: { limit: number; before?: string },
): Promise<Zone[]> => {
  // Every zone has both rows. An outer join begins at services, whose indexes give a page in its order; left to choose,
  // MariaDB begins at zones and sorts all of them.
  const query = queries('services')
    .leftJoin('zones', 'zones.id', 'services.id')
    .where({ 'services.panel_id': filter.panelId, 'services.kind': 'zone' })
    .whereNull('services.deleted_at')
    .orderBy('services.id', 'desc')
    .limit(page.limit)
    .select(columns);
  if (filter.customerId !== undefined) query.where('services.customer_id', filter.customerId);
  if (page.before !== undefined) query.where('services.id', '<', page.before);
  return (await query).map(decode);
};

/**
 * Locks a domain until the end of the transaction, so that two who wish for zones
 * in it come one after the other. Errors: a unique violation when two are the first
 * at once; run the transaction again.
 */
export const lockDomain = async (tx: Tx, domain: string): Promise<void> => {
  if ((await tx('zone_domains').where({ domain }).increment('wishes', 1)) === 1) return;
  await tx('zone_domains').insert({ domain, wishes: 1 });
};

/** The zones in use of a domain, of every panel. */
export const liveZonesOf = async (
  tx: Tx,
  domain: string,
): Promise<{ name: string; panelId: string; customerId: string | null }[]> => {
  const rows = await joined(tx).where({ 'zones.domain': domain }).whereNotNull('zones.live_name').select(columns);
  return rows.map(decode).map(({ name, key, customerId }) => ({ name, panelId: key.panelId, customerId }));
};

/** Errors: a unique violation when the name is in use. */
export const insertZone = async (
  tx: Tx,
  zone: { key: ServiceKey; id: string; customerId: string | null; name: string; number: string; domain: string },
  at: number,
): Promise<void> => {
  const { panelId } = zone.key;
  await tx('services').insert({
    ...where(zone.key),
    id: zone.id,
    customer_id: zone.customerId,
    state: 'creating',
    plan: '',
    created_at: at,
    updated_at: at,
  });
  await tx('zones').insert({
    id: zone.id,
    panel_id: panelId,
    name: zone.name,
    live_name: zone.name,
    number: zone.number,
    domain: zone.domain,
    created_by: '',
  });
};

export const setCreatedBy = async (tx: Tx, id: string, operationId: string): Promise<void> => {
  await tx('zones').where({ id }).update({ created_by: operationId });
};

/** Takes the right to change the zone as it was read. False when it was changed since. */
export const claimVersion = async (tx: Tx, { id, version }: Pick<Zone, 'id' | 'version'>): Promise<boolean> =>
  (await tx('zones').where({ id, version }).increment('version', 1)) === 1;

/** Voids what was planned on the zone as it was. Locks its row until the end of the transaction. */
export const raiseVersion = async (tx: Tx, id: string): Promise<void> => {
  await tx('zones').where({ id }).increment('version', 1);
};

export const setState = async (tx: Tx, key: ServiceKey, state: ZoneState, at: number): Promise<void> => {
  await tx('services').where(where(key)).update({ state, updated_at: at });
};

/** Notes the time of a change. */
export const touch = async (tx: Tx, key: ServiceKey, at: number): Promise<void> => {
  await tx('services').where(where(key)).update({ updated_at: at });
};

/** Nothing of the zone is left outside: its name is free. */
export const giveBack = async (tx: Tx, key: ServiceKey, state: 'failed' | 'deleted', at: number): Promise<void> => {
  await tx('services')
    .where(where(key))
    .update({ state, updated_at: at, ...(state === 'deleted' ? { deleted_at: at } : {}) });
  await tx('zones')
    .where({ id: key.serviceId })
    .update({ live_name: null, version: tx.raw('version + 1') });
  await tx('zone_records').where({ zone: key.serviceId }).delete();
};

export const listRecords = async (queries: Queries, zone: string): Promise<ZoneRecord[]> =>
  (await queries('zone_records').where({ zone }).orderBy(['name', 'type', 'id'])).map(decodeRecord);

/** Rows in one statement; SQLite takes some thousands of values in one. */
const batch = 200;

/** Writes down what was asked for, in place of what was. */
export const replaceRecords = async (
  tx: Tx,
  zone: Pick<Zone, 'id' | 'key'>,
  { put, drop }: { put: readonly ZoneRecord[]; drop: readonly string[] },
): Promise<void> => {
  const going = [...drop, ...put.map(({ id }) => id)];
  for (let at = 0; at < going.length; at += batch) {
    await tx('zone_records')
      .where({ zone: zone.id })
      .whereIn('id', going.slice(at, at + batch))
      .delete();
  }
  for (let at = 0; at < put.length; at += batch) {
    await tx('zone_records').insert(
      put.slice(at, at + batch).map(({ alias, ...record }) => ({
        zone: zone.id,
        panel_id: zone.key.panelId,
        ...record,
        alias: alias ? 1 : 0,
      })),
    );
  }
};

const proof = (panelId: string, customerId: string | null, name: string) => ({
  panel_id: panelId,
  customer_id: customerId ?? '',
  name,
});

/** When the challenge was last seen, or null. */
export const findProof = async (
  queries: Queries,
  panelId: string,
  customerId: string | null,
  name: string,
): Promise<number | null> => {
  const row = await queries('zone_proofs')
    .where(proof(panelId, customerId, name))
    .first('seen_at');
  return row ? int(row.seen_at) : null;
};

export const keepProof = async (
  tx: Tx,
  panelId: string,
  customerId: string | null,
  name: string,
  at: number,
): Promise<void> => {
  const key = proof(panelId, customerId, name);
  if ((await tx('zone_proofs').where(key).update({ seen_at: at })) === 0) {
    await tx('zone_proofs').insert({ ...key, seen_at: at });
  }
};
