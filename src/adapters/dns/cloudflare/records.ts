import type { RRset, RRType } from '../../../ports/dns.ts';
import type { HeldRecord } from '../held-records.ts';
import { quoteText, spellRdata, unquoteText } from '../rdata.ts';
import { faultOf, type Limits, supportedTypes, widestLimits } from '../rrset.ts';
import type { CloudflareRecord } from './schema.ts';

/**
 * Records in Cloudflare's form: full names without the last dot, TXT in quotes,
 * SRV and CAA in parts. Limits: developers.cloudflare.com, "DNS record types".
 */

/** What a record is made of, beside its name and TTL. */
export type RecordBody =
  | { type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'TXT'; content: string }
  | { type: 'MX'; content: string; priority: number }
  | { type: 'SRV'; data: { priority: number; weight: number; port: number; target: string } }
  | { type: 'CAA'; data: { flags: number; tag: string; value: string } };

/** What "automatic" comes to for records that are not proxied. */
const automaticTtl = 300;

/** The name as Cloudflare writes it. */
export const nameOf = (name: string): string => (name === '.' ? name : name.replace(/\.$/, ''));
/** The name as the port writes it. */
export const absolute = (name: string): string => (name.endsWith('.') ? name : `${name}.`).toLowerCase();

/** The record for Cloudflare. The text is one that the rules have let through. */
export const toBody = (type: RRType, text: string): RecordBody => {
  const parts = spellRdata(type, text).split(' ');
  const [first = '', second = '', third = '', fourth = ''] = parts;
  switch (type) {
    case 'MX':
      return { type, content: nameOf(second), priority: Number(first) };
    case 'SRV':
      return {
        type,
        data: { priority: Number(first), weight: Number(second), port: Number(third), target: nameOf(fourth) },
      };
    case 'CAA':
      return { type, data: { flags: Number(first), tag: second, value: unquoteText(parts.slice(2).join(' ')) } };
    case 'CNAME':
    case 'NS':
      return { type, content: nameOf(first) };
    case 'TXT':
      return { type, content: quoteText(text) };
    default:
      return { type, content: first };
  }
};

const textOf = (type: RRType, { content, priority = 0, data = {} }: CloudflareRecord): string => {
  switch (type) {
    case 'MX':
      return `${priority} ${absolute(content)}`;
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${absolute(String(data.target))}`;
    case 'CAA':
      return `${data.flags} ${data.tag} "${String(data.value).replace(/["\\]/g, '\\$&')}"`;
    case 'CNAME':
    case 'NS':
      return absolute(content);
    case 'TXT':
      // Records of older days may stand without quotes.
      return content.startsWith('"') ? unquoteText(content) : content;
    default:
      return content;
  }
};

/** The record as we know it; null for types that the port has no word for. */
export const toHeld = (record: CloudflareRecord): HeldRecord | null => {
  const type = record.type as RRType;
  if (!supportedTypes.has(type)) return null;
  const ttl = record.ttl === 1 ? automaticTtl : record.ttl;
  return { id: record.id, name: absolute(record.name), type, ttl, text: textOf(type, record) };
};

const mostRecordBytes = 4_096;
const mostCharacters = 8_192;

const sizeFault = (rrset: RRset): string | null => {
  const large = rrset.rdata.find((text) =>
    faultOf({ ...widestLimits, mostBytes: mostRecordBytes }, { ...rrset, rdata: [text] }),
  );
  if (large !== undefined) return `has a record of more than ${mostRecordBytes} bytes`;
  const contents = rrset.rdata.map((text) => (rrset.type === 'TXT' ? quoteText(text) : text));
  const characters = contents.reduce((sum, content) => sum + content.length, 0);
  return characters > mostCharacters ? `has more than ${mostCharacters} characters in all its records` : null;
};

export const limits: Limits = { ...widestLimits, minTtl: 60, maxTtl: 86_400, also: sizeFault };
