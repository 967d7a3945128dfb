/** What the DNS says of a customer's domain, asked of the resolvers that the operator names. */
import { Resolver } from 'node:dns/promises';
import type { Sighting } from './domain.ts';
import { challengePrefix, type Hostname } from './hostname.ts';

export interface DomainLookup {
  /**
   * Asks for everything that a check needs, in 10 s at most. It never throws: what
   * was not answered in time, or not properly, is null. Repeating it is harmless.
   */
  look(hostname: Hostname, signal: AbortSignal): Promise<Sighting>;
}

const allMs = 10_000;
/** One question, tried twice, ends well before all of it does. */
const questionMs = 2_000;
const tries = 2;
/** CNAMEs that are followed; a longer chain, or a circle, leads nowhere. */
const longestChain = 8;

/** Answers that say for sure that there is nothing. */
const nothing: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/** Null when there was no proper answer. */
const orNull = async <T>(question: Promise<T[]>): Promise<T[] | null> => {
  try {
    return await question;
  } catch (error) {
    return nothing.has((error as NodeJS.ErrnoException).code) ? [] : null;
  }
};

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** A wildcard answers for any name beneath it that has no records of its own; this one is asked for. */
const visibleName = ({ base, wildcard }: Hostname): string => (wildcard ? `provisor-probe.${base}` : base);

/** `servers` are addresses, with a port after a colon where it is not 53; the system's own when there are none. */
export const createDomainLookup = ({ servers }: { servers: readonly string[] }): DomainLookup => {
  const follow = async (resolver: Resolver, from: string): Promise<string[] | null> => {
    const chain: string[] = [];
    for (let name = from; chain.length < longestChain; ) {
      const targets = await orNull(resolver.resolveCname(name));
      if (targets === null) return chain.length > 0 ? chain : null;
      const target = targets[0] === undefined ? null : plainName(targets[0]);
      if (target === null || target === from || chain.includes(target)) break;
      chain.push(target);
      name = target;
    }
    return chain;
  };

  return {
    look: async (hostname, signal) => {
      // Each with its own resolver: what one keeps, or is told to give up, is no other's.
      const resolver = new Resolver({ timeout: questionMs, tries });
      if (servers.length > 0) resolver.setServers(servers);
      const over = AbortSignal.any([signal, AbortSignal.timeout(allMs)]);
      const giveUp = () => resolver.cancel();
      if (over.aborted) return { cname: null, addresses: null, txt: null };
      over.addEventListener('abort', giveUp, { once: true });
      try {
        const name = visibleName(hostname);
        const [cname, v4, v6, txt] = await Promise.all([
          follow(resolver, name),
          orNull(resolver.resolve4(name)),
          orNull(resolver.resolve6(name)),
          orNull(resolver.resolveTxt(`${challengePrefix}${hostname.base}`)),
        ]);
        return {
          cname,
          addresses: v4 === null || v6 === null ? null : [...v4, ...v6].sort(),
          // A record of several strings is one text.
          txt: txt === null ? null : txt.map((strings) => strings.join('')).sort(),
        };
      } finally {
        over.removeEventListener('abort', giveUp);
      }
    },
  };
};
