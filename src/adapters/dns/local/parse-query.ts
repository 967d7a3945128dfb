import { rcodes } from './resolve-query.ts';

/**
 * Requests as bytes from strangers. Read by hand rather than with dns-packet,
 * because the question must be echoed byte for byte (resolvers vary its case to
 * tell forgeries) and because labels may hold any byte, dots included.
 */

export interface Question {
  /** As sent, for the echo. */
  bytes: Buffer;
  /** Absolute and lower-case; bytes that no name of ours has are written `\ddd`. */
  name: string;
  /** The same in the sender's spelling. */
  asked: string;
  type: number;
  class: number;
}

export interface RequestHeader {
  id: number;
  /** The second 16 bits of the header. */
  flags: number;
}

export type ParsedQuery =
  /** No answer at all: too short to have a header, or an answer itself, which must not start a quarrel. */
  | { kind: 'ignore' }
  | { kind: 'fault'; header: RequestHeader; rcode: number }
  | {
      kind: 'query';
      header: RequestHeader;
      question: Question;
      /** Of the OPT record, when there is one. */
      edns: { udpSize: number; version: number } | null;
    };

const headerBytes = 12;
const optType = 41;

class FormatFault extends Error {}

const readByte = (packet: Buffer, at: number): number => {
  const value = packet[at];
  if (value === undefined) throw new FormatFault();
  return value;
};

const readUInt16 = (packet: Buffer, at: number): number => (readByte(packet, at) << 8) | readByte(packet, at + 1);

const labelText = (label: Buffer): string => {
  const text = label.toString('latin1');
  return /^[\w*-]+$/.test(text) ? text : Array.from(label, (byte) => `\\${String(byte).padStart(3, '0')}`).join('');
};

const readQuestion = (packet: Buffer): Question => {
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = readByte(packet, at);
    at += 1;
    if (length === 0) break;
    // Also turns away pointers, which have nothing to point at in a first name.
    if (length > 63 || at + length > packet.length || at + length - headerBytes > 254) throw new FormatFault();
    labels.push(labelText(packet.subarray(at, at + length)));
    at += length;
  }
  const asked = `${labels.join('.')}.`;
  const type = readUInt16(packet, at);
  const bytes = packet.subarray(headerBytes, at + 4);
  return { bytes, name: asked.toLowerCase(), asked, type, class: readUInt16(packet, at + 2) };
};

const skipName = (packet: Buffer, start: number): number => {
  let at = start;
  for (;;) {
    const length = readByte(packet, at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) throw new FormatFault();
    at += 1 + length;
  }
};

const readEdns = (packet: Buffer, start: number, records: number) => {
  let edns: { udpSize: number; version: number } | null = null;
  let at = start;
  for (let index = 0; index < records; index++) {
    const fixed = skipName(packet, at);
    const end = fixed + 10 + readUInt16(packet, fixed + 8);
    if (end > packet.length) throw new FormatFault();
    if (readUInt16(packet, fixed) === optType) {
      if (edns) throw new FormatFault();
      edns = { udpSize: readUInt16(packet, fixed + 2), version: readByte(packet, fixed + 5) };
    }
    at = end;
  }
  if (at !== packet.length) throw new FormatFault();
  return edns;
};

/** Reads one message. Never throws. */
export const parseQuery = (packet: Buffer): ParsedQuery => {
  if (packet.length < headerBytes) return { kind: 'ignore' };
  const header = { id: packet.readUInt16BE(0), flags: packet.readUInt16BE(2) };
  if (header.flags & 0x8000) return { kind: 'ignore' };
  if (header.flags & 0x7800) return { kind: 'fault', header, rcode: rcodes.notImplemented };
  if (packet.readUInt16BE(4) !== 1) return { kind: 'fault', header, rcode: rcodes.formatError };
  try {
    const question = readQuestion(packet);
    const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
    const edns = readEdns(packet, headerBytes + question.bytes.length, records);
    return { kind: 'query', header, question, edns };
  } catch (error) {
    if (!(error instanceof FormatFault)) throw error;
    return { kind: 'fault', header, rcode: rcodes.formatError };
  }
};
