import type { RRset, RRType } from '../../ports/dns.ts';
import { isOwnerName } from './names.ts';
import { canonicalRdata, RdataError, spellRdata } from './rdata.ts';

/** What every DNS provider can and cannot hold, and when two RRsets are the same. */

export const supportedTypes: ReadonlySet<RRType> = new Set(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'CAA', 'SRV']);

/** Where providers differ. */
export interface Limits {
  /** Seconds. */
  minTtl: number;
  /** Seconds. */
  maxTtl: number;
  /** Of one RRset, on the wire. */
  mostBytes: number;
  /** Whatever else this provider cannot hold of an RRset that is right in itself. */
  also?: (rrset: RRset) => string | null;
}

/** The most that fits: TTLs are 31 bits; an answer goes into one TCP message of 64 KiB, with room for its other sections. */
export const widestLimits: Limits = { minTtl: 1, maxTtl: 2 ** 31 - 1, mostBytes: 48 * 1024 };

const firstFault = (type: RRType, rdata: string[], mostBytes: number): string | null => {
  const seen = new Set<string>();
  let bytes = 0;
  for (const text of rdata) {
    try {
      const canonical = canonicalRdata(type, text);
      if (seen.has(canonical)) return `has ${text.slice(0, 80)} twice`;
      seen.add(canonical);
      bytes += canonical.length / 2;
    } catch (error) {
      if (error instanceof RdataError) return `${text.slice(0, 80)} ${error.message}`;
      throw error;
    }
  }
  return bytes > mostBytes ? `is larger than ${mostBytes} bytes` : null;
};

/** Why a provider with these limits cannot hold the RRset, or null when it can. */
export const faultOf = (limits: Limits, rrset: RRset): string | null => {
  const { name, type, ttl, rdata } = rrset;
  if (!isOwnerName(name)) return 'the name must be absolute, lower-case and end with a dot';
  if (!supportedTypes.has(type)) return `the type ${type} is not supported`;
  if (!Number.isInteger(ttl) || ttl < limits.minTtl || ttl > limits.maxTtl)
    return `the TTL must be from ${limits.minTtl} to ${limits.maxTtl} seconds`;
  if (rdata.length === 0) return 'an RRset has at least one record';
  if (type === 'CNAME' && rdata.length > 1) return 'a name has one CNAME only';
  if (type === 'NS' && name.startsWith('*.')) return 'a wildcard cannot be delegated';
  return firstFault(type, rdata, limits.mostBytes) ?? limits.also?.(rrset) ?? null;
};

/** `DnsProvider.audit` for these limits. */
export const auditWith = (limits: Limits) => (rrsets: RRset[]) =>
  rrsets.flatMap((rrset) => {
    const reason = faultOf(limits, rrset);
    return reason === null ? [] : [{ rrset, reason }];
  });

// What stands at a provider need not have come from us: what cannot be read is compared as it is written.
const keyOf = (type: RRType, text: string): string => {
  try {
    return canonicalRdata(type, text);
  } catch (error) {
    if (error instanceof RdataError) return text;
    throw error;
  }
};

/** The records in a form in which equal ones are equal strings, whatever their spelling. */
export const recordKeys = ({ type, rdata }: RRset): string[] => rdata.map((text) => keyOf(type, text));

/** Whether two RRsets of one name and type are the same in TTL and records, whatever the order and spelling. */
export const sameRRset = (one: RRset, other: RRset): boolean =>
  one.ttl === other.ttl && JSON.stringify(recordKeys(one).sort()) === JSON.stringify(recordKeys(other).sort());

/** The RRset with each record in the one spelling that the port gives back. */
export const spellRRset = (rrset: RRset): RRset => ({
  ...rrset,
  rdata: rrset.rdata.map((text) => {
    try {
      return spellRdata(rrset.type, text);
    } catch (error) {
      if (error instanceof RdataError) return text;
      throw error;
    }
  }),
});
