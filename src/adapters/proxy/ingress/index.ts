/**
 * Routes as Ingresses of a Kubernetes cluster. A route is noted in one namespace of
 * ours, and its Ingress stands beside the Service that it leads to. The cluster
 * minds no host name that two Ingresses have: that each belongs to one route is ours
 * to keep, by an object for each name.
 */
import type { V1ConfigMap, V1Ingress } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ReverseProxy, Route } from '../../../ports/proxy.ts';
import { createClient, type Ref, type Stored, type Watcher } from '../../kubernetes/client.ts';
import type { ConnectionOptions } from '../../kubernetes/connection.ts';
import {
  claimName,
  claimOf,
  configMapKind,
  type IngressSettings,
  ingressKind,
  ingressOf,
  managedByLabel,
  noteOf,
  type Placement,
  placementOf,
  roleLabel,
  routeKey,
  routeLabel,
  routeName,
  serviceKind,
  serviceName,
  serviceOf,
} from './manifests.ts';

const provider = 'proxy/ingress';

export interface IngressProxyOptions extends ConnectionOptions, IngressSettings {
  watcher?: Watcher;
}

type Note = V1ConfigMap & Stored;

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const hostname = z
  .string()
  .max(253)
  .regex(new RegExp(`^(\\*\\.)?(${label}\\.)*${label}$`), 'not a host name in lower-case A-labels');
const hostHeader = z
  .string()
  .regex(/^[\w.:[\]-]{1,255}$/)
  .optional();

const routeSchema = z.object({
  id: z.string().regex(new RegExp(`^${label}$`)),
  hostnames: z.array(hostname).min(1),
  upstream: z.object({
    scheme: z.enum(['http', 'https'], 'an Ingress leads to a host and a port only'),
    host: z
      .string()
      .max(253)
      .regex(new RegExp(`^(${label}\\.)*${label}$`), 'not a host name or an IPv4 address'),
    port: z.int().min(1).max(65_535),
    hostHeader,
  }),
  page: z.enum(['site', 'suspended', 'stopped']),
  enabled: z.boolean(),
  redirectHttps: z.boolean(),
  tls: z.enum(['off', 'auto']),
});

const fail = (kind: ConstructorParameters<typeof ProviderError>[1], message: string) =>
  new ProviderError(provider, kind, message);

const placed = (route: Route, settings: IngressSettings): Placement => {
  const result = routeSchema.safeParse(route);
  const placement = result.success ? placementOf(route, settings) : null;
  if (placement) return placement;
  const issue = result.error?.issues[0];
  throw fail('invalid', `The route cannot be made: ${issue?.path.join('.')}: ${issue?.message}`);
};

