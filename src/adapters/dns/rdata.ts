import { isIPv4, isIPv6 } from 'node:net';
import { type Answer, encode } from 'dns-packet';
import type { RRType } from '../../ports/dns.ts';
import { isTargetName } from './names.ts';

/** Between a record's text, as in a zone file, and what goes on the wire. */

/** A record's text that means nothing for its type. The message is a clause: "is not …". */
export class RdataError extends Error {}

const textChunk = 255;

const number = (text: string, most: number): number => {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > most) throw new RdataError(`has ${text} where a number up to ${most} belongs`);
  return value;
};

const target = (text: string): string => {
  if (!isTargetName(text)) throw new RdataError(`has ${text} where an absolute host name with a trailing dot belongs`);
  return text.toLowerCase();
};

const fields = (text: string, count: number, form: string): string[] => {
  const parts = text.split(' ');
  if (parts.length !== count) throw new RdataError(`is not of the form "${form}"`);
  return parts;
};

const splitText = (text: string): Buffer[] => {
  // Half of a surrogate pair has no bytes; it would come back as another text.
  if (!text.isWellFormed()) throw new RdataError('has half of a character');
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  // A TXT record holds at least one string, if only an empty one.
  for (let at = 0; at === 0 || at < bytes.length; at += textChunk) chunks.push(bytes.subarray(at, at + textChunk));
  return chunks;
};

const printable = /^[\x20-\x7e]*$/;

const caa = (text: string) => {
  const [, flags, tag, quoted, plain] = /^(\S+) ([a-z0-9]{1,255}) (?:"((?:[^"\\]|\\.)*)"|([^\s"]+))$/i.exec(text) ?? [];
  if (flags === undefined || tag === undefined) throw new RdataError('is not of the form "flags tag value"');
  const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
  if (!printable.test(value)) throw new RdataError('has a value with other than plain characters');
  return { flags: number(flags, 255), tag: tag.toLowerCase(), value };
};

/** The record for the wire. Throws {@link RdataError}. */
export const toAnswer = (name: string, type: RRType, ttl: number, text: string): Answer => {
  switch (type) {
    case 'A':
      if (!isIPv4(text)) throw new RdataError('is not an IPv4 address');
      return { name, type, ttl, data: text };
    case 'AAAA':
      if (!isIPv6(text) || text.includes('%')) throw new RdataError('is not an IPv6 address');
      return { name, type, ttl, data: text };
    case 'CNAME':
    case 'NS':
      return { name, type, ttl, data: target(text) };
    case 'MX': {
      const [preference, exchange] = fields(text, 2, 'preference target');
      return { name, type, ttl, data: { preference: number(preference!, 65_535), exchange: target(exchange!) } };
    }
    case 'SRV': {
      const [priority, weight, port, host] = fields(text, 4, 'priority weight port target');
      return {
        name,
        type,
        ttl,
        data: {
          priority: number(priority!, 65_535),
          weight: number(weight!, 65_535),
          port: number(port!, 65_535),
          target: target(host!),
        },
      };
    }
    case 'TXT':
      return { name, type, ttl, data: splitText(text) };
    case 'CAA':
      // The types of dns-packet know three tags only; on the wire any will do.
      return { name, type, ttl, data: caa(text) as Extract<Answer, { type: 'CAA' }>['data'] };
  }
};

/** The same for two texts that say the same, e.g. two spellings of one IPv6 address. Throws {@link RdataError}. */
export const canonicalRdata = (type: RRType, text: string): string =>
  encode({ answers: [toAnswer('.', type, 0, text)] }).toString('hex');

/** A text of any bytes as character strings of a zone file (RFC 1035 section 5.1): quoted, 255 bytes each at most. */
export const quoteText = (text: string): string =>
  splitText(text)
    .map((chunk) => {
      const spelled = Array.from(chunk, (byte) => {
        if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
        return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
      });
      return `"${spelled.join('')}"`;
    })
    .join(' ');

const characterString = /"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+)/gs;
const pieces = /\\(\d{3})|\\(.)|([^\\]+)/gs;

/** The text of character strings, joined; undoes {@link quoteText}. Bytes that are not UTF-8 become U+FFFD. */
export const unquoteText = (content: string): string => {
  const parts: Buffer[] = [];
  for (const [, quoted, bare] of content.matchAll(characterString)) {
    for (const [, decimal, single, plain] of (quoted ?? bare ?? '').matchAll(pieces)) {
      parts.push(decimal === undefined ? Buffer.from(single ?? plain ?? '') : Buffer.from([Number(decimal) & 0xff]));
    }
  }
  return Buffer.concat(parts).toString();
};

const shortIPv6 = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1);

/** The record in the one spelling that listings give: lower-case names, short IPv6, plain numbers, CAA values quoted. Throws {@link RdataError}. */
export const spellRdata = (type: RRType, text: string): string => {
  const answer = toAnswer('.', type, 0, text);
  switch (answer.type) {
    case 'AAAA':
      return shortIPv6(answer.data);
    case 'MX':
      return `${answer.data.preference} ${answer.data.exchange}`;
    case 'SRV':
      return `${answer.data.priority} ${answer.data.weight} ${answer.data.port} ${answer.data.target}`;
    case 'CAA':
      return `${answer.data.flags} ${answer.data.tag} "${answer.data.value.replace(/["\\]/g, '\\$&')}"`;
    case 'CNAME':
    case 'NS':
      return answer.data;
    default:
      return text;
  }
};
