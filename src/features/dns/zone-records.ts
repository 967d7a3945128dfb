/** Rules between the records of a zone: what may stand beside what. Pure. */
import type { RRset } from '../../ports/dns.ts';
import { relativeName } from './dns-name.ts';
import { canonicalRdata, RecordFault, recordId, type ZoneRecord } from './record.ts';

/** What all records of one name and type share. */
export const rrsetKey = ({ name, type }: Pick<ZoneRecord, 'name' | 'type'>): string => `${name} ${type}`;

const groupBy = <T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
};

/** Records by name and type, in a stable order. */
export const toRRsets = (records: readonly ZoneRecord[]): Map<string, RRset> =>
  new Map(
    [...groupBy(records, rrsetKey)].map(([key, group]) => [
      key,
      {
        name: group[0]!.name,
        type: group[0]!.type,
        ttl: group[0]!.ttl,
        rdata: group.map(({ rdata }) => rdata),
      },
    ]),
  );

/** The records of what a provider has, without SOA and the NS at the apex, which are ours. */
export const fromRRsets = (rrsets: readonly RRset[], zone: string): ZoneRecord[] =>
  rrsets.flatMap(({ name, type, ttl, rdata }) =>
    isOurs({ name, type }, zone)
      ? []
      : rdata.map((text) => {
          const canonical = canonicalRdata(type, text, zone);
          return { id: recordId(name, type, canonical), name, type, ttl, rdata: canonical, alias: false };
        }),
  );

/** Hidden from everybody and refused: the zone stands on them. */
export const isOurs = ({ name, type }: { name: string; type: string }, zone: string): boolean =>
  name === zone && (type === 'NS' || type === 'SOA');

/** A record that is sound by itself and cannot stand beside what is there. */
export class RecordConflict extends RecordFault {}

const refuse = (field: 'name' | 'data' | 'ttl', message: string): never => {
  throw new RecordConflict(field, message);
};

/**
 * Throws {@link RecordConflict} when the records at one of the `touched` names cannot
 * stand together. What is odd elsewhere was there before and stands in nobody's way.
 */
export const checkRecords = (records: readonly ZoneRecord[], touched: ReadonlySet<string>, zone: string): void => {
  const byName = groupBy(records, ({ name }) => name);
  const targets = new Map(records.filter(({ type }) => type === 'CNAME').map(({ name, rdata }) => [name, rdata]));
  for (const name of touched) {
    const group = byName.get(name) ?? [];
    const shown = relativeName(name, zone);
    const ids = new Set(group.map(({ id }) => id));
    if (ids.size < group.length) refuse('data', `The same record is at ${shown} already. An example: another address`);
    const types = new Set(group.map(({ type }) => type));
    if (types.has('CNAME') && group.length > 1) {
      const other = [...types].find((type) => type !== 'CNAME');
      refuse(
        'name',
        other === undefined
          ? `The field "name" has a CNAME already: ${shown}. A name has one only. An example: www2`
          : `The field "name" cannot have a CNAME beside other records: ${shown} has ${other} too. An example: www2`,
      );
    }
    for (const [key, set] of groupBy(group, rrsetKey)) {
      const [first, odd] = [set[0]!, set.find(({ ttl }) => ttl !== set[0]!.ttl)];
      if (odd) {
        refuse(
          'ttl',
          `The field "ttl" must be the same for all records of ${relativeName(first.name, zone)} ${key.split(' ')[1]}: there are ${first.ttl} and ${odd.ttl}. An example: ${first.ttl}`,
        );
      }
    }
    if (targets.has(name)) refuseLoop(name, targets, shown);
  }
};

const refuseLoop = (start: string, targets: ReadonlyMap<string, string>, shown: string): void => {
  const seen = new Set([start]);
  for (let at = targets.get(start); at !== undefined; at = targets.get(at)) {
    if (seen.has(at)) {
      refuse(
        'data',
        `The field "data" leads ${shown} round in a circle of CNAMEs, back to ${at} An example: shop.example.net`,
      );
    }
    seen.add(at);
  }
};
