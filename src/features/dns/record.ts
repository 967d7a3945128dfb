/**
 * What a record may be. A wish comes in as people type it and leaves as the ports
 * want it; every refusal names the field, what is wrong with it, and an example
 * of what is right. Pure.
 */
import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { RRType } from '../../ports/dns.ts';
import { NameFault, ownerName, targetName } from './dns-name.ts';

export const recordTypes = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'CAA', 'SRV'] as const satisfies readonly RRType[];

/** What stands for the reverse proxy's own address or name. */
export const proxyAlias = 'PROXYSRV';

export type RecordField = 'name' | 'type' | 'data' | 'ttl' | 'priority' | 'weight' | 'port' | 'flags' | 'tag';

/** Why a record is refused, in a whole sentence for the customer. */
export class RecordFault extends Error {
  readonly field: RecordField;

  constructor(field: RecordField, message: string) {
    super(message);
    this.field = field;
  }
}

/** A record as it is wished for. */
export interface RecordWish {
  name: string;
  type: string;
  data: string;
  ttl?: number | undefined;
  priority?: number | undefined;
  weight?: number | undefined;
  port?: number | undefined;
  flags?: number | undefined;
  tag?: string | undefined;
}

export interface ZoneRecord {
  /** Stable: a hash of name, type and data. Decimal, so that clients which keep ids in an integer can. */
  id: string;
  /** Absolute, lower-case A-labels, with the trailing dot. */
  name: string;
  type: RRType;
  /** Seconds. */
  ttl: number;
  /** In the form of the ports, in one spelling only. */
  rdata: string;
  /** Asked for as PROXYSRV, and shown back so. */
  alias: boolean;
}

/** What the rules need to know of the zone and of us. */
export interface RecordContext {
  /** Absolute. */
  zone: string;
  proxy: { ipv4: string | null; ipv6: string | null; name: string | null };
  types: ReadonlySet<RRType>;
  minTtl: number;
}

export const defaultTtl = 3600;
/** 30 days: nobody waits longer for a change, and old resolvers cap there or sooner. */
export const mostTtl = 2_592_000;
const mostText = 4096;

/** 52 bits: exact in JSON, in a PHP integer and in a database's. */
export const recordId = (name: string, type: string, rdata: string): string =>
  BigInt(`0x${createHash('sha256').update(`${name} ${type} ${rdata}`).digest('hex').slice(0, 13)}`).toString();

const examples: Record<RRType, string> = {
  A: '203.0.113.10',
  AAAA: '2001:db8::10',
  CNAME: 'shop.example.net',
  MX: 'mail.example.com',
  NS: 'ns1.example.net',
  TXT: 'v=spf1 mx -all',
  CAA: 'letsencrypt.org',
  SRV: 'sip.example.com',
};

/** Long input is not sent back whole, nor what would not show. */
const quoted = (text: string): string => {
  const shown = [...text.replaceAll(/[\p{C}]/gu, '?')];
  return `"${shown.slice(0, 60).join('')}${shown.length > 60 ? '…' : ''}"`;
};

const fault = (field: RecordField, value: unknown, wrong: string, example: string | number): RecordFault =>
  new RecordFault(field, `The field "${field}" ${wrong}: ${quoted(String(value))}. An example: ${example}`);

const named = (field: RecordField, text: string, example: string, work: () => string): string => {
  try {
    return work();
  } catch (error) {
    if (error instanceof NameFault) throw fault(field, text, error.message, example);
    throw error;
  }
};

const whole = (wish: RecordWish, field: 'priority' | 'weight' | 'port' | 'flags', most: number, example: number) => {
  const value = wish[field];
  if (value === undefined) {
    throw new RecordFault(
      field,
      `The field "${field}" is missing for a record of type ${wish.type}. An example: ${example}`,
    );
  }
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw fault(field, value, `must be a whole number from 0 to ${most}`, example);
};

/** One spelling of an IPv6 address (RFC 5952). */
const shortest = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1);

