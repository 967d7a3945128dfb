import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { decode, encode, type Packet, type RecordType } from 'dns-packet';
import { createLocalDns, type LocalDns } from './index.ts';

/** What the tests of this folder share: a server on loopback, and raw ways to ask it. */

export const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const signal = new AbortController().signal;

/** The types of dns-packet leave out what its decoder does return. */
export type Reply = ReturnType<typeof decode> & { rcode: string };

export const temporaryDir = async (t: TestContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'provisor dns-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

export const dnsIn = (t: TestContext, dataDir: string): LocalDns => {
  const dns = createLocalDns({ dataDir, host: '127.0.0.1', port: 0, log: silent });
  t.after(() => dns.close?.());
  return dns;
};

export const openDns = async (t: TestContext): Promise<LocalDns> => {
  const dns = dnsIn(t, await temporaryDir(t));
  await dns.open?.();
  return dns;
};

export const question = (name: string, type: RecordType | 'ANY', more: Packet = {}): Buffer =>
  encode({ type: 'query', id: 4711, questions: [{ name, type: type as RecordType }], ...more });

/** Sends one datagram and gives back the next one, as bytes. */
export const sendUdp = async (port: number, packet: Buffer): Promise<Buffer> => {
  const socket = createSocket('udp4');
  try {
    const reply = once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
    socket.send(packet, port, '127.0.0.1');
    return (await reply)[0];
  } finally {
    socket.close();
  }
};

/** Sends all messages over one connection at once and gives back the answers in order. */
export const sendTcp = async (port: number, packets: Buffer[]): Promise<Buffer[]> => {
  const socket = connect(port, '127.0.0.1');
  const answers: Buffer[] = [];
  let waiting = Buffer.alloc(0);
  const frames = packets.map((packet) => {
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(packet.length);
    return Buffer.concat([prefix, packet]);
  });
  socket.write(Buffer.concat(frames));
  for await (const chunk of socket) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
      answers.push(waiting.subarray(2, 2 + waiting.readUInt16BE(0)));
      waiting = waiting.subarray(2 + waiting.readUInt16BE(0));
    }
    if (answers.length === packets.length) break;
  }
  return answers;
};

export const ask = async (dns: LocalDns, name: string, type: RecordType | 'ANY', more: Packet = {}): Promise<Reply> =>
  decode(await sendUdp(dns.listeningPort!, question(name, type, more))) as Reply;

export const askTcp = async (dns: LocalDns, name: string, type: RecordType | 'ANY'): Promise<Reply> =>
  decode((await sendTcp(dns.listeningPort!, [question(name, type)]))[0]!) as Reply;
