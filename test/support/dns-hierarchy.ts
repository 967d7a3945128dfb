/**
 * A small internet of names on loopback: a root, a TLD and a domain's own server,
 * each on an address of its own and all on one port, as on the real one; and a
 * resolver. They answer what they are given, without recursion.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, streamEncode } from 'dns-packet';

/** What a server says to a question. */
export type Reply = Pick<Packet, 'answers' | 'authorities' | 'additionals'> & {
  rcode?: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
  /** Does not fit a datagram. */
  truncated?: boolean;
  /** Nothing is said at all. */
  silent?: boolean;
};

export interface NameServer {
  address: string;
  /** What was asked, in order: `example.com NS udp`. */
  asked: string[];
  answer: (name: string, type: string) => Reply;
}

export interface Hierarchy {
  port: number;
  root: NameServer;
  tld: NameServer;
  own: NameServer;
  resolver: NameServer;
  /** `PROVISOR_ROOT_SERVERS` and `PROVISOR_RESOLVERS`. */
  environment: { PROVISOR_ROOT_SERVERS: string; PROVISOR_RESOLVERS: string };
  stop(): Promise<void>;
}

const rcodes = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 };
const truncation = 0x0200;

export const ns = (owner: string, ...hosts: string[]): Answer[] =>
  hosts.map((data) => ({ type: 'NS', name: owner, ttl: 300, data }));

export const a = (name: string, data: string): Answer => ({ type: 'A', name, ttl: 300, data });

const replyTo = (server: NameServer, message: Buffer, protocol: 'udp' | 'tcp'): Packet | null => {
  const { id, questions = [] } = decode(message);
  const { name = '', type = '' } = questions[0] ?? {};
  server.asked.push(`${name} ${type} ${protocol}`);
  const { rcode, truncated, silent, ...sections } = server.answer(name, String(type));
  if (silent) return null;
  const flags = AUTHORITATIVE_ANSWER | (rcode ? rcodes[rcode] : 0);
  return truncated && protocol === 'udp'
    ? { type: 'response', id: id ?? 0, questions, flags: flags | truncation }
    : { type: 'response', id: id ?? 0, questions, flags, ...sections };
};

const listen = async (server: NameServer, port: number): Promise<{ udp: Socket; tcp: Server }> => {
  const udp = createSocket('udp4');
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk) => {
      const reply = replyTo(server, chunk.subarray(2), 'tcp');
      if (reply) socket.end(streamEncode(reply));
    });
  });
  udp.on('message', (message, from) => {
    const reply = replyTo(server, message, 'udp');
    if (reply) udp.send(encode(reply), from.port, from.address);
  });
  try {
    udp.bind(port, server.address);
    await once(udp, 'listening');
    tcp.listen(udp.address().port, server.address);
    await once(tcp, 'listening');
    return { udp, tcp };
  } catch (error) {
    udp.close();
    tcp.close();
    throw error;
  }
};

/** Starts the four servers. A port that one of the addresses lacks is given up for another. */
export const startHierarchy = async (): Promise<Hierarchy> => {
  const refuse = (): Reply => ({ rcode: 'REFUSED' });
  const server = (address: string): NameServer => ({ address, asked: [], answer: refuse });
  const servers = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'].map(server);
  for (let attempt = 1; ; attempt += 1) {
    const open: { udp: Socket; tcp: Server }[] = [];
    const close = () =>
      Promise.all(
        open.map(async ({ udp, tcp }) => {
          udp.close();
          tcp.close();
          await once(tcp, 'close');
        }),
      );
    try {
      for (const each of servers) open.push(await listen(each, open[0]?.udp.address().port ?? 0));
    } catch (error) {
      await close();
      if (attempt === 20) throw error;
      continue;
    }
    const { port } = open[0]!.udp.address();
    const [root, tld, own, resolver] = servers as [NameServer, NameServer, NameServer, NameServer];
    return {
      port,
      root,
      tld,
      own,
      resolver,
      environment: {
        PROVISOR_ROOT_SERVERS: `${root.address}:${port}`,
        PROVISOR_RESOLVERS: `${resolver.address}:${port}`,
      },
      stop: async () => {
        await close();
      },
    };
  }
};