const caaData = ({ tag, data }: { tag: string; data: string }): string => {
  if (!/^[\x20-\x7e]*$/.test(data) || /["\\]/.test(data)) {
    throw fault('data', data, 'has a character that a CAA record cannot have', examples.CAA);
  }
  if (tag === 'iodef') {
    if (/^(mailto:[^\s@]+@[^\s@]+|https?:\/\/\S+)$/i.test(data)) return data;
    throw fault('data', data, 'must be an address to report to', 'mailto:security@example.com');
  }
  if (/^\s*([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?\s*(;[^"]*)?$/i.test(data) && data.trim() !== '') return data;
  throw fault('data', data, 'must be the name of a certificate authority, or ; for none', examples.CAA);
};

const ownData = (type: RRType, wish: RecordWish, zone: string): string => {
  const { data } = wish;
  const target = (example: string) => named('data', data, example, () => targetName(data, zone));
  switch (type) {
    case 'A':
      if (isIPv4(data)) return data;
      throw fault('data', data, 'must be an IPv4 address', examples.A);
    case 'AAAA':
      if (isIPv6(data) && !data.includes('%')) return shortest(data);
      throw fault('data', data, 'must be an IPv6 address', examples.AAAA);
    case 'CNAME':
    case 'NS':
      return target(examples[type]);
    case 'MX': {
      const priority = whole(wish, 'priority', 65_535, 10);
      // RFC 7505: no mail is taken here.
      if (data === '.') {
        if (priority === 0) return '0 .';
        throw fault('priority', priority, 'must be 0 where the data is a single dot', 0);
      }
      return `${priority} ${target(examples.MX)}`;
    }
    case 'SRV': {
      const numbers = [
        whole(wish, 'priority', 65_535, 10),
        whole(wish, 'weight', 65_535, 5),
        whole(wish, 'port', 65_535, 5060),
      ];
      return `${numbers.join(' ')} ${data === '.' ? '.' : target(examples.SRV)}`;
    }
    case 'TXT':
      if (data === '') throw new RecordFault('data', `The field "data" is empty. An example: ${examples.TXT}`);
      if (/\p{Cc}/u.test(data) || !data.isWellFormed()) {
        throw fault('data', data, 'has a control character, e.g. a line break', examples.TXT);
      }
      if (Buffer.byteLength(data) > mostText) {
        throw fault('data', data, `is longer than ${mostText} bytes`, examples.TXT);
      }
      return data;
    case 'CAA': {
      const flags = whole({ ...wish, flags: wish.flags ?? 0 }, 'flags', 255, 0);
      const tag = wish.tag?.toLowerCase();
      if (tag === undefined) {
        throw new RecordFault('tag', 'The field "tag" is missing for a record of type CAA. An example: issue');
      }
      if (tag !== 'issue' && tag !== 'issuewild' && tag !== 'iodef') {
        throw fault('tag', wish.tag, 'must be issue, issuewild or iodef', 'issue');
      }
      return `${flags} ${tag} "${caaData({ tag, data })}"`;
    }
  }
};

const proxyData = (type: RRType, wish: RecordWish, { proxy }: RecordContext): string => {
  const found = type === 'A' ? proxy.ipv4 : type === 'AAAA' ? proxy.ipv6 : type === 'CNAME' ? proxy.name : undefined;
  if (found === undefined) {
    throw fault(
      'data',
      wish.data,
      `stands for the reverse proxy in A, AAAA and CNAME records only, not in ${type}`,
      examples[type],
    );
  }
  if (found === null) {
    const what = type === 'A' ? 'no IPv4 address' : type === 'AAAA' ? 'no IPv6 address' : 'no name of its own';
    throw fault('data', wish.data, `cannot be used for ${type}: the reverse proxy has ${what}`, examples[type]);
  }
  return type === 'AAAA' ? shortest(found) : found;
};

const typeOf = ({ type }: RecordWish, { types }: RecordContext): RRType => {
  const upper = type.toUpperCase();
  if (upper === 'SOA') throw fault('type', type, 'cannot be SOA, which this service keeps itself', 'A');
  const found = recordTypes.find((known) => known === upper);
  if (!found) throw fault('type', type, `must be one of ${recordTypes.join(', ')}`, 'A');
  if (!types.has(found)) throw fault('type', type, 'is not possible on this infrastructure', 'A');
  return found;
};

const ttlOf = ({ ttl }: RecordWish, { minTtl }: RecordContext): number => {
  if (ttl === undefined) return Math.max(defaultTtl, minTtl);
  if (Number.isInteger(ttl) && ttl >= minTtl && ttl <= mostTtl) return ttl;
  throw fault('ttl', ttl, `must be a whole number of seconds from ${minTtl} to ${mostTtl}`, defaultTtl);
};

/** The record that is wished for. Throws {@link RecordFault}. */
export const readRecord = (wish: RecordWish, context: RecordContext): ZoneRecord => {
  const { zone } = context;
  const type = typeOf(wish, context);
  const example = type === 'SRV' ? '_sip._tcp' : 'www';
  const name = named('name', wish.name, example, () => ownerName(wish.name, zone));
  if (type === 'NS' && name === zone) {
    throw fault('name', wish.name, 'cannot have NS records at the zone itself, which this service keeps', 'sub');
  }
  if (type === 'NS' && name.startsWith('*.')) throw fault('name', wish.name, 'cannot be a wildcard for NS', 'sub');
  if (type === 'CNAME' && name === zone) {
    throw fault(
      'name',
      wish.name,
      'cannot be the zone itself for CNAME, which would stand beside its NS records',
      'www',
    );
  }
  if (type === 'SRV' && !/^_[a-z0-9-]+\._[a-z0-9-]+\./.test(name)) {
    throw fault('name', wish.name, 'must begin with a service and a protocol for SRV', example);
  }
  const ttl = ttlOf(wish, context);
  const alias = wish.data.toUpperCase() === proxyAlias && type !== 'TXT';
  const rdata = alias ? proxyData(type, wish, context) : ownData(type, wish, zone);
  if (type === 'CNAME' && rdata === name) {
    throw fault('data', wish.data, 'leads a CNAME to itself', examples.CNAME);
  }
  return { id: recordId(name, type, rdata), name, type, ttl, rdata, alias };
};

/** A record's data taken apart, the way that a wish has it. Names come without the trailing dot. */
export interface RecordParts {
  data: string;
  priority: number | null;
  weight: number | null;
  port: number | null;
  flags: number | null;
  tag: string | null;
}

const bare = (name: string): string => (name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name);

/** Undoes what `readRecord` did to the data. Text that is of no known form comes back whole. */
export const partsOf = ({ type, rdata }: Pick<ZoneRecord, 'type' | 'rdata'>): RecordParts => {
  const none: RecordParts = { data: rdata, priority: null, weight: null, port: null, flags: null, tag: null };
  const words = rdata.split(' ');
  switch (type) {
    case 'CNAME':
    case 'NS':
      return { ...none, data: bare(rdata) };
    case 'MX':
      return words.length === 2 ? { ...none, priority: Number(words[0]), data: bare(words[1]!) } : none;
    case 'SRV': {
      const [priority, weight, port] = words.slice(0, 3).map(Number);
      return words.length === 4
        ? { ...none, priority: priority!, weight: weight!, port: port!, data: bare(words[3]!) }
        : none;
    }
    case 'CAA': {
      const [, flags, tag, value] = /^(\d+) ([a-z]+) "(.*)"$/.exec(rdata) ?? [];
      return flags === undefined ? none : { ...none, flags: Number(flags), tag: tag!, data: value! };
    }
    default:
      return none;
  }
};

/** One spelling for what a provider has; text that the rules would refuse stays as it is. */
export const canonicalRdata = (type: RRType, rdata: string, zone: string): string => {
  const parts = partsOf({
    type,
    rdata: type === 'CAA' ? rdata.replace(/^(\d+) (\S+) ([^"\s]+)$/, '$1 $2 "$3"') : rdata,
  });
  const wish = {
    name: '',
    type,
    data: type === 'TXT' || parts.data === '.' ? parts.data : isName(type) ? `${parts.data}.` : parts.data,
    ...(parts.priority === null ? {} : { priority: parts.priority }),
    ...(parts.weight === null ? {} : { weight: parts.weight }),
    ...(parts.port === null ? {} : { port: parts.port }),
    ...(parts.flags === null ? {} : { flags: parts.flags }),
    ...(parts.tag === null ? {} : { tag: parts.tag }),
  };
  try {
    return ownData(type, wish, zone);
  } catch (error) {
    if (error instanceof RecordFault) return rdata;
    throw error;
  }
};

const isName = (type: RRType): boolean => type === 'CNAME' || type === 'NS' || type === 'MX' || type === 'SRV';
