/** Whom to ask where the configuration names nobody. */
import { getServers } from 'node:dns';
import { isIP } from 'node:net';
import type { ServerAddress } from '../../kit/dns-client.ts';

/** The root servers, from the hints that IANA publishes (named.root). */
export const internetRoots: readonly ServerAddress[] = [
  '198.41.0.4',
  '170.247.170.2',
  '192.33.4.12',
  '199.7.91.13',
  '192.203.230.10',
  '192.5.5.241',
  '192.112.36.4',
  '198.97.190.53',
  '192.36.148.17',
  '192.58.128.30',
  '193.0.14.129',
  '199.7.83.42',
  '202.12.27.33',
].map((address) => ({ address, port: 53 }));

/** The resolvers of this machine. Node writes them like `192.0.2.53` or `[2001:db8::53]:5353`. */
export const systemResolvers = (): ServerAddress[] =>
  getServers().map((text) => {
    if (isIP(text) !== 0) return { address: text, port: 53 };
    const url = new URL(`dns://${text}`);
    return { address: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 53) };
  });
