/** From a zone as it is and as it is to be: the changes for the provider, and the rows that then say what was asked for. Pure. */
import type { RRset, RRsetChange } from '../../ports/dns.ts';
import type { ZoneRecord } from './record.ts';
import { fromRRsets, isOurs, rrsetKey, toRRsets } from './zone-records.ts';

/** A zone as the provider has it, beside what was asked for here. */
export interface Picture {
  /** As the provider said it, to be held against later. */
  rrsets: RRset[];
  /** The same record by record; those asked for as PROXYSRV are marked. */
  records: ZoneRecord[];
  /** What was asked for here, by id. */
  asked: ReadonlyMap<string, ZoneRecord>;
}

export const pictureOf = (rrsets: readonly RRset[], rows: readonly ZoneRecord[], zone: string): Picture => {
  const asked = new Map(rows.map((row) => [row.id, row]));
  return {
    rrsets: rrsets.filter((rrset) => !isOurs(rrset, zone)),
    records: fromRRsets(rrsets, zone).map((record) => ({ ...record, alias: asked.get(record.id)?.alias ?? false })),
    asked,
  };
};

/** What is to become of a zone. */
export interface Wished {
  /** The records that the provider is to have, all of them. */
  records: readonly ZoneRecord[];
  /** Those of them that are asked for by this call; what was asked for before stays so. */
  asks: ReadonlySet<string>;
  /** Records that are not asked for any more. */
  forgets: ReadonlySet<string>;
}

export interface Plan {
  changes: RRsetChange[];
  put: ZoneRecord[];
  drop: string[];
  /** By how many records there will be more, or fewer, that count. */
  growth: number;
}

const sameSet = (one: readonly ZoneRecord[], other: readonly ZoneRecord[]): boolean => {
  const words = (records: readonly ZoneRecord[]) =>
    records
      .map(({ id, ttl }) => `${id} ${ttl}`)
      .sort()
      .join();
  return one.length === other.length && words(one) === words(other);
};

const group = (records: readonly ZoneRecord[]): Map<string, ZoneRecord[]> => {
  const groups = new Map<string, ZoneRecord[]>();
  for (const record of records) groups.set(rrsetKey(record), [...(groups.get(rrsetKey(record)) ?? []), record]);
  return groups;
};

/** The way from `picture` to `wished`. Deletions come first, so that a name can change its type. */
export const planChange = (picture: Picture, wished: Wished): Plan => {
  const [before, after] = [group(picture.records), group(wished.records)];
  const raw = new Map(picture.rrsets.map((rrset) => [rrsetKey(rrset), rrset]));
  const deletes: RRsetChange[] = [];
  const others: RRsetChange[] = [];
  const sets = toRRsets(wished.records);
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, next] = [raw.get(key), sets.get(key)];
    if (sameSet(before.get(key) ?? [], after.get(key) ?? [])) continue;
    if (old && next) others.push({ op: 'update', old, new: next });
    else if (next) others.push({ op: 'create', new: next });
    else if (old) deletes.push({ op: 'delete', old });
  }

  // A TTL that was changed behind our back stays drift until somebody asks for it.
  const put = wished.records.filter((record) => {
    const row = picture.asked.get(record.id);
    return wished.asks.has(record.id) && (!row || row.ttl !== record.ttl || row.alias !== record.alias);
  });
  const drop = [...picture.asked.keys()].filter((id) => wished.forgets.has(id));
  const fresh = put.filter(({ id }) => !picture.asked.has(id)).length;
  return { changes: [...deletes, ...others], put, drop, growth: fresh - drop.length };
};

const inverseOf = (change: RRsetChange): RRsetChange => {
  switch (change.op) {
    case 'create':
      return { op: 'delete', old: change.new };
    case 'delete':
      return { op: 'create', new: change.old };
    case 'update':
      return { op: 'update', old: change.new, new: change.old };
  }
};

/** How a plan is taken back: the same, the other way round and in the other order. */
export const inverse = (changes: readonly RRsetChange[]): RRsetChange[] => changes.map(inverseOf).reverse();

export type RecordState = 'published' | 'changed' | 'missing' | 'foreign';

/**
 * Every record that there is or should be. `foreign` is at the provider and was
 * not asked for here, `missing` was asked for and is not there, `changed` has
 * another TTL than was asked for.
 */
export const driftOf = ({ records, asked }: Picture): (ZoneRecord & { state: RecordState })[] => {
  const there = new Set(records.map(({ id }) => id));
  const seen = records.map((record) => {
    const row = asked.get(record.id);
    const state: RecordState = !row ? 'foreign' : row.ttl === record.ttl ? 'published' : 'changed';
    return { ...record, state };
  });
  const missing = [...asked.values()]
    .filter(({ id }) => !there.has(id))
    .map((record) => ({ ...record, state: 'missing' as const }));
  return [...seen, ...missing]
    .map((record) => ({ record, place: placeOf(record) }))
    .sort((one, other) => (one.place < other.place ? -1 : 1))
    .map(({ record }) => record);
};

/** By name from the right, so that what belongs together stands together. */
const placeOf = ({ name, type, id }: ZoneRecord): string => `${name.split('.').reverse().join('.')} ${type} ${id}`;
