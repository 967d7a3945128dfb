import { isIPv4, isIPv6 } from 'node:net';
import { type Answer, encode } from 'dns-packet';
import type { RRType } from '../../../ports/dns.ts';
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
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  // A TXT record holds at least one string, if only an empty one.
  for (let at = 0; at === 0 || at < bytes.length; at += textChunk) chunks.push(bytes.subarray(at, at + textChunk));
  return chunks;
};

const caa = (text: string) => {
  const [, flags, tag, quoted, plain] = /^(\S+) ([a-z0-9]{1,255}) (?:"((?:[^"\\]|\\.)*)"|([^\s"]+))$/i.exec(text) ?? [];
  if (flags === undefined || tag === undefined) throw new RdataError('is not of the form "flags tag value"');
  return { flags: number(flags, 255), tag: tag.toLowerCase(), value: quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '' };
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
