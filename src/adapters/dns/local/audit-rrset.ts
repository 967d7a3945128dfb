import type { RRset, RRType } from '../../../ports/dns.ts';
import { isOwnerName } from './names.ts';
import { canonicalRdata, RdataError } from './rdata.ts';

export const supportedTypes: ReadonlySet<RRType> = new Set(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'CAA', 'SRV']);

const mostTtl = 2 ** 31 - 1;

// An answer must fit into one TCP message of 64 KiB; the rest is for the
// question, the owner names and the other sections.
const mostBytes = 48 * 1024;

const firstFault = (type: RRType, rdata: string[]): string | null => {
  const seen = new Set<string>();
  let bytes = 0;
  for (const text of rdata) {
    try {
      const canonical = canonicalRdata(type, text);
      if (seen.has(canonical)) return `has ${text} twice`;
      seen.add(canonical);
      bytes += canonical.length / 2;
    } catch (error) {
      if (error instanceof RdataError) return `${text.slice(0, 80)} ${error.message}`;
      throw error;
    }
  }
  return bytes > mostBytes ? `is larger than ${mostBytes} bytes` : null;
};

/** Why this server cannot hold the RRset, or null when it can. */
export const auditRRset = ({ name, type, ttl, rdata }: RRset): string | null => {
  if (!isOwnerName(name)) return 'the name must be absolute, lower-case and end with a dot';
  if (!supportedTypes.has(type)) return `the type ${type} is not supported`;
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > mostTtl) return `the TTL must be from 1 to ${mostTtl} seconds`;
  if (rdata.length === 0) return 'an RRset has at least one record';
  if (type === 'CNAME' && rdata.length > 1) return 'a name has one CNAME only';
  if (type === 'NS' && name.startsWith('*.')) return 'a wildcard cannot be delegated';
  return firstFault(type, rdata);
};

/** Whether two RRsets of one name and type are the same in TTL and records, whatever the order and spelling. */
export const sameRRset = (one: RRset, other: RRset): boolean => {
  const records = (rrset: RRset) => rrset.rdata.map((text) => canonicalRdata(rrset.type, text)).sort();
  return one.ttl === other.ttl && JSON.stringify(records(one)) === JSON.stringify(records(other));
};
