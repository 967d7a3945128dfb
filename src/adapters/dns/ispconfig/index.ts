import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import { createTurns } from '../../../kit/turns.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { DnsProvider, RRset, Zone } from '../../../ports/dns.ts';
import { type HeldRecord, recordsOf, recordWork, toRRsets, toShownRRsets } from '../held-records.ts';
import { planChanges } from '../plan-changes.ts';
import { auditWith, supportedTypes } from '../rrset.ts';
import { wishedZone } from '../wished-zone.ts';
import { isZonesOwn, markerName, markerText } from '../zone-owner.ts';
import { createIspConfigClient, type IspConfigOptions, provider } from './client.ts';
import { limits, toHeld, toParams } from './records.ts';
import { affected, type IspConfigRecord, type IspConfigZone, newId, record, zone as zoneAnswer } from './schema.ts';

/**
 * Zones in ISPConfig, those of one DNS server. Each record is a call of its own,
 * so a batch can stop half way: it is finished by a repeat. The nameserver has a
 * change some seconds after its call, when ISPConfig has written its files.
 */

const rules = { provider, limits, apexAlias: false, atomic: false };
const ownTtl = 3_600;
/** Of the administrator: its zones are ours, whose they are for is our business. */
const clientId = 0;

/** The first serial of a zone in the form that ISPConfig counts on from: the day and a number. */
const firstSerial = (): string => `${new Date().toISOString().slice(0, 10).replaceAll('-', '')}01`;

