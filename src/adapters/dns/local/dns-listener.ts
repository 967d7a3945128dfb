import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import type { Log } from '../../../kit/log.ts';
import { answerMessage, failureMessage } from './answer-message.ts';
import type { ZoneReader } from './zone-store.ts';

export interface DnsListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface DnsListenerOptions {
  zones: ZoneReader;
  host: string;
  port: number;
  log: Log;
}

const tcpIdleMs = 10_000;
const mostTcpConnections = 256;
// A question with its options is some hundred bytes; more is not a question.
const mostQueryBytes = 4_096;
const closingMs = 1_000;

const sentences: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) =>
    `DNS port ${port} on ${host} is taken by another program: set PROVISOR_DNS_PORT to a free port`,
  EACCES: (host, port) =>
    `DNS port ${port} on ${host} needs more rights than this process has: set PROVISOR_DNS_PORT to a port above 1023`,
  EADDRNOTAVAIL: (host) => `This machine has no address ${host} for the DNS server to listen on`,
};

const explain = (error: unknown, host: string, port: number): Error => {
  const sentence = sentences[(error as NodeJS.ErrnoException).code ?? '']?.(host, port);
  return sentence ? new Error(sentence, { cause: error }) : (error as Error);
};

const serveTcp = (socket: Socket, answer: (packet: Buffer) => Buffer | null): void => {
  let waiting: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  const answerWaiting = () => {
    while (waiting.length >= 2 && !socket.destroyed) {
      const length = waiting.readUInt16BE(0);
      if (length < 12 || length > mostQueryBytes) return socket.destroy();
      if (waiting.length < 2 + length) return;
      const reply = answer(waiting.subarray(2, 2 + length));
      waiting = waiting.subarray(2 + length);
      if (!reply) return socket.destroy();
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(reply.length);
      // Who asks without reading the answers gets no more of them until he does.
      if (!socket.write(Buffer.concat([prefix, reply]))) {
        socket.pause();
        socket.once('drain', () => {
          answerWaiting();
          if (socket.writableNeedDrain === false) socket.resume();
        });
        return;
      }
    }
  };

  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    answerWaiting();
  });
};

const listenOnce = async (address: string, port: number, connections: Set<Socket>, answer: Answerers) => {
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveTcp(socket, answer.tcp);
  });
  tcp.maxConnections = mostTcpConnections;
  tcp.listen(port, address);
  await once(tcp, 'listening');
  const bound = (tcp.address() as { port: number }).port;

  const udp = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4' });
  udp.on('message', (packet, sender) => {
    // Nothing answers at port 0, and sending there throws.
    const reply = sender.port === 0 ? null : answer.udp(packet);
    if (reply) udp.send(reply, sender.port, sender.address, () => undefined);
  });
  try {
    udp.bind(bound, address);
    await once(udp, 'listening');
  } catch (error) {
    udp.close();
    tcp.close();
    throw error;
  }
  return { tcp, udp, bound };
};

interface Answerers {
  udp(packet: Buffer): Buffer | null;
  tcp(packet: Buffer): Buffer | null;
}

const listen = async (host: string, port: number, connections: Set<Socket>, answer: Answerers) => {
  const address = isIP(host) ? host : (await lookup(host)).address;
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(address, port, connections, answer);
    } catch (error) {
      // With port 0 the system picks a port that is free for TCP; UDP may be taken there.
      const mayHelp = port === 0 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE' && attempt < 10;
      if (!mayHelp) throw explain(error, host, port);
    }
  }
};

const end = async (tcp: Server, udp: UdpSocket, connections: Set<Socket>): Promise<void> => {
  const closed = Promise.all([once(tcp, 'close'), once(udp, 'close')]);
  tcp.close();
  udp.close();
  for (const socket of connections) socket.end();
  const force = setTimeout(() => {
    for (const socket of connections) socket.destroy();
  }, closingMs);
  await closed;
  clearTimeout(force);
};

/** Answers from `zones` on UDP and TCP at one port. Errors: a sentence that names the setting to change. */
export const openDnsListener = async ({ zones, host, port, log }: DnsListenerOptions): Promise<DnsListener> => {
  const connections = new Set<Socket>();
  const answerOver = (transport: 'udp' | 'tcp') => (packet: Buffer) => {
    try {
      return answerMessage(zones, packet, transport);
    } catch (error) {
      log.error({ err: error, transport }, 'a DNS query could not be answered');
      return failureMessage(packet);
    }
  };

  const { tcp, udp, bound } = await listen(host, port, connections, { udp: answerOver('udp'), tcp: answerOver('tcp') });
  tcp.on('error', (error) => log.error({ err: error }, 'the DNS server has trouble with TCP'));
  udp.on('error', (error) => log.error({ err: error }, 'the DNS server has trouble with UDP'));
  return { port: bound, close: () => end(tcp, udp, connections) };
};
