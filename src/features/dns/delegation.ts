/**
 * Whom a domain is delegated to, in the words of its parent: the walk goes from the
 * root down to the servers above the domain, each asked without recursion. A
 * resolver would answer with what the domain's own servers say of themselves.
 */
import { askServer, type DnsReply, type ServerAddress } from '../../kit/dns-client.ts';
import { isWithin } from './dns-name.ts';

export interface DelegationDeps {
  /** Root servers. Servers found from there are asked on the same port. */
  roots: readonly ServerAddress[];
  /** Resolvers, for the addresses that a referral does not bring along and for challenges. */
  resolvers: readonly ServerAddress[];
}

/** No server that could have told has answered. */
export class NoAnswer extends Error {}

/** More cuts than any name has. */
const mostCuts = 12;
/** Hosts of one referral whose addresses are looked up. */
const mostHosts = 4;

const absolute = (name: string): string => `${name.toLowerCase().replace(/\.$/, '')}.`;

const nsOf = (reply: DnsReply, section: 'answers' | 'authorities') =>
  reply[section].flatMap((record) =>
    record.type === 'NS' ? [{ owner: absolute(record.name), host: absolute(record.data) }] : [],
  );

const addressesIn = (records: DnsReply['additionals'], hosts?: ReadonlySet<string>): string[] =>
  records.flatMap((record) =>
    (record.type === 'A' || record.type === 'AAAA') && (hosts === undefined || hosts.has(absolute(record.name)))
      ? [record.data]
      : [],
  );

export const createDelegation = ({ roots, resolvers }: DelegationDeps) => {
  /** The first usable answer of several servers. */
  const askAny = async (
    servers: readonly ServerAddress[],
    question: Parameters<typeof askServer>[1],
    options: Parameters<typeof askServer>[2],
  ): Promise<DnsReply> => {
    let cause: unknown;
    for (const server of servers) {
      if (options.signal.aborted) break;
      try {
        const reply = await askServer(server, question, options);
        if (reply.rcode === 'NOERROR' || reply.rcode === 'NXDOMAIN') return reply;
      } catch (error) {
        cause = error;
      }
    }
    throw new NoAnswer(`Nobody answers for ${question.name} ${question.type}`, { cause });
  };

  const addressesOf = async (hosts: readonly string[], signal: AbortSignal): Promise<string[]> => {
    for (const host of hosts.slice(0, mostHosts)) {
      const question = { name: host.slice(0, -1), type: 'A' } as const;
      const reply = await askAny(resolvers, question, { recursive: true, signal }).catch(() => null);
      const found = reply ? addressesIn(reply.answers) : [];
      if (found.length > 0) return found;
    }
    throw new NoAnswer(`No address is known of ${hosts.join(', ')}`);
  };

  return {
    /**
     * The nameservers that the parent delegates `zone` to, absolute; empty when it does
     * not. Errors: {@link NoAnswer}.
     */
    nameserversOf: async (zone: string, signal: AbortSignal): Promise<string[]> => {
      let servers = roots;
      let cut = '.';
      for (let depth = 0; depth < mostCuts; depth += 1) {
        const reply = await askAny(servers, { name: zone.slice(0, -1), type: 'NS' }, { recursive: false, signal });
        if (reply.rcode === 'NXDOMAIN') return [];
        // A server that has both the parent and the zone answers instead of referring.
        const own = nsOf(reply, 'answers').filter(({ owner }) => owner === zone);
        if (own.length > 0) return own.map(({ host }) => host);
        const referral = nsOf(reply, 'authorities').filter(({ owner }) => isWithin(zone, owner));
        const next = referral[0]?.owner;
        if (next === zone) return referral.map(({ host }) => host);
        // A referral leads down; one that does not is from a server that knows nothing.
        if (next === undefined || next === cut || (cut !== '.' && !isWithin(next, cut))) return [];
        const hosts = new Set(referral.map(({ host }) => host));
        const glue = addressesIn(reply.additionals, hosts);
        const { port } = roots[0]!;
        const found = glue.length > 0 ? glue : await addressesOf([...hosts], signal);
        servers = found.map((address) => ({ address, port }));
        cut = next;
      }
      return [];
    },

    /** The texts at a name, as a resolver sees them. Errors: {@link NoAnswer}. */
    textsAt: async (name: string, signal: AbortSignal): Promise<string[]> => {
      const reply = await askAny(resolvers, { name, type: 'TXT' }, { recursive: true, signal });
      return reply.answers.flatMap((record) =>
        record.type === 'TXT' ? [Buffer.concat([record.data].flat().map((part) => Buffer.from(part))).toString()] : [],
      );
    },
  };
};

export type Delegation = ReturnType<typeof createDelegation>;
