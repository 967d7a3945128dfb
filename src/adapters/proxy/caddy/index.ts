/**
 * Caddy, told by its admin API. Nothing is kept on our side: every call reads
 * the routes of one of Caddy's servers, and a change replaces them as a whole
 * and on the condition that nobody has changed that server since. So two of us,
 * or an operator beside us, can lose neither a route nor a name.
 *
 * Caddy tests a configuration before it takes it, and answers once it is live.
 * It sees to certificates by itself, for every name that it has a route for.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import { hashJson } from '../../../kit/hash.ts';
import { createTurns } from '../../../kit/turns.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ReverseProxy } from '../../../ports/proxy.ts';
import { checkRoute, checkRouteId } from '../../../ports/route.ts';
import { createCaddyClient, provider } from './client.ts';
import { type CaddyRoute, routesIn, withoutRoute, withRoute } from './routes.ts';

export interface CaddyOptions {
  /** Where the admin API is, e.g. `http://127.0.0.1:2019`. */
  adminUrl: string;
  /** The name of the server in Caddy's configuration that sites are served by. */
  server: string;
  /** What that server listens on, if it has to be made; without it, it must be there. */
  listen?: readonly string[] | undefined;
  /** The address of a site, with `*` in the place of its host name. */
  siteUrl: string;
}

const serverSchema = z.looseObject({
  '@id': z.unknown().optional(),
  routes: z.array(z.record(z.string(), z.unknown())).nullish(),
});

/** The id of a server that we made; behind it stands the topmost part that was not there before. */
const madeId = 'provisor:made:';

/** What there is of the server, and the version that it was read at. */
interface Seen {
  server: z.infer<typeof serverSchema> | null;
  routes: CaddyRoute[];
  etag: string;
}

// Each time somebody else was first. Sixteen at once need sixteen rounds at most.
const mostRounds = 60;
const mostLost = 5;

const isTraversal = (value: unknown): boolean =>
  /^invalid traversal path/.test(String((value as { error?: unknown } | undefined)?.error));