/** DNS in ISPConfig. Whose a zone is stands in a TXT record of the zone. */
export const createIspConfigDns = (options: IspConfigOptions): Adapter<DnsProvider> => {
  const call = createIspConfigClient(options);
  const inTurn = createTurns(provider);
  const server_id = options.serverId;

  const zonesLike = async (filter: object, signal: AbortSignal): Promise<IspConfigZone[]> =>
    call(
      z.array(zoneAnswer),
      'dns_zone_get',
      { primary_id: { ...filter, server_id: String(server_id) } },
      false,
      signal,
    );

  // By the whole name: its own look-up of an id takes the first zone that begins with it.
  const find = async (name: string, signal: AbortSignal): Promise<IspConfigZone | null> =>
    (await zonesLike({ origin: name }, signal)).find(({ origin }) => origin === name) ?? null;

  const existing = async (name: string, signal: AbortSignal): Promise<IspConfigZone> => {
    const zone = await find(name, signal);
    if (!zone) throw new ProviderError(provider, 'not_found', `There is no zone ${name}`);
    return zone;
  };

  const recordsIn = async ({ id }: IspConfigZone, signal: AbortSignal): Promise<IspConfigRecord[]> => {
    const records = await call(z.array(record), 'dns_rr_get_all_by_zone', { zone_id: id }, false, signal);
    // Its calls by id ask nobody whose the id is, so ours are of this zone for certain.
    return records.filter(({ zone }) => zone === id);
  };

  const heldIn = (name: string, records: IspConfigRecord[]): HeldRecord[] =>
    records.map((found) => toHeld(name, found)).filter((held) => held !== null);

  const nameserversOf = (name: string, held: HeldRecord[]): string[] =>
    recordsOf(held, { name, type: 'NS' }).map(({ text }) => text);

  const paramsOf = (zone: IspConfigZone, rrset: Omit<RRset, 'rdata'>, text: string) => ({
    client_id: clientId,
    params: { server_id, zone: zone.id, ...toParams(zone.origin, rrset, text), active: 'Y' },
    update_serial: true,
  });

  const add = (zone: IspConfigZone, rrset: Omit<RRset, 'rdata'>, text: string, signal: AbortSignal) =>
    call(newId, `dns_${rrset.type.toLowerCase()}_add`, paramsOf(zone, rrset, text), true, signal);

  const retime = (zone: IspConfigZone, { id, ...held }: HeldRecord, ttl: number, signal: AbortSignal) => {
    const params = { primary_id: id, ...paramsOf(zone, { ...held, ttl }, held.text) };
    return call(affected, `dns_${held.type.toLowerCase()}_update`, params, true, signal);
  };

  const remove = ({ id, type }: { id: string; type: string }, update_serial: boolean, signal: AbortSignal) =>
    call(affected, `dns_${type.toLowerCase()}_delete`, { primary_id: id, update_serial }, true, signal);

  const addZone = async ({ name, nameservers }: Zone, signal: AbortSignal): Promise<IspConfigZone> => {
    const params = {
      server_id,
      origin: name,
      ns: nameservers[0] ?? `ns.${name}`,
      mbox: `hostmaster.${name}`,
      serial: firstSerial(),
      refresh: 7_200,
      retry: 540,
      expire: 604_800,
      minimum: 3_600,
      ttl: ownTtl,
      active: 'Y',
    };
    return { id: await call(newId, 'dns_zone_add', { client_id: clientId, params }, true, signal), origin: name };
  };

  /** False when there is nothing in the zone. Errors: `conflict` when it is not the owner's. */
  const isMarked = ({ origin }: IspConfigZone, owner: string, records: IspConfigRecord[]): boolean => {
    const present = recordsOf(heldIn(origin, records), { name: markerName(origin), type: 'TXT' });
    if (present.some(({ text }) => text === markerText(owner))) return true;
    if (records.length === 0) return false;
    throw new ProviderError(provider, 'conflict', `The zone ${origin} was not made for this owner`);
  };

  /** Marks the zone as the owner's. An empty one may be ours from an attempt that ended before its mark was made. */
  const claim = async (zone: IspConfigZone, owner: string, records: IspConfigRecord[], signal: AbortSignal) => {
    const marker = { name: markerName(zone.origin), type: 'TXT', ttl: ownTtl } as const;
    if (!isMarked(zone, owner, records)) await add(zone, marker, markerText(owner), signal);
  };

  /** Does all of `work` in order. Errors: says how far it got; what had been done stays done. */
  const doAll = async (work: (() => Promise<unknown>)[]): Promise<void> => {
    for (const [done, one] of work.entries()) {
      try {
        await one();
      } catch (error) {
        if (!(error instanceof ProviderError) || done === 0) throw error;
        // "Nothing was done" would be wrong of the whole.
        const kind = error.retry === 'later' ? 'unknown_outcome' : error.kind;
        const told = `${error.message}; ${done} of ${work.length} record changes had been made before`;
        throw new ProviderError(provider, kind, told, error.after === undefined ? {} : { after: error.after });
      }
    }
  };

  const port: DnsProvider = {
    id: provider,
    capabilities: { types: supportedTypes, minTtl: limits.minTtl, atomic: false, apexAlias: false, createsZones: true },

    listZones: async (signal) => {
      const zones = await zonesLike({}, signal);
      const filter = { type: 'NS', server_id: String(server_id) };
      const nameservers = await call(z.array(record), 'dns_ns_get', { primary_id: filter }, false, signal);
      const byZone = Map.groupBy(nameservers, ({ zone }) => zone);
      return zones.map(({ id, origin }) => ({
        name: origin,
        nameservers: nameserversOf(origin, heldIn(origin, byZone.get(id) ?? [])),
      }));
    },

    getZone: async (name, signal) => {
      const zone = await find(name, signal);
      return zone && { name, nameservers: nameserversOf(name, heldIn(name, await recordsIn(zone, signal))) };
    },

    createZone: async (wish, signal) => {
      const wished = wishedZone(provider, wish);
      const { name } = wished;
      return inTurn(name, signal, async () => {
        const zone = (await find(name, signal)) ?? (await addZone(wished, signal));
        const records = await recordsIn(zone, signal);
        await claim(zone, wish.owner, records, signal);
        const present = nameserversOf(name, heldIn(name, records));
        const missing = wished.nameservers.filter((host) => !present.includes(host));
        await doAll(missing.map((host) => () => add(zone, { name, type: 'NS', ttl: ownTtl }, host, signal)));
        return { name, nameservers: [...present, ...missing] };
      });
    },

    deleteZone: ({ name, owner }, signal) =>
      inTurn(name, signal, async () => {
        const zone = await find(name, signal);
        if (!zone) return;
        // The zone alone would leave its records behind, in nobody's sight. The mark is the last to go.
        const records = await recordsIn(zone, signal);
        isMarked(zone, owner, records);
        const isMark = (found: IspConfigRecord) => toHeld(name, found)?.name === markerName(name);
        const inOrder = [...records.filter((found) => !isMark(found)), ...records.filter(isMark)];
        await doAll([
          ...inOrder.map((found) => () => remove(found, false, signal)),
          () => call(affected, 'dns_zone_delete', { primary_id: zone.id }, true, signal),
        ]);
      }),

    listRRsets: async (name, signal) => {
      const held = heldIn(name, await recordsIn(await existing(name, signal), signal));
      return toShownRRsets(held.filter((one) => !isZonesOwn(name, one)));
    },

    audit: auditWith(limits),

    applyChanges: (name, changes, signal) =>
      inTurn(name, signal, async () => {
        const zone = await existing(name, signal);
        const held = heldIn(name, await recordsIn(zone, signal));
        const byName = Map.groupBy(toRRsets(held), (rrset) => rrset.name);
        const view = { name, nameservers: nameserversOf(name, held), rrsetsAt: (at: string) => byName.get(at) ?? [] };
        const plan = planChanges(rules, view, changes);
        await doAll(
          plan.flatMap(({ before, after }) => {
            const work = recordWork(recordsOf(held, (after ?? before)!), after);
            const removals = work.remove.map((one) => () => remove(one, true, signal));
            if (!after) return removals;
            const additions = work.add.map((text) => () => add(zone, after, text, signal));
            const changed = work.retime.map((one) => () => retime(zone, one, after.ttl, signal));
            // A name is never without an answer in between; but a CNAME stands alone at every moment.
            return after.type === 'CNAME'
              ? [...removals, ...changed, ...additions]
              : [...additions, ...changed, ...removals];
          }),
        );
      }),
  };

  return { port };
};
