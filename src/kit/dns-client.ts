/**
 * Asks one nameserver one question: over UDP, and over TCP when the answer did not
 * fit. Node's own resolver shows neither the authority section nor a referral, which
 * is where a parent says whom it delegates to.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import { type Answer, decode, encode, RECURSION_DESIRED, streamDecode, streamEncode } from 'dns-packet';

export interface ServerAddress {
  address: string;
  port: number;
}

export interface Question {
  name: string;
  type: 'A' | 'AAAA' | 'NS' | 'TXT';
}

export interface DnsReply {
  rcode: string;
  answers: Answer[];
  authorities: Answer[];
  additionals: Answer[];
}

/** How long one server may take, in milliseconds. */
const patienceMs = 2_000;
const udpBytes = 1_232;

const messageOf = ({ name, type }: Question, id: number, recursive: boolean) => ({
  type: 'query' as const,
  id,
  flags: recursive ? RECURSION_DESIRED : 0,
  questions: [{ type, name }],
  additionals: [
    {
      type: 'OPT' as const,
      name: '.' as const,
      udpPayloadSize: udpBytes,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    },
  ],
});

type Decoded = ReturnType<typeof decode> & { rcode?: string };

/** Null for what is not the answer to this question. */
const readReply = (decoded: Decoded, id: number, question: Question): Decoded | null => {
  const asked = decoded.questions?.[0];
  const isOurs =
    decoded.type === 'response' &&
    decoded.id === id &&
    asked?.type === question.type &&
    asked.name.toLowerCase() === question.name.toLowerCase();
  return isOurs ? decoded : null;
};

const decoded = (message: Buffer): Decoded | null => {
  try {
    return decode(message) as Decoded;
  } catch {
    return null;
  }
};

const askUdp = async (server: ServerAddress, question: Question, recursive: boolean, signal: AbortSignal) => {
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  try {
    // Connected: the system drops what comes from anybody else, and tells of a closed port.
    socket.connect(server.port, server.address);
    await once(socket, 'connect', { signal });
    const id = randomInt(65_536);
    socket.send(encode(messageOf(question, id, recursive)));
    for (;;) {
      const [message] = (await once(socket, 'message', { signal })) as [Buffer];
      const packet = decoded(message);
      const reply = packet && readReply(packet, id, question);
      if (reply) return reply;
    }
  } finally {
    socket.close();
  }
};

const askTcp = async (server: ServerAddress, question: Question, recursive: boolean, signal: AbortSignal) => {
  const socket = connect({ host: server.address, port: server.port, signal });
  const id = randomInt(65_536);
  socket.write(streamEncode(messageOf(question, id, recursive)));
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    const all = Buffer.concat(chunks);
    if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) continue;
    const reply = readReply(streamDecode(all) as Decoded, id, question);
    if (reply) return reply;
    break;
  }
  throw new Error('The server closed the connection without an answer');
};

/**
 * One question to one server, in two seconds at most. `recursive` asks a resolver to
 * find the answer; without it a server tells only what it knows itself. Throws
 * whatever keeps the answer from coming; asking again is harmless.
 */
export const askServer = async (
  server: ServerAddress,
  question: Question,
  { recursive, signal }: { recursive: boolean; signal: AbortSignal },
): Promise<DnsReply> => {
  const over = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  over.throwIfAborted();
  const first = await askUdp(server, question, recursive, over);
  const reply = first.flag_tc ? await askTcp(server, question, recursive, over) : first;
  return {
    rcode: reply.rcode ?? 'NOERROR',
    answers: reply.answers ?? [],
    authorities: reply.authorities ?? [],
    additionals: reply.additionals ?? [],
  };
};
