import { ProviderError } from '../../../kit/errors.ts';
import type { Log } from '../../../kit/log.ts';
import { refuseGivenUp } from '../../../kit/provider-call.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ReverseProxy } from '../../../ports/proxy.ts';
import { checkRoute } from '../../../ports/route.ts';
import type { ForwardTimeouts } from './forward-request.ts';
import { openProxyServer, type ProxyServer } from './proxy-server.ts';
import { createRouteStore } from './route-store.ts';

/**
 * The embedded default for the way in: an HTTP listener in this process, its
 * routes in an SQLite file. Several processes may share the file; the ones that
 * do not serve (the operator CLI, say) change routes all the same.
 *
 * It speaks plain HTTP only, so `tls` and `redirectHttps` are kept but have no
 * effect: a redirect would lead where nothing listens.
 */

const provider = 'proxy/local';

const notFound = (id: string) => new ProviderError(provider, 'not_found', `There is no route ${id}`);

export interface LocalProxyOptions {
  dataDir: string;
  /** Address to listen on. */
  host: string;
  /** 0 for any free one. */
  port: number;
  /** The port in the addresses that visitors type, when it is not the one that is listened on. */
  domainPort?: number | undefined;
  log: Log;
  /** @default 5 s to connect to a site, 60 s of silence */
  timeouts?: ForwardTimeouts;
}

/** The reverse proxy that needs nothing but this machine. Opens its port only in `open()`. */
export const createLocalProxy = (options: LocalProxyOptions): Adapter<ReverseProxy> => {
  const { dataDir, host, port, domainPort, log, timeouts = { connectMs: 5_000, idleMs: 60_000 } } = options;
  const routes = createRouteStore(dataDir);
  let server: ProxyServer | undefined;

  // Everything is one synchronous transaction, so a call that fails has done nothing.
  const run = async <Result>(signal: AbortSignal, work: () => Result): Promise<Result> => {
    refuseGivenUp(provider, signal);
    try {
      return work();
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw new ProviderError(provider, 'unavailable', 'The routes could not be read or written', { cause: error });
    }
  };

  const proxy: ReverseProxy = {
    id: provider,
    wildcards: true,
    listRoutes: (signal) => run(signal, () => routes.list()),
    getRoute: (id, signal) => run(signal, () => routes.get(id)),
    putRoute: (route, signal) => run(signal, () => routes.put(checkRoute(provider, route))),
    setEnabled: (id, enabled, signal) =>
      run(signal, () => {
        if (!routes.setEnabled(id, enabled)) throw notFound(id);
      }),
    deleteRoute: (id, signal) => run(signal, () => routes.delete(id)),
    ensureCertificate: (id, signal) =>
      run(signal, () => {
        if (!routes.get(id)) throw notFound(id);
      }),
    urlFor: (hostname) => {
      const shownPort = domainPort ?? server?.port ?? port;
      return `http://${hostname}${shownPort === 80 ? '' : `:${shownPort}`}/`;
    },
  };

  return {
    port: proxy,
    open: async () => {
      if (server) return;
      server = await openProxyServer({ routes, host, port, timeouts, log });
      log.debug({ host, port: server.port }, 'The sites are served');
    },
    close: async () => {
      const closing = server;
      server = undefined;
      await closing?.close();
      routes.close();
    },
  };
};
