/**
 * nginx on another machine, told over SSH: a file for each route in a directory
 * of its own, which the operator's configuration includes. Every change is made
 * under a lock, tested by nginx, loaded, and seen to answer; or taken back.
 */
import { ProviderError } from '../../../kit/errors.ts';
import { createTurns } from '../../../kit/turns.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ReverseProxy, Route } from '../../../ports/proxy.ts';
import { checkRoute, checkRouteId, takenHostname } from '../../../ports/route.ts';
import { createConnections, provider, type SshTarget } from './connection.ts';
import { type Change, converse, type SeenFile } from './conversation.ts';
import { type Probe, untilServed } from './probe.ts';
import { remoteCommand } from './remote-script.ts';
import { fileName, type NginxSites, readFirstLine, renderRoute } from './route-file.ts';

export interface NginxSshOptions {
  ssh: SshTarget;
  /** Absolute; for our files alone. */
  directory: string;
  /** What tests and what reloads nginx, as a shell command. */
  commands: { test: string; reload: string };
  sites: NginxSites;
  /** `host:port` by which the nginx server itself reaches the sites, to see that they answer. */
  probe: string;
  /** The address of a site, with `*` in the place of its host name. */
  siteUrl: string;
}

/** What sites need for HTTPS; null when their address says plain HTTP. Errors: a sentence that says what is missing. */
export const tlsOf = (given: {
  siteUrl: string;
  listen: readonly string[];
  certificate?: string | undefined;
  certificateKey?: string | undefined;
}): NginxSites['tls'] => {
  const { siteUrl, listen, certificate, certificateKey } = given;
  if (!siteUrl.startsWith('https:')) return null;
  if (!certificate || !certificateKey) {
    throw new Error(
      'PROVISOR_NGINX_SSH_CERTIFICATE and PROVISOR_NGINX_SSH_CERTIFICATE_KEY are required when PROVISOR_NGINX_SSH_SITE_URL begins with https:',
    );
  }
  return { listen, certificate, certificateKey, port: /:\d+(?=\/$)/.exec(siteUrl)?.[0] ?? '' };
};

const timeoutMs = 20_000;
// sshd takes ten sessions on one connection.
const atOnce = 4;

interface Seen {
  route: Route;
  probe: string;
}

const seenIn = (files: SeenFile[]): Seen[] =>
  files.map(({ name, firstLine }) => readFirstLine(name, firstLine)).filter((seen) => seen !== null);

/** The reverse proxy of an nginx that is there already. */
export const createNginxSshProxy = (options: NginxSshOptions): Adapter<ReverseProxy> => {
  const { ssh, directory, commands, sites, siteUrl } = options;
  const command = remoteCommand({ directory, ...commands });
  const turns = createTurns(provider, atOnce);
  const connections = createConnections(ssh);

  const read = (signal: AbortSignal): Promise<Route[]> =>
    turns(ssh.host, signal, async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return connections.connected(limit, async (connection) => {
        let routes: Route[] = [];
        await converse(connection, command, (files) => {
          routes = seenIn(files).map(({ route }) => route);
          return null;
        });
        return routes;
      });
    });

  /** `decide` is given what is ours, and whether a file of that id is not. */
  const change = (
    id: string,
    decide: (seen: Seen[]) => { change: Change; names?: readonly string[]; awaited: Probe | null },
    signal: AbortSignal,
  ): Promise<void> =>
    turns(ssh.host, signal, async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      await connections.connected(limit, async (connection) => {
        let awaited: Probe | null = null;
        await converse(connection, command, (files) => {
          const seen = seenIn(files);
          const isForeign =
            files.some(({ name }) => name === fileName(id)) && !seen.some(({ route }) => route.id === id);
          if (isForeign) {
            throw new ProviderError(provider, 'conflict', `The file ${fileName(id)} in ${directory} is not ours`);
          }
          const decided = decide(seen);
          awaited = decided.awaited;
          return { change: decided.change, names: decided.names ?? [] };
        });
        if (awaited) await untilServed(connection, options.probe, awaited, limit);
      });
    });

  const isServed = (route: Route): boolean => route.enabled && route.hostnames.length > 0;

  const put = (wished: Route, seen: Seen[]) => {
    const taken = takenHostname(
      wished,
      seen.map(({ route }) => route),
    );
    if (taken !== null) {
      throw new ProviderError(provider, 'conflict', `The host name ${taken} is on another route`);
    }
    const old = seen.find(({ route }) => route.id === wished.id);
    const { content, probe } = renderRoute(wished, sites);
    const awaited: Probe | null = isServed(wished)
      ? { route: wished, probe, answered: true }
      : old && isServed(old.route)
        ? { ...old, answered: false }
        : null;
    return {
      change: { verb: old ? 'put' : 'new', name: fileName(wished.id), content } as Change,
      names: wished.enabled ? wished.hostnames : [],
      awaited,
    };
  };

  const notFound = (id: string) => new ProviderError(provider, 'not_found', `There is no route ${id}`);

  const getRoute = async (id: string, signal: AbortSignal): Promise<Route | null> => {
    checkRouteId(provider, id);
    return (await read(signal)).find((route) => route.id === id) ?? null;
  };

  const proxy: ReverseProxy = {
    id: provider,
    wildcards: true,
    listRoutes: read,
    getRoute,
    putRoute: async (route, signal) => {
      const wished = checkRoute(provider, route);
      // What cannot be written down is said before anything is begun.
      renderRoute(wished, sites);
      await change(wished.id, (seen) => put(wished, seen), signal);
    },
    setEnabled: async (id, enabled, signal) => {
      checkRouteId(provider, id);
      await change(
        id,
        (seen) => {
          const old = seen.find(({ route }) => route.id === id);
          if (!old) throw notFound(id);
          return put({ ...old.route, enabled }, seen);
        },
        signal,
      );
    },
    deleteRoute: async (id, signal) => {
      checkRouteId(provider, id);
      await change(
        id,
        (seen) => {
          const old = seen.find(({ route }) => route.id === id);
          // Its file may have gone in a call that broke off before nginx was told.
          const verb = old ? 'delete' : 'keep';
          return {
            change: { verb, name: fileName(id) },
            awaited: old && isServed(old.route) ? { ...old, answered: false } : null,
          };
        },
        signal,
      );
    },
    // The certificate is the operator's, one for all sites; nginx has tested that it is there.
    ensureCertificate: async (id, signal) => {
      if (!(await getRoute(id, signal))) throw notFound(id);
    },
    urlFor: (hostname) => siteUrl.replace('*', hostname),
  };
  return { port: proxy, close: async () => connections.close() };
};
