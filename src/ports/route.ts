/**
 * A route as data: what every reverse proxy checks before it speaks to anybody,
 * and how it reads back what it wrote. No name that passes here needs escaping
 * in a configuration: no blank, quote, semicolon, brace or dollar sign gets in.
 */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { ProviderError } from '../kit/errors.ts';
import { isHostname } from '../kit/hostname.ts';
import type { Upstream } from './compute.ts';
import type { Route } from './proxy.ts';

export const isWildcard = (name: string): boolean => name.startsWith('*.');

const isRouteHostname = (name: string): boolean => isHostname(isWildcard(name) ? name.slice(2) : name);

const hostHeader = z
  .string()
  .regex(/^[\w.:[\]-]{1,255}$/)
  .optional();

const id = z.string().regex(/^[a-z0-9-]{1,63}$/, 'not 1 to 63 of a-z, 0-9 and hyphen');

export const routeSchema = z.object({
  id,
  hostnames: z
    .array(z.string().refine(isRouteHostname, 'not a host name in lower-case A-labels'))
    .transform((names) => [...new Set(names)]),
  upstream: z.discriminatedUnion('scheme', [
    z.object({
      scheme: z.enum(['http', 'https']),
      host: z.string().regex(/^[\w.:-]{1,253}$/, 'neither a host name nor an IP address'),
      port: z.int().min(1).max(65_535),
      hostHeader,
    }),
    z.object({ scheme: z.literal('unix'), path: z.string().refine(isAbsolute, 'not an absolute path'), hostHeader }),
  ]),
  page: z.enum(['site', 'suspended', 'stopped']),
  enabled: z.boolean(),
  redirectHttps: z.boolean(),
  tls: z.enum(['off', 'auto']),
});

/** The route as it may be made. Errors: `invalid`, with what is wrong. */
export const checkRoute = (provider: string, route: Route): Route => {
  const result = routeSchema.safeParse(route);
  if (result.success) return result.data as Route;
  const { path, message } = result.error.issues[0]!;
  throw new ProviderError(provider, 'invalid', `The route cannot be made: ${path.join('.')}: ${message}`);
};

/** A route id that may stand in a path or a file name. Errors: `invalid`. */
export const checkRouteId = (provider: string, wished: string): string => {
  const result = id.safeParse(wished);
  if (result.success) return result.data;
  throw new ProviderError(
    provider,
    'invalid',
    `There can be no such route: its id is ${result.error.issues[0]!.message}`,
  );
};

/** What was read back, as a route; null when it is none. */
export const readRoute = (value: unknown): Route | null => {
  const result = routeSchema.safeParse(value);
  return result.success ? (result.data as Route) : null;
};

/** `host:port` of an upstream, an IPv6 address in brackets. */
export const addressOf = ({ host, port }: Exclude<Upstream, { scheme: 'unix' }>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** The first of these names that is on another of the routes; null when all are free. */
export const takenHostname = (wished: Route, routes: readonly Route[]): string | null => {
  const taken = new Set(routes.filter(({ id: other }) => other !== wished.id).flatMap(({ hostnames }) => hostnames));
  return wished.hostnames.find((name) => taken.has(name)) ?? null;
};
