/** Whether nginx answers by a configuration yet: it says that it reloads before it has. */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { ProviderError } from '../../../kit/errors.ts';
import type { Route } from '../../../ports/proxy.ts';
import { type Connection, provider } from './connection.ts';
import { probeHeader } from './route-file.ts';

export interface Probe {
  route: Route;
  probe: string;
  /** Whether it is to be answered, or not any more. */
  answered: boolean;
}

const everyMs = 25;
// nginx lets its old workers go on taking connections for 100 ms after the new ones have begun.
const settledMs = 250;
const timeoutMs = 10_000;
const mostBytes = 1_024;

/** A name that the route answers for. */
const hostOf = ({ hostnames }: Route): string => hostnames[0]!.replace(/^\*/, 'provisor-probe');

const ask = async (connection: Connection, address: URL, { route, probe }: Probe): Promise<string> => {
  const socket = await connection.reach(address.hostname, Number(address.port || 80));
  return new Promise((resolve, reject) => {
    const asking = request({
      createConnection: () => socket as Duplex as never,
      headers: { Host: hostOf(route), [probeHeader]: probe, Connection: 'close' },
      timeout: 5_000,
    });
    asking.on('timeout', () => asking.destroy(new Error('silent')));
    asking.on('error', reject);
    asking.on('response', (reply) => {
      // What a site answers may be of any length; ours is short.
      if (Number(reply.headers['content-length'] ?? mostBytes + 1) > mostBytes) {
        reply.destroy();
        resolve('');
      } else text(reply).then(resolve, reject);
    });
    asking.end();
  });
};

/**
 * Waits until new connections to `address` (host:port, as the nginx server sees it)
 * find the configuration that is wished for. Errors: `unknown_outcome` when they do not in ten seconds.
 */
export const untilServed = async (
  connection: Connection,
  address: string,
  wished: Probe,
  signal: AbortSignal,
): Promise<void> => {
  const url = new URL(`http://${address}/`);
  const deadline = performance.now() + timeoutMs;
  let since: number | null = null;
  let cause: unknown;
  while (performance.now() < deadline && !signal.aborted) {
    try {
      const isServed = ((await ask(connection, url, wished)) === wished.probe) === wished.answered;
      since = isServed ? (since ?? performance.now()) : null;
      if (since !== null && performance.now() - since >= settledMs) return;
    } catch (error) {
      cause = error;
      since = null;
    }
    await wait(everyMs, undefined, { signal }).catch(() => {});
  }
  throw new ProviderError(
    provider,
    'unknown_outcome',
    `nginx took the configuration and does not answer by it at ${address} (PROVISOR_NGINX_SSH_PROBE)`,
    { cause },
  );
};
