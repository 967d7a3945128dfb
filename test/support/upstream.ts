/** A site on loopback for reverse proxies to lead to, which tells what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Upstream } from '../../src/ports/compute.ts';

export interface TestUpstream {
  upstream: Upstream;
  /** Runs instead of the usual answer. */
  answer(how: ((incoming: IncomingMessage, response: ServerResponse) => void) | null): void;
  stop(): Promise<void>;
}

/** What the site says it was asked. */
export interface Asked {
  site: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Starts one, on a unix socket when there is a path. It answers upgrades by echoing what comes. */
export const startUpstream = async (site: string, path?: string): Promise<TestUpstream> => {
  let special: ((incoming: IncomingMessage, response: ServerResponse) => void) | null = null;
  const sockets = new Set<Socket>();
  const server = createServer(async (incoming, response) => {
    if (special) return special(incoming, response);
    const body = await text(incoming);
    response.setHeader('Content-Type', 'application/json');
    const { method, url, headers } = incoming;
    response.end(JSON.stringify({ site, method, url, headers, body }));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  server.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  return {
    upstream:
      path === undefined
        ? { scheme: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
        : { scheme: 'unix', path },
    answer: (how) => {
      special = how;
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

/** What a visitor of this host gets at a reverse proxy on this port. Each visit has a connection of its own. */
export const visitAt = (
  port: number,
  host: string,
  options: { path?: string; method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> =>
  new Promise((resolve, reject) => {
    const { path = '/', method = 'GET', headers = {}, body } = options;
    const visit = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { Host: host, ...headers },
      agent: false,
      signal: AbortSignal.timeout(20_000),
    });
    visit.on('error', reject);
    visit.on('response', (reply) => {
      text(reply).then((all) => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: all }), reject);
    });
    visit.end(body);
  });