export const createIngressProxy = (options: IngressProxyOptions): Adapter<ReverseProxy> => {
  const { config, context, podRoot, watcher, ...settings } = options;
  const client = createClient({ provider, config, context, podRoot, watcher });
  const { namespace, managedBy } = settings;

  /** What is there of that name. Errors: `conflict` when it is not ours. */
  const findOurs = async <T extends Stored>(ref: Ref, id: string, signal: AbortSignal): Promise<T | null> => {
    const found = await client.find<T>(ref, signal);
    const { [managedByLabel]: owner, [routeLabel]: route } = found?.metadata.labels ?? {};
    if (found && (owner !== managedBy || route !== id))
      throw fail('conflict', `${ref.kind} ${ref.namespace}/${ref.name} is there already and is not ours`);
    return found;
  };

  const routeOf = (note: Note): Route => {
    const text = note.data?.[routeKey];
    const parsed = routeSchema.safeParse(text === undefined ? undefined : JSON.parse(text));
    if (!parsed.success) throw fail('conflict', `ConfigMap ${namespace}/${note.metadata.name} holds no route`);
    return parsed.data as Route;
  };

  const noted = async (id: string, signal: AbortSignal): Promise<Route | null> => {
    if (!routeSchema.shape.id.safeParse(id).success) return null;
    const note = await findOurs<Note>({ ...configMapKind, namespace, name: routeName(id) }, id, signal);
    return note && routeOf(note);
  };

  const claimsOf = (id: string, signal: AbortSignal): Promise<Note[]> =>
    client.list<Note>({ ...configMapKind, namespace }, `${routeLabel}=${id},${roleLabel}=hostname`, signal);

  const release = async (claims: Note[], signal: AbortSignal): Promise<void> => {
    for (const { metadata } of claims)
      await client.remove({ ...configMapKind, namespace, name: metadata.name ?? '', uid: metadata.uid }, signal);
  };

  /** Names of Ingresses that are not ours, which the cluster would let us take as well. */
  const refuseForeign = async (hostnames: string[], signal: AbortSignal): Promise<void> => {
    const foreign = await client.list<V1Ingress & Stored>(ingressKind, `${managedByLabel}!=${managedBy}`, signal);
    for (const { metadata, spec } of foreign) {
      const taken = spec?.rules?.find(({ host }) => host !== undefined && hostnames.includes(host));
      if (taken)
        throw fail(
          'conflict',
          `${taken.host} is on the Ingress ${metadata.namespace}/${metadata.name}, which is not ours`,
        );
    }
  };

  /** Claims all names or, when one is another route's, none that was not had before. */
  const claimAll = async (route: Route, signal: AbortSignal): Promise<void> => {
    const fresh: Note[] = [];
    for (const hostname of route.hostnames) {
      const made = await client.create<Note>(claimOf(route.id, hostname, settings), signal);
      if (made) {
        fresh.push(made);
        continue;
      }
      const there = await client.find<Note>({ ...configMapKind, namespace, name: claimName(hostname) }, signal);
      if (there?.metadata.labels?.[routeLabel] === route.id) continue;
      await release(fresh, signal);
      throw fail('conflict', `${hostname} is on the route ${there?.metadata.labels?.[routeLabel] ?? 'of another'}`);
    }
  };

  const withdraw = async (id: string, from: string, signal: AbortSignal): Promise<void> => {
    for (const ref of [
      { ...ingressKind, namespace: from, name: routeName(id) },
      { ...serviceKind, namespace: from, name: serviceName(id) },
    ]) {
      const there = await findOurs(ref, id, signal);
      if (there) await client.remove({ ...ref, uid: there.metadata.uid }, signal);
    }
  };

  const publish = async (route: Route, placement: Placement, signal: AbortSignal): Promise<void> => {
    if (!route.enabled) return withdraw(route.id, placement.namespace, signal);
    if (placement.elsewhere !== null) await client.apply(serviceOf(route, placement, settings), signal);
    await client.apply(ingressOf(route, placement, settings), signal);
    if (placement.elsewhere !== null) return;
    const ref = { ...serviceKind, namespace: placement.namespace, name: serviceName(route.id) };
    const unused = await findOurs(ref, route.id, signal);
    if (unused) await client.remove({ ...ref, uid: unused.metadata.uid }, signal);
  };

  const put = async (route: Route, signal: AbortSignal): Promise<void> => {
    const placement = placed(route, settings);
    const before = await noted(route.id, signal);
    await findOurs({ ...ingressKind, namespace: placement.namespace, name: routeName(route.id) }, route.id, signal);
    await refuseForeign(route.hostnames, signal);
    await claimAll(route, signal);
    // Noted before it is made: what was begun is then found again.
    await client.apply(noteOf(route, settings), signal);
    const old = before && placementOf(before, settings);
    if (old && old.namespace !== placement.namespace) await withdraw(route.id, old.namespace, signal);
    await publish(route, placement, signal);
    const wished = new Set(route.hostnames.map(claimName));
    const claims = await claimsOf(route.id, signal);
    await release(
      claims.filter(({ metadata }) => !wished.has(metadata.name ?? '')),
      signal,
    );
  };

  const existing = async (id: string, signal: AbortSignal): Promise<Route> => {
    const route = await noted(id, signal);
    if (!route) throw fail('not_found', `There is no route ${id}`);
    return route;
  };

  const proxy: ReverseProxy = {
    id: provider,
    // One label, and behind the whole name: that is how a rule of an Ingress has them too.
    wildcards: true,

    listRoutes: async (signal) => {
      const labels = `${managedByLabel}=${managedBy},${roleLabel}=route`;
      return (await client.list<Note>({ ...configMapKind, namespace }, labels, signal)).map(routeOf);
    },

    getRoute: noted,
    putRoute: put,

    setEnabled: async (id, enabled, signal) => put({ ...(await existing(id, signal)), enabled }, signal),

    deleteRoute: async (id, signal) => {
      if (!routeSchema.shape.id.safeParse(id).success) return;
      const route = await noted(id, signal);
      const placement = route && placementOf(route, settings);
      await withdraw(id, placement?.namespace ?? namespace, signal);
      await release(await claimsOf(id, signal), signal);
      await client.remove({ ...configMapKind, namespace, name: routeName(id) }, signal);
    },

    // cert-manager sees the Ingress, asks for its certificate and tries again by itself.
    ensureCertificate: async (id, signal) => {
      await existing(id, signal);
    },

    urlFor: (name) => `${settings.issuer === undefined ? 'http' : 'https'}://${name}/`,
  };
  return { port: proxy, close: () => client.close() };
};
