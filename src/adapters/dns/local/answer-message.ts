import { type Answer, encode } from 'dns-packet';
import { parseQuery, type Question, type RequestHeader } from './parse-query.ts';
import { type Resolution, rcodes, resolveQuery } from './resolve-query.ts';
import type { ZoneReader } from './zone-store.ts';

const flags = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200 };
// The opcode, RD and CD come back as they were sent.
const echoedFlags = 0x7800 | 0x0100 | 0x0010;

const classInternet = 1;
const badVersion = 16;

// Above it, UDP answers are cut into fragments on some paths and lost there.
const mostUdpBytes = 1_232;
const plainUdpBytes = 512;
const mostTcpBytes = 65_535;

const typeNames: Record<number, string> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  255: 'ANY',
  257: 'CAA',
};
// Whole-zone transfers are nobody's business here.
const transferTypes = [251, 252];

const emptyWith = (rcode: number): Resolution => ({
  rcode,
  authoritative: false,
  answers: [],
  authorities: [],
  additionals: [],
});

const optRecord = (rcode: number): Answer => ({
  name: '.',
  type: 'OPT',
  udpPayloadSize: mostUdpBytes,
  extendedRcode: rcode >> 4,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
});

interface Reply {
  header: RequestHeader;
  question?: Question;
  hasEdns: boolean;
  resolution: Resolution;
}

const build = ({ header, question, hasEdns, resolution }: Reply, truncated: boolean): Buffer => {
  const { rcode, authoritative, answers, authorities, additionals } = resolution;
  const message = encode({
    id: header.id,
    answers,
    authorities,
    additionals: hasEdns ? [...additionals, optRecord(rcode)] : additionals,
  });
  message.writeUInt16BE(
    flags.response |
      (header.flags & echoedFlags) |
      (authoritative ? flags.authoritative : 0) |
      (truncated ? flags.truncated : 0) |
      (rcode & 15),
    2,
  );
  if (!question) return message;
  // dns-packet writes no pointers, so the question can be put in between untouched.
  message.writeUInt16BE(1, 4);
  return Buffer.concat([message.subarray(0, 12), question.bytes, message.subarray(12)]);
};

const fit = (reply: Reply, limit: number): Buffer => {
  const whole = build(reply, false);
  if (whole.length <= limit) return whole;
  const bare = build({ ...reply, resolution: { ...reply.resolution, additionals: [] } }, false);
  // The glue of a referral cannot be left out silently: without it the nameservers may not be found.
  if (bare.length <= limit && reply.resolution.authoritative) return bare;
  return build({ ...reply, resolution: { ...reply.resolution, answers: [], authorities: [], additionals: [] } }, true);
};

const resolve = (zones: ZoneReader, question: Question, transport: 'udp' | 'tcp'): Resolution => {
  if (question.class !== classInternet || transferTypes.includes(question.type)) return emptyWith(rcodes.refused);
  const type = typeNames[question.type] ?? 'other';
  const resolution = resolveQuery(zones, question.name, question.asked, type);
  if (transport === 'tcp' || type !== 'ANY') return resolution;
  // One RRset instead of all (RFC 8482): over UDP, ANY is mostly asked to flood a forged sender.
  return { ...resolution, answers: resolution.answers.filter((answer) => answer.type === resolution.answers[0]?.type) };
};

/** The answer to one message, or null when it deserves none. */
export const answerMessage = (zones: ZoneReader, packet: Buffer, transport: 'udp' | 'tcp'): Buffer | null => {
  const query = parseQuery(packet);
  if (query.kind === 'ignore') return null;
  const { header } = query;
  if (query.kind === 'fault') return build({ header, hasEdns: false, resolution: emptyWith(query.rcode) }, false);

  const { question, edns } = query;
  const udpBytes = edns ? Math.min(Math.max(edns.udpSize, plainUdpBytes), mostUdpBytes) : plainUdpBytes;
  const hasEdns = edns !== null;
  const resolution = edns && edns.version > 0 ? emptyWith(badVersion) : resolve(zones, question, transport);
  return fit({ header, question, hasEdns, resolution }, transport === 'udp' ? udpBytes : mostTcpBytes);
};

/** The answer when something broke on our side: the sender may ask again. */
export const failureMessage = (packet: Buffer): Buffer | null =>
  packet.length < 12
    ? null
    : build(
        {
          header: { id: packet.readUInt16BE(0), flags: packet.readUInt16BE(2) },
          hasEdns: false,
          resolution: emptyWith(rcodes.failure),
        },
        false,
      );
