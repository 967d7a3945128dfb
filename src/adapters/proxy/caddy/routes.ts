/**
 * Our routes as Caddy's. Pure: from one list of Caddy's routes to the next.
 *
 * A route of ours is one of Caddy's, which holds the whole of it as a variable
 * that nothing reads but us. Caddy takes the first route that matches, so ours
 * stand in front of a catch-all; and wildcards have a route of their own behind
 * all whole names, or they would take names from other sites.
 */
import { ProviderError } from '../../../kit/errors.ts';
import { renderVisitorPage, visitorPages } from '../../../kit/visitor-page.ts';
import type { Upstream } from '../../../ports/compute.ts';
import type { Route } from '../../../ports/proxy.ts';
import { addressOf, isWildcard, readRoute, takenHostname } from '../../../ports/route.ts';
import { provider } from './client.ts';

export type CaddyRoute = Record<string, unknown>;

/** No id of a route holds a colon, so these cannot meet. */
const mainId = (id: string): string => `provisor:${id}`;
const wildcardId = (id: string): string => `provisor:${id}:wildcards`;

/** Matches nothing: the route is kept, and the request goes on to the routes behind it. */
const never = [{ not: [{}] }];

const record = (value: unknown): CaddyRoute => ({ handler: 'vars', provisor: value });

const recordOf = (route: CaddyRoute): unknown =>
  Array.isArray(route.handle)
    ? (route.handle as Record<string, unknown>[]).find((handler) => handler?.handler === 'vars')?.provisor
    : undefined;

/** The route that this is the main part of; null when it is not ours. */
const routeOf = (route: CaddyRoute): Route | null => {
  const ours = readRoute(recordOf(route));
  return ours && route['@id'] === mainId(ours.id) ? ours : null;
};

const isWildcardPart = (route: CaddyRoute): boolean => {
  const of = recordOf(route);
  return typeof of === 'string' && route['@id'] === wildcardId(of);
};

/** Names that a foreign route answers for. Only what is said on its outside counts. */
const namesOf = (route: CaddyRoute): string[] =>
  (Array.isArray(route.match) ? route.match : [])
    .flatMap((match: { host?: unknown }) => (Array.isArray(match?.host) ? match.host : []))
    .map((name) => String(name).toLowerCase());

const dialOf = (upstream: Upstream): string => {
  if (upstream.scheme !== 'unix') return addressOf(upstream);
  // Caddy would fill in what stands in braces.
  if (/[{}]/.test(upstream.path) || /\p{Cc}/u.test(upstream.path)) {
    throw new ProviderError(provider, 'invalid', 'Caddy cannot reach a socket whose path has braces in it');
  }
  return `unix/${upstream.path}`;
};

const forward = (upstream: Upstream): CaddyRoute => {
  const host = upstream.hostHeader;
  // Where Caddy knows no name to ask a TLS upstream by, it takes the address.
  const tls = upstream.scheme === 'https' ? { server_name: (host ?? upstream.host).replace(/:\d+$/, '') } : undefined;
  return {
    handler: 'reverse_proxy',
    upstreams: [{ dial: dialOf(upstream) }],
    headers: {
      request: {
        ...(host === undefined ? {} : { set: { Host: [host] } }),
        // Caddy itself says X-Forwarded-*; these two it would believe the visitor.
        delete: ['Forwarded', 'X-Real-Ip'],
      },
    },
    ...(tls === undefined ? {} : { transport: { protocol: 'http', tls } }),
  };
};

const page = ({ page: shown, hostnames }: Route): CaddyRoute => {
  const { status, headers, body } = renderVisitorPage(visitorPages[shown as 'suspended' | 'stopped'], hostnames[0]);
  return {
    handler: 'static_response',
    status_code: status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    body,
  };
};

const redirect = (httpsPort: string): CaddyRoute => ({
  handler: 'subroute',
  routes: [
    {
      match: [{ protocol: 'http' }],
      handle: [
        {
          handler: 'static_response',
          status_code: 308,
          headers: { Location: [`https://{http.request.host}${httpsPort}{http.request.uri}`] },
        },
      ],
    },
  ],
});

/** One or two routes of Caddy's. `httpsPort` is null where visitors use plain HTTP, else e.g. `:8443` or empty. */
const toCaddy = (route: Route, httpsPort: string | null): { main: CaddyRoute; wildcards: CaddyRoute | null } => {
  const answer = [
    ...(route.redirectHttps && httpsPort !== null ? [redirect(httpsPort)] : []),
    route.page === 'site' ? forward(route.upstream) : page(route),
  ];
  const part = (id: string, kept: unknown, hosts: string[]): CaddyRoute => ({
    '@id': id,
    match: route.enabled && hosts.length > 0 ? [{ host: hosts }] : never,
    handle: [record(kept), ...answer],
    terminal: true,
  });
  const wild = route.hostnames.filter(isWildcard);
  return {
    main: part(
      mainId(route.id),
      route,
      route.hostnames.filter((name) => !isWildcard(name)),
    ),
    wildcards: wild.length === 0 ? null : part(wildcardId(route.id), route.id, wild),
  };
};

export const routesIn = (routes: readonly CaddyRoute[]): Route[] =>
  routes.map(routeOf).filter((route) => route !== null);

const foreign = (id: string): ProviderError =>
  new ProviderError(provider, 'conflict', `Caddy has a route with the id ${mainId(id)} that is not ours`);

const requireOurs = (routes: readonly CaddyRoute[], id: string): void => {
  const names = [mainId(id), wildcardId(id)];
  const others = routes.filter((route) => routeOf(route) === null && !isWildcardPart(route));
  if (others.some((route) => names.includes(String(route['@id'])))) throw foreign(id);
};

/** The routes without ours of that id. Errors: `conflict` when one of its name is not ours. */
export const withoutRoute = (routes: readonly CaddyRoute[], id: string): CaddyRoute[] => {
  requireOurs(routes, id);
  return routes.filter((route) => route['@id'] !== mainId(id) && route['@id'] !== wildcardId(id));
};

/** The routes with this one in its place, or in front. Errors: `conflict`. */
export const withRoute = (routes: readonly CaddyRoute[], wished: Route, httpsPort: string | null): CaddyRoute[] => {
  requireOurs(routes, wished.id);
  if (wished.tls === 'off' && httpsPort !== null) {
    throw new ProviderError(provider, 'invalid', 'Caddy sees to certificates for all names of a server or for none');
  }
  const others = routes.filter((route) => routeOf(route) === null && !isWildcardPart(route));
  const theirs = new Set(others.flatMap(namesOf));
  const taken = takenHostname(wished, routesIn(routes)) ?? wished.hostnames.find((name) => theirs.has(name));
  if (taken !== undefined) {
    throw new ProviderError(provider, 'conflict', `The host name ${taken} is on another route of Caddy`);
  }

  const { main, wildcards } = toCaddy(wished, httpsPort);
  const rest = routes.filter((route) => route['@id'] !== wildcardId(wished.id));
  const at = rest.findIndex((route) => route['@id'] === mainId(wished.id));
  const next = at === -1 ? [main, ...rest] : rest.with(at, main);
  if (wildcards === null) return next;
  return next.toSpliced(next.findLastIndex((route) => routeOf(route) !== null) + 1, 0, wildcards);
};
