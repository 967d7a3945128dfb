/** A DNS server on loopback that stands for the resolvers of an operator: a test says what the world's DNS says. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, type Packet } from 'dns-packet';

type Type = 'A' | 'AAAA' | 'CNAME' | 'TXT';

export interface TestDns {
  /** For `PROVISOR_RESOLVERS`. */
  server: string;
  /** Sets all records of a name and type; none takes them away. A name may begin with `*.`. */
  set(name: string, type: Type, ...values: string[]): void;
  /** How it answers from now on. @default properly */
  behave(how: 'properly' | 'with SERVFAIL' | 'not at all'): void;
  /** Every question so far, as `name type`. */
  asked: string[];
  stop(): Promise<void>;
}

const rcodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

export const startDns = async (): Promise<TestDns> => {
  const records = new Map<string, Map<Type, string[]>>();
  const asked: string[] = [];
  let how: Parameters<TestDns['behave']>[0] = 'properly';
  const socket = createSocket('udp4');

  const recordsAt = (name: string) => records.get(name) ?? records.get(`*${name.slice(name.indexOf('.'))}`);

  const answersFor = (name: string, type: Type): Answer[] => {
    const here = recordsAt(name);
    const make = (kind: Type) =>
      (here?.get(kind) ?? []).map((data) => ({ name, type: kind, ttl: 0, data }) as unknown as Answer);
    const target = here?.get('CNAME')?.[0];
    if (target === undefined || type === 'CNAME') return make(type);
    return [...make('CNAME'), ...answersFor(target, type)];
  };

  socket.on('message', (message, from) => {
    const query = decode(message);
    const [question] = query.questions ?? [];
    if (!question) return;
    const name = question.name.toLowerCase();
    asked.push(`${name} ${question.type}`);
    if (how === 'not at all') return;
    const answers = how === 'properly' ? answersFor(name, question.type as Type) : [];
    const rcode = how === 'with SERVFAIL' ? rcodes.SERVFAIL : recordsAt(name) ? rcodes.NOERROR : rcodes.NXDOMAIN;
    const reply: Packet = {
      type: 'response',
      id: query.id ?? 0,
      flags: 0x8180 | rcode,
      questions: [question],
      answers,
    };
    socket.send(encode(reply), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');

  return {
    server: `127.0.0.1:${socket.address().port}`,
    set: (name, type, ...values) => {
      const here = records.get(name) ?? new Map<Type, string[]>();
      here.set(type, values);
      records.set(name, here);
    },
    behave: (next) => {
      how = next;
    },
    asked,
    stop: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
};
