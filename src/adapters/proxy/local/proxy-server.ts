import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Log } from '../../../kit/log.ts';
import { visitorPages } from '../../../kit/visitor-page.ts';
import { type ForwardTimeouts, forwardRequest } from './forward-request.ts';
import { sendPage } from './page.ts';
import { requestHost } from './request-host.ts';
import type { RouteStore } from './route-store.ts';

export interface ProxyServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface ProxyServerOptions {
  routes: RouteStore;
  host: string;
  port: number;
  timeouts: ForwardTimeouts;
  log: Log;
}

const closingMs = 5_000;

const sentences: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} on ${host} for the sites is taken by another program: set PROVISOR_SITES_PORT to a free port`,
  EACCES: (host, port) =>
    `Port ${port} on ${host} needs more rights than this process has: set PROVISOR_SITES_PORT to a port above 1023`,
  EADDRNOTAVAIL: (host) => `This machine has no address ${host} for the sites to listen on`,
};

const explain = (error: unknown, host: string, port: number): Error => {
  const sentence = sentences[(error as NodeJS.ErrnoException).code ?? '']?.(host, port);
  return sentence ? new Error(sentence, { cause: error }) : (error as Error);
};

const answer = (
  request: IncomingMessage,
  response: ServerResponse,
  { routes, timeouts, log }: Pick<ProxyServerOptions, 'routes' | 'timeouts' | 'log'>,
): void => {
  const hostname = requestHost(request);
  if (hostname === null) {
    sendPage(request, response, visitorPages.badRequest);
    return;
  }
  const route = routes.find(hostname);
  if (!route?.enabled) {
    sendPage(request, response, visitorPages.unknown, hostname);
  } else if (route.page !== 'site') {
    sendPage(request, response, visitorPages[route.page], hostname);
  } else {
    forwardRequest(request, response, { upstream: route.upstream, hostname, timeouts, log });
  }
};

/** Serves the routes on `host:port`. Errors: a sentence that names the setting to change. */
export const openProxyServer = async (options: ProxyServerOptions): Promise<ProxyServer> => {
  const { host, port, log } = options;
  let closing = false;

  // A request may take as long as its upload; what may not is silence.
  const server = createServer({ requestTimeout: 0, headersTimeout: 30_000, requireHostHeader: false });
  server.setTimeout(options.timeouts.idleMs * 2);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    response.on('close', () => {
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    try {
      answer(request, response, options);
    } catch (error) {
      log.error({ err: error }, 'a request to a site failed');
      if (response.headersSent) response.destroy();
      else sendPage(request, response, visitorPages.unreachable);
    }
  });

  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw explain(error, host, port);
  }
  server.on('error', (error) => log.error({ err: error }, 'the sites server has trouble'));

  const close = async (): Promise<void> => {
    closing = true;
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    // Node counts a connection as idle only after its first request; browsers open some in advance.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    const force = setTimeout(() => server.closeAllConnections(), closingMs);
    await closed;
    clearTimeout(force);
  };

  return { port: (server.address() as AddressInfo).port, close };
};
