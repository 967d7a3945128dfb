import type { RecordBatchParams } from 'cloudflare/resources/dns/records';
import { ProviderError } from '../../../kit/errors.ts';
import { createTurns } from '../../../kit/turns.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { DnsProvider, RRType, Zone } from '../../../ports/dns.ts';
import { type HeldRecord, recordsOf, recordWork, toRRsets, toShownRRsets } from '../held-records.ts';
import { planChanges, type Replacement } from '../plan-changes.ts';
import { auditWith, supportedTypes } from '../rrset.ts';
import { wishedZone } from '../wished-zone.ts';
import { isZonesOwn, markerName, markerText } from '../zone-owner.ts';
import { type CloudflareOptions, codes, createCloudflareClient, provider, Refusal } from './client.ts';
import { absolute, limits, nameOf, toBody, toHeld } from './records.ts';
import type { CloudflareZone } from './schema.ts';

/**
 * Zones at Cloudflare, in one account. It gives each zone nameservers of its own
 * choice, so those of a wish are not used. What it has no place for, whose a zone
 * is, stands in a TXT record of the zone.
 */

const rules = { provider, limits, apexAlias: true, atomic: true };
const markerTtl = 3_600;
const markerComment = 'Provisor knows its zones by this record';

const toZone = ({ name, name_servers }: CloudflareZone): Zone => ({
  name: absolute(name),
  nameservers: name_servers.map(absolute),
});

/** How many records one batch may change: by the plan of the zone, the least where it is not known. */
const mostInBatch = ({ plan }: CloudflareZone): number =>
  ['pro', 'business', 'enterprise'].includes(plan?.legacy_id ?? '') ? 3_500 : 200;

type Posts = NonNullable<RecordBatchParams['posts']>;

interface Batch {
  deletes: { id: string }[];
  patches: { id: string; name: string; type: RRType; ttl: number }[];
  posts: Posts;
}

/** What turns one RRset into what it is to be. */
const workFor = (records: HeldRecord[], { before, after }: Replacement): Batch => {
  const { name, type } = (after ?? before)!;
  const ttl = after?.ttl ?? 1;
  const { remove, retime, add } = recordWork(recordsOf(records, { name, type }), after);
  return {
    deletes: remove.map(({ id }) => ({ id })),
    patches: retime.map(({ id }) => ({ id, name: nameOf(name), type, ttl })),
    posts: add.map((text) => ({ name: nameOf(name), ttl, ...toBody(type, text) })) satisfies Posts,
  };
};

const sizeOf = ({ deletes, patches, posts }: Batch): number => deletes.length + patches.length + posts.length;

/**
 * The plan in as few batches as there have to be. Its order stays, and each RRset is
 * in one batch: what is removed is gone before anything takes its name, and no
 * RRset is ever half of what it is to be. Errors: `invalid` for one that is too large.
 */
const toBatches = (records: HeldRecord[], plan: Replacement[], most: number): Batch[] => {
  const batches: Batch[] = [];
  for (const replacement of plan) {
    const work = workFor(records, replacement);
    if (sizeOf(work) > most) {
      const { name, type } = (replacement.after ?? replacement.before)!;
      const told = `${name} ${type} needs ${sizeOf(work)} changes, and the plan of the zone allows ${most} at once`;
      throw new ProviderError(provider, 'invalid', told);
    }
    const last = batches.at(-1);
    if (last && sizeOf(last) + sizeOf(work) <= most) {
      last.deletes.push(...work.deletes);
      last.patches.push(...work.patches);
      last.posts.push(...work.posts);
    } else batches.push(work);
  }
  return batches;
};

