/** DNS zones of customers, as handlers, the compat table and the CLI see them. */
import type { Queries } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import { type Quota, readQuotas, readQuotasOfEach } from '../../operations/quota.ts';
import { type ChangedZone, changeZone, type Patience, readPublished } from './change-zone.ts';
import { createZone, type ZoneWish } from './create-zone.ts';
import { createRecordEdits } from './edit-records.ts';
import { type ImportWish, importZone } from './import-zone.ts';
import { type ListedRecord, listRecords, type RecordList } from './list-records.ts';
import { driftOf, pictureOf } from './plan-change.ts';
import type { RecordWish } from './record.ts';
import { createSitesZone } from './sites-zone.ts';
import { recordQuota, zoneQuota } from './steps.ts';
import { writeZoneFile } from './write-zone-file.ts';
import { customerKey, originOf, type Zone, type ZoneRef } from './zone.ts';
import type { ZoneDeps } from './zone-deps.ts';
import { domainName } from './zone-name.ts';
import * as store from './zone-store.ts';

type Owner = Pick<Caller, 'panelId'>;

/** What is in use and allowed. */
interface Share {
  used: number;
  limit: number;
}

const notThere = (name: string) => new AppError('not_found', 'not_found', `There is no zone ${name.slice(0, 100)}.`);