/** The reverse proxy of a Caddy that is there already. */
export const createCaddyProxy = ({ adminUrl, server, listen, siteUrl }: CaddyOptions): Adapter<ReverseProxy> => {
  const client = createCaddyClient({ adminUrl });
  const serverPath = `/config/apps/http/servers/${encodeURIComponent(server)}`;
  const httpsPort = siteUrl.startsWith('https:') ? (/:\d+(?=\/$)/.exec(siteUrl)?.[0] ?? '') : null;

  const odd = () => new ProviderError(provider, 'unavailable', 'What answers is not the admin API of Caddy');

  const etagOf = (etag: string | null): string => {
    if (etag === null) throw odd();
    return etag;
  };

  /** One part of the configuration; null when it is not there. */
  const readPart = async (path: string, signal: AbortSignal): Promise<{ value: unknown; etag: string | null }> => {
    const { status, value, etag } = await client.get(path, signal);
    if (status === 400 && isTraversal(value)) return { value: null, etag: null };
    if (status !== 200 || value === undefined) throw odd();
    return { value, etag };
  };

  const see = async (signal: AbortSignal): Promise<Seen> => {
    const { value, etag } = await readPart(serverPath, signal);
    // Without the parts above it there is no version of it either: the whole stands in.
    if (value === null) return { server: null, routes: [], etag: etag ?? '' };
    const parsed = serverSchema.safeParse(value);
    if (!parsed.success) throw odd();
    return { server: parsed.data, routes: parsed.data.routes ?? [], etag: etagOf(etag) };
  };

  const noServer = () =>
    new ProviderError(
      provider,
      'invalid',
      `Caddy has no server called ${server}: set PROVISOR_CADDY_SERVER to one that it has, or PROVISOR_CADDY_LISTEN to have it made`,
    );

  /** Makes the server, with the parts above it. It keeps in mind what was not there, so that it can go again. */
  const makeServer = async (routes: CaddyRoute[], signal: AbortSignal) => {
    if (!listen?.length) throw noServer();
    const { value: whole, etag } = await readPart('/config/', signal);
    let part = whole;
    const parts = ['apps', 'http', 'servers', server];
    const there = parts.findIndex((name) => {
      part = (part as Record<string, unknown> | null)?.[name];
      return part === undefined || part === null;
    });
    if (there === -1) return { status: 412 };
    const topmost = parts.slice(0, there + 1).join('/');
    // What nobody asked for must not begin by itself: certificates for sites of plain HTTP.
    const plain = httpsPort === null ? { automatic_https: { disable: true } } : {};
    return client.change(
      'PUT',
      serverPath,
      { ifMatch: etagOf(etag), value: { '@id': `${madeId}${topmost}`, listen, ...plain, routes } },
      signal,
    );
  };

  /** Takes away a server that we made, with the parts above it that were not there before and hold nothing else. */
  const removeServer = async (seen: Seen, signal: AbortSignal) => {
    const topmost = String(seen.server?.['@id']).slice(madeId.length);
    const { value, etag } = await readPart(`/config/${topmost}`, signal);
    const below = `apps/http/servers/${server}`.slice(topmost.length).split('/').filter(Boolean);
    let part = value as Record<string, unknown>;
    for (const name of below) {
      if (Object.keys(part).length !== 1 || typeof part[name] !== 'object') {
        return client.change('DELETE', serverPath, { ifMatch: seen.etag }, signal);
      }
      part = part[name] as Record<string, unknown>;
    }
    // The version was read after the routes were, so these must still be the same.
    if (hashJson(part) !== hashJson(seen.server)) return { status: 412 };
    return client.change('DELETE', `/config/${topmost}`, { ifMatch: etagOf(etag) }, signal);
  };

  const write = (seen: Seen, routes: CaddyRoute[], signal: AbortSignal): Promise<{ status: number }> => {
    if (seen.server === null) return makeServer(routes, signal);
    const path = `${serverPath}/routes`;
    const { etag: ifMatch } = seen;
    if (routes.length > 0) {
      return client.change(seen.server.routes ? 'PATCH' : 'PUT', path, { ifMatch, value: routes }, signal);
    }
    const isOurs = String(seen.server['@id']).startsWith(`${madeId}apps`);
    return isOurs ? removeServer(seen, signal) : client.change('DELETE', path, { ifMatch }, signal);
  };

  // One change after the other within this process: they would only get in each other's way.
  const turns = createTurns(provider);

  const pause = (round: number, signal: AbortSignal) =>
    // Whoever was first is done by then; the others must not all come back at once.
    wait(Math.random() * 20 * Math.min(round, 10), undefined, { signal }).catch(() => {});

  const change = (next: (routes: CaddyRoute[]) => CaddyRoute[], signal: AbortSignal): Promise<void> =>
    turns(server, signal, async () => {
      const lost: ProviderError[] = [];
      for (let round = 1; round <= mostRounds; round++) {
        const seen = await see(signal).catch((error) => {
          throw lost[0] ?? error;
        });
        const wished = next(seen.routes);
        if (hashJson(wished) === hashJson(seen.routes)) return;
        try {
          const { status } = await write(seen, wished, signal);
          if (status === 200) return;
        } catch (error) {
          // A change that comes late finds another version and is refused: so this one may be looked for, and
          // made again, at once. Caddy itself loses answers when two changes meet.
          const isLost = error instanceof ProviderError && error.kind === 'unknown_outcome';
          if (!isLost || lost.push(error) > mostLost || signal.aborted) throw error;
        }
        await pause(round, signal);
      }
      throw new ProviderError(provider, 'unavailable', 'The configuration of Caddy is being changed all the time');
    });

  const find = async (id: string, signal: AbortSignal) => {
    const wished = checkRouteId(provider, id);
    return routesIn((await see(signal)).routes).find((route) => route.id === wished) ?? null;
  };

  const notFound = (id: string) => new ProviderError(provider, 'not_found', `There is no route ${id}`);

  const proxy: ReverseProxy = {
    id: provider,
    wildcards: true,
    listRoutes: async (signal) => routesIn((await see(signal)).routes),
    getRoute: find,
    putRoute: async (route, signal) => {
      const wished = checkRoute(provider, route);
      await change((routes) => withRoute(routes, wished, httpsPort), signal);
    },
    setEnabled: async (id, enabled, signal) => {
      checkRouteId(provider, id);
      await change((routes) => {
        const route = routesIn(routes).find((each) => each.id === id);
        if (!route) throw notFound(id);
        return withRoute(routes, { ...route, enabled }, httpsPort);
      }, signal);
    },
    deleteRoute: async (id, signal) => {
      checkRouteId(provider, id);
      await change((routes) => withoutRoute(routes, id), signal);
    },
    // Caddy begins with the certificates of a name as soon as it has a route for it, and says nothing of how
    // far it is. So all that can be promised here is that it knows the names.
    ensureCertificate: async (id, signal) => {
      if (!(await find(id, signal))) throw notFound(id);
    },
    urlFor: (hostname) => siteUrl.replace('*', hostname),
  };
  return { port: proxy };
};