/** DNS at Cloudflare. */
export const createCloudflareDns = (options: CloudflareOptions): Adapter<DnsProvider> => {
  const client = createCloudflareClient(options);
  const inTurn = createTurns(provider);

  const find = async (name: string, signal: AbortSignal): Promise<CloudflareZone | null> =>
    (await client.zones(signal, nameOf(name)))[0] ?? null;

  const existing = async (name: string, signal: AbortSignal): Promise<CloudflareZone> => {
    const zone = await find(name, signal);
    if (!zone) throw new ProviderError(provider, 'not_found', `There is no zone ${name}`);
    return zone;
  };

  const recordsIn = async (zone: CloudflareZone, signal: AbortSignal): Promise<HeldRecord[]> =>
    (await client.records(zone.id, signal)).map(toHeld).filter((record) => record !== null);

  const foreign = (name: string) =>
    new ProviderError(provider, 'conflict', `The zone ${name} was not made for this owner`);

  const madeZone = async (name: string, signal: AbortSignal): Promise<CloudflareZone> => {
    try {
      return await client.createZone(nameOf(name), signal);
    } catch (error) {
      // In our account it would have been found: it is in another one.
      if (error instanceof Refusal && error.says(codes.zoneExists)) throw foreign(name);
      throw error;
    }
  };

  /** False when there is nothing in the zone. Errors: `conflict` when it is not the owner's. */
  const isMarked = async (zone: CloudflareZone, name: string, owner: string, signal: AbortSignal): Promise<boolean> => {
    const held = await client.records(zone.id, signal);
    const marker = held.find((found) => found.type === 'TXT' && absolute(found.name) === markerName(name));
    if (marker && toHeld(marker)?.text === markerText(owner)) return true;
    if (held.length > 0) throw foreign(name);
    return false;
  };

  /** Marks the zone as the owner's. An empty one may be ours from an attempt that ended before its mark was made. */
  const claim = async (zone: CloudflareZone, name: string, owner: string, signal: AbortSignal): Promise<void> => {
    if (await isMarked(zone, name, owner, signal)) return;
    const post = {
      name: nameOf(markerName(name)),
      ttl: markerTtl,
      comment: markerComment,
      ...toBody('TXT', markerText(owner)),
    };
    await client.batch(zone.id, { posts: [post] as Posts }, signal);
  };

  /** Somebody else was at the zone between our look and our change. */
  const isOvertaken = (error: unknown): boolean =>
    error instanceof Refusal && error.says(codes.recordGone, ...codes.recordExists);

  const applyOnce = async (
    zone: CloudflareZone,
    changes: Parameters<DnsProvider['applyChanges']>[1],
    signal: AbortSignal,
  ) => {
    const records = await recordsIn(zone, signal);
    const own = toZone(zone);
    const byName = Map.groupBy(toRRsets(records), (rrset) => rrset.name);
    const plan = planChanges(rules, { ...own, rrsetsAt: (name) => byName.get(name) ?? [] }, changes);
    const batches = toBatches(records, plan, mostInBatch(zone));
    for (const [done, batch] of batches.entries()) {
      await client.batch(zone.id, batch, signal).catch((error: unknown) => {
        if (done === 0 || !(error instanceof ProviderError) || isOvertaken(error)) throw error;
        const told = `${error.message}; ${done} of ${batches.length} parts of the change had been made before`;
        throw new ProviderError(provider, error.kind, told, error.after === undefined ? {} : { after: error.after });
      });
    }
  };

  const port: DnsProvider = {
    id: provider,
    capabilities: { types: supportedTypes, minTtl: limits.minTtl, atomic: true, apexAlias: true, createsZones: true },

    listZones: async (signal) => (await client.zones(signal)).map(toZone),

    getZone: async (name, signal) => {
      const zone = await find(name, signal);
      return zone && toZone(zone);
    },

    createZone: async (wish, signal) => {
      const { name } = wishedZone(provider, wish);
      return inTurn(name, signal, async () => {
        const zone = (await find(name, signal)) ?? (await madeZone(name, signal));
        await claim(zone, name, wish.owner, signal);
        return toZone(zone);
      });
    },

    deleteZone: ({ name, owner }, signal) =>
      inTurn(name, signal, async () => {
        const zone = await find(name, signal);
        if (!zone) return;
        await isMarked(zone, name, owner, signal);
        await client.deleteZone(zone.id, signal);
      }),

    listRRsets: async (name, signal) => {
      const records = await recordsIn(await existing(name, signal), signal);
      return toShownRRsets(records.filter((record) => !isZonesOwn(name, record)));
    },

    audit: auditWith(limits),

    applyChanges: (name, changes, signal) =>
      inTurn(name, signal, async () => {
        const zone = await existing(name, signal);
        try {
          await applyOnce(zone, changes, signal);
        } catch (error) {
          // One more look says what it means.
          if (!isOvertaken(error)) throw error;
          await applyOnce(zone, changes, signal);
        }
      }),
  };

  return { port };
};