export const createZones = (deps: ZoneDeps) => {
  const { db, operations, definitions, settings } = deps;
  const sitesZone = createSitesZone(deps);

  const isTheirs = (zone: Zone, { customerId }: Pick<ZoneRef, 'customerId'>): boolean =>
    customerId === undefined || zone.customerId === customerId;

  /** What a name that nobody could have is called: not there. */
  const nameOf = (ref: ZoneRef): string => {
    try {
      return domainName(ref.name);
    } catch (error) {
      if (error instanceof AppError) throw notThere(ref.name);
      throw error;
    }
  };

  /** The newest zone of that name, whatever became of it. Errors: `not_found` (404), also for another panel's or customer's. */
  const findAny = async (queries: Queries, { panelId }: Owner, ref: ZoneRef): Promise<Zone> => {
    const zone = await store.findZone(queries, panelId, nameOf(ref));
    if (!zone || !isTheirs(zone, ref)) throw notThere(ref.name);
    return zone;
  };

  const require = async (owner: Owner, ref: ZoneRef): Promise<Zone> => {
    const zone = await findAny(db.knex, owner, ref);
    if (zone.state === 'deleted') throw notThere(ref.name);
    return zone;
  };

  /** A zone that its owner may edit. Errors: also `record_managed` for the site domain's. */
  const requireEditable = (owner: Owner, ref: ZoneRef): Promise<Zone> =>
    sitesZone.is(nameOf(ref)) ? sitesZone.refuse() : require(owner, ref);

  const change = changeZone(deps, require);
  const edits = createRecordEdits(deps, change);
  const takeFile = importZone(deps, change);
  const published = listRecords(deps);
  const create = createZone(deps);

  const refuseInUse = async ({ name, key, customerId }: Zone): Promise<void> => {
    const site = await deps.siteNames.findIn({ panelId: key.panelId, customerId, name });
    if (!site) return;
    throw new AppError(
      'conflict',
      'zone_in_use',
      `The zone ${name} is in use: ${site.hostname} is a domain of service ${site.serviceId}. Remove it there first.`,
      { details: { service_id: site.serviceId } },
    );
  };

  /** Errors: `not_found`; `zone_in_use` while a site has a name in it. */
  const remove = async (caller: Caller, ref: ZoneRef): Promise<ChangedZone> => {
    if (sitesZone.is(nameOf(ref))) return sitesZone.refuse();
    const known = await findAny(db.knex, caller, ref);
    if (known.isLive) await refuseInUse(known);
    const changed = await operations.transaction(async (tx): Promise<ChangedZone> => {
      // Nobody else decides on this zone until we have.
      await store.raiseVersion(tx, known.id);
      const zone = (await store.findById(tx, known.key))!;
      if (zone.state === 'deleted') return { zone, operation: null };
      if (!zone.isLive) {
        await store.giveBack(tx, zone.key, 'deleted', await db.now(tx));
        return { zone: (await store.findById(tx, zone.key))!, operation: null };
      }
      const operation = await operations.submit(tx, definitions.remove, caller, { service: zone.key, params: {} });
      return { zone: (await store.findById(tx, zone.key))!, operation };
    });
    return changed.operation ? changed : { ...changed, operation: await operations.last(changed.zone.key) };
  };

  const list = async (owner: Owner, ref: ZoneRef): Promise<RecordList & { name: string; quota: Share | null }> => {
    if (sitesZone.is(nameOf(ref))) {
      const records = await sitesZone.records(owner.panelId, ref.customerId);
      return { name: sitesZone.name, records, verified: true, quota: null };
    }
    const zone = await require(owner, ref);
    return { name: zone.name, ...(await published(zone)), quota: await quotaOf(zone) };
  };

  const recordsAmong = (quotas: Quota[]): Share => {
    const quota = quotas.find(({ resource }) => resource === recordQuota);
    return { used: quota?.used ?? 0, limit: quota?.limit ?? 0 };
  };

  const quotaOf = async (zone: Zone): Promise<Share> => recordsAmong(await readQuotas(db.knex, zone.key));

  const operationOf = async (work: Promise<{ operation: Operation | null }>): Promise<Operation> => {
    const { operation } = await work;
    if (!operation) throw new AppError('conflict', 'operation_ended', 'There is nothing left to do.');
    return operation;
  };

  // What an operator's retry of a failed create does: the same call again.
  definitions.create.again = (caller, _service, { name, customer_id: customerId }) =>
    operationOf(create(caller, { name, customerId }, AbortSignal.timeout(20_000)));

  return {
    settings: { nameservers: settings.nameservers.map((host) => host.slice(0, -1)) },
    sitesZone,
    /** Errors: see `createZone`. */
    create: (caller: Caller, wish: ZoneWish, signal: AbortSignal) => create(caller, wish, signal),
    get: require,
    /** The zone by its number, for clients that know no names. */
    getByNumber: async ({ panelId }: Owner, number: string, customerId?: string): Promise<Zone> => {
      const zone = await store.findByNumber(db.knex, panelId, number);
      if (!zone || zone.state === 'deleted' || !isTheirs(zone, { customerId })) throw notThere(number);
      return zone;
    },
    /** The zone that a whole name is in: the nearest above it. Errors: `not_found`. */
    getAbove: async (owner: Owner, hostname: string, customerId?: string): Promise<Zone> => {
      const labels = hostname.replace(/\.$/, '').split('.');
      for (let at = 0; at < labels.length - 1; at += 1) {
        const zone = await require(owner, { name: labels.slice(at).join('.'), customerId }).catch((error: unknown) => {
          if (error instanceof AppError && error.kind === 'not_found') return null;
          throw error;
        });
        if (zone) return zone;
      }
      throw notThere(hostname);
    },
    list: (filter: store.ZoneFilter, page: { limit: number; before?: string }) =>
      store.listZones(db.knex, filter, page),
    quotaOf,
    /** How many zones a customer has and may have. */
    customerQuota: async ({ panelId }: Owner, customerId: string): Promise<Share> => {
      const quotas = await readQuotas(db.knex, customerKey(panelId, customerId));
      // The limit of the setting: that of the row is brought up to it by the next zone only.
      return { used: quotas.find(({ resource }) => resource === zoneQuota)?.used ?? 0, limit: settings.limits.zones };
    },
    /** What a page of one panel's zones shows beside them, in two queries whatever its length. */
    detailsOf: async (
      panelId: string,
      page: Zone[],
    ): Promise<Map<Zone, { quota: Share; operation: Operation | null }>> => {
      const ids = page.map(({ key }) => key.serviceId);
      const quotas = await readQuotasOfEach(db.knex, panelId, 'zone', ids);
      const last = await operations.lastOfEach(panelId, 'zone', ids);
      return new Map(
        page.map((zone) => {
          const { serviceId } = zone.key;
          return [zone, { quota: recordsAmong(quotas.get(serviceId) ?? []), operation: last.get(serviceId) ?? null }];
        }),
      );
    },
    lastOperation: (zone: Zone): Promise<Operation | null> => operations.last(zone.key),
    /** The zone as it is now, whatever became of it. */
    reread: async (zone: Zone): Promise<Zone> => (await store.findById(db.knex, zone.key)) ?? zone,
    remove,
    records: list,
    /** What is known of one record now; null when there is none of it. */
    recordOf: async (zone: Zone, id: string): Promise<ListedRecord | null> =>
      (await published(zone)).records.find((record) => record.id === id) ?? null,
    addRecord: async (caller: Caller, ref: ZoneRef, wish: RecordWish, patience: Patience) =>
      edits.add(caller, await requireEditable(caller, ref), wish, patience),
    replaceRecord: async (caller: Caller, ref: ZoneRef, id: string, wish: RecordWish, patience: Patience) =>
      edits.replace(caller, await requireEditable(caller, ref), id, wish, patience),
    removeRecord: async (caller: Caller, ref: ZoneRef, id: string, patience: Patience) =>
      edits.remove(caller, await requireEditable(caller, ref), id, patience),
    /** Errors: see `importZone`. */
    importFile: async (caller: Caller, ref: ZoneRef, wish: ImportWish, patience: Patience) =>
      takeFile(caller, await requireEditable(caller, ref), wish, patience),
    /** What is published, as a zone file. Errors: `provider_unavailable` (503). */
    exportFile: async (owner: Owner, ref: ZoneRef): Promise<string> => {
      const zone = await requireEditable(owner, ref);
      const origin = originOf(zone);
      const rrsets = (await readPublished(deps, zone)) ?? [];
      return writeZoneFile({
        zone: origin,
        nameservers: settings.nameservers,
        serial: Math.floor(zone.updatedAt / 1000),
        records: driftOf(pictureOf(rrsets, [], origin)),
      });
    },
  };
};

export type Zones = ReturnType<typeof createZones>;
