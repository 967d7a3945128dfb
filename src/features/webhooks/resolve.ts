/** Finds the addresses of a host, at the system's resolver or at the given servers. */
import { lookup, Resolver } from 'node:dns/promises';

const ask = async (resolver: Resolver, hostname: string): Promise<string[]> => {
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
};

/** Every address of the host, in the order in which they are to be tried. Errors: whatever the resolver says. */
export const createResolve =
  (servers: string[]) =>
  async (hostname: string, signal: AbortSignal): Promise<string[]> => {
    if (servers.length === 0) return (await lookup(hostname, { all: true })).map(({ address }) => address);
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    resolver.setServers(servers);
    const giveUp = () => resolver.cancel();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await ask(resolver, hostname);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };
