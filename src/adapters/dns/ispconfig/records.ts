import type { RRset, RRType } from '../../../ports/dns.ts';
import type { HeldRecord } from '../held-records.ts';
import { spellRdata } from '../rdata.ts';
import { type Limits, supportedTypes, widestLimits } from '../rrset.ts';
import type { IspConfigRecord } from './schema.ts';

/**
 * Records in ISPConfig's form: names relative to the zone, the priority of MX and
 * SRV in `aux`, TXT without quotes. Limits are those of its forms (`dns_*.tform.php`)
 * and of the template that it writes zone files with.
 */

export interface RecordParams {
  name: string;
  type: RRType;
  data: string;
  aux: number;
  ttl: number;
}

const hasPriority = (type: string): boolean => type === 'MX' || type === 'SRV';

const absolute = (name: string, zone: string): string => {
  if (name === '' || name === '@') return zone;
  return (name.endsWith('.') ? name : `${name}.${zone}`).toLowerCase();
};

// Its own wizard writes the apex in full, and all other names without the zone. A star alone is refused for TXT.
const relative = (name: string, zone: string): string =>
  name === zone || name === `*.${zone}` ? name : name.slice(0, -zone.length - 1);

/** The record for ISPConfig. The text is one that the rules have let through. */
export const toParams = (zone: string, { name, type, ttl }: Omit<RRset, 'rdata'>, text: string): RecordParams => {
  const spelled = spellRdata(type, text);
  const [first = '', ...rest] = spelled.split(' ');
  return {
    name: relative(name, zone),
    type,
    ttl,
    ...(hasPriority(type) ? { aux: Number(first), data: rest.join(' ') } : { aux: 0, data: spelled }),
  };
};

const withTarget = (data: string, zone: string): string => {
  const parts = data.split(/\s+/);
  return [...parts.slice(0, -1), absolute(parts.at(-1) ?? '', zone)].join(' ');
};

const textOf = (zone: string, { type, data, aux }: IspConfigRecord): string => {
  if (hasPriority(type)) return `${aux} ${withTarget(data, zone)}`;
  return type === 'CNAME' || type === 'NS' ? withTarget(data, zone) : data;
};

/** The record as we know it; null for one that is switched off, or of a type that the port has no word for. */
export const toHeld = (zone: string, record: IspConfigRecord): HeldRecord | null => {
  const type = record.type as RRType;
  if (!supportedTypes.has(type) || record.active.toUpperCase() === 'N') return null;
  return { id: record.id, name: absolute(record.name, zone), type, ttl: record.ttl, text: textOf(zone, record) };
};

const mostInSrv = 64;

const textFault = (text: string): string | null => {
  if (text === '') return 'has an empty text, which ISPConfig refuses';
  // It puts the text between quotes into the zone file, as it is.
  if (/["\\]/.test(text)) return 'has a quote or a backslash, which ISPConfig does not escape';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'has a control character, which ISPConfig does not escape';
  return /[\u{10000}-\u{10ffff}]/u.test(text) ? 'has a character that its database has no room for' : null;
};

const faultOfForms = ({ name, type, rdata }: RRset): string | null => {
  if (type === 'TXT') return rdata.map(textFault).find((fault) => fault !== null) ?? null;
  if (type === 'MX' && /[_*]/.test(name)) return 'ISPConfig takes no MX at a name with an underscore or a star';
  if (type !== 'SRV') return null;
  if (name.includes('*')) return 'ISPConfig takes no SRV at a wildcard';
  return rdata.some((text) => (text.split(' ')[3] ?? '').length > mostInSrv)
    ? `ISPConfig takes no SRV target of more than ${mostInSrv} characters`
    : null;
};

export const limits: Limits = { ...widestLimits, minTtl: 60, also: faultOfForms };
