import type { RRset, RRType } from '../../ports/dns.ts';
import { recordKeys, spellRRset } from './rrset.ts';

/** Between the RRsets of the port and providers that keep each record as an object with an id of its own. */
export interface HeldRecord {
  id: string;
  name: string;
  type: RRType;
  ttl: number;
  /** As in {@link RRset.rdata}. */
  text: string;
}

const keyOf = ({ name, type }: Pick<RRset, 'name' | 'type'>): string => `${name} ${type}`;

/** The records as RRsets. The TTL is not a number where the records of one set have several. */
export const toRRsets = (records: HeldRecord[]): RRset[] =>
  [...Map.groupBy(records, keyOf).values()].map((held) => {
    const [{ name, type, ttl }] = held as [HeldRecord];
    const isOne = held.every((record) => record.ttl === ttl);
    return spellRRset({ name, type, ttl: isOne ? ttl : Number.NaN, rdata: held.map(({ text }) => text) });
  });

/** The records as a listing shows them: with the shortest TTL, which is the one that counts for whoever asks. */
export const toShownRRsets = (records: HeldRecord[]): RRset[] => {
  const shortest = Map.groupBy(records, keyOf);
  return toRRsets(records).map((rrset) => ({
    ...rrset,
    ttl: Math.min(...(shortest.get(keyOf(rrset)) ?? []).map(({ ttl }) => ttl)),
  }));
};

export interface RecordWork {
  remove: HeldRecord[];
  /** Records that stay, with another TTL. */
  retime: HeldRecord[];
  /** Texts of records to make. */
  add: string[];
}

/** What turns the records of one name and type into the RRset; into nothing for null. */
export const recordWork = (held: HeldRecord[], wished: RRset | null): RecordWork => {
  if (!wished) return { remove: held, retime: [], add: [] };
  const missing = new Map(recordKeys(wished).map((key, index) => [key, wished.rdata[index] ?? '']));
  const work: RecordWork = { remove: [], retime: [], add: [] };
  for (const record of held) {
    const [key = ''] = recordKeys({ ...record, rdata: [record.text] });
    // One that is there twice is there once too often.
    if (!missing.delete(key)) work.remove.push(record);
    else if (record.ttl !== wished.ttl) work.retime.push(record);
  }
  work.add = [...missing.values()];
  return work;
};

/** The records of one RRset. */
export const recordsOf = (records: HeldRecord[], { name, type }: Pick<RRset, 'name' | 'type'>): HeldRecord[] =>
  records.filter((record) => record.name === name && record.type === type);
