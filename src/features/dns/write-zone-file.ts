/** A zone as a zone file that any nameserver reads (RFC 1035, section 5). Pure. */
import { relativeName } from './dns-name.ts';
import type { ZoneRecord } from './record.ts';

const chunkBytes = 255;

/** Bytes that stand for themselves between quotation marks; the others are written by their number. */
const isPlain = (byte: number): boolean => byte >= 0x20 && byte <= 0x7e;

const quote = (bytes: Buffer): string => {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === '\\') text += `\\${character}`;
    else text += isPlain(byte) ? character : `\\${String(byte).padStart(3, '0')}`;
  }
  return `"${text}"`;
};

const strings = (text: string): string => {
  const bytes = Buffer.from(text);
  const chunks: string[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += chunkBytes) {
    chunks.push(quote(bytes.subarray(at, at + chunkBytes)));
  }
  return chunks.join(' ');
};

export interface ExportedZone {
  /** Absolute. */
  zone: string;
  /** Absolute names. */
  nameservers: readonly string[];
  serial: number;
  records: readonly ZoneRecord[];
}

/** The SOA and the NS at the apex are written as they would be here; a reader that is one of ours passes over them. */
export const writeZoneFile = ({ zone, nameservers, serial, records }: ExportedZone): string => {
  const line = (name: string, ttl: number, type: string, data: string) =>
    `${relativeName(name, zone)}\t${ttl}\tIN\t${type}\t${data}`;
  return [
    `; The zone ${zone}, as it is published.`,
    `$ORIGIN ${zone}`,
    line(zone, 3600, 'SOA', `${nameservers[0]} hostmaster.${zone} ${serial} 3600 600 1209600 300`),
    ...nameservers.map((host) => line(zone, 3600, 'NS', host)),
    ...records.map(({ name, ttl, type, rdata }) => line(name, ttl, type, type === 'TXT' ? strings(rdata) : rdata)),
    '',
  ].join('\n');
};
