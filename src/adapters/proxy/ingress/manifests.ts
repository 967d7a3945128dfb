/** What a route is in a cluster: its note, a claim for each of its names, an Ingress, and a Service for what is elsewhere. Pure. */
import { createHash } from 'node:crypto';
import type { V1ConfigMap, V1Ingress, V1Service } from '@kubernetes/client-node';
import type { Route } from '../../../ports/proxy.ts';

export interface IngressSettings {
  /** The value of `app.kubernetes.io/managed-by` on all that is ours. */
  managedBy: string;
  clusterDomain: string;
  /** Where routes and names are noted, and where Ingresses to places outside the cluster are. */
  namespace: string;
  ingressClass: string;
  /** A ClusterIssuer of cert-manager. @default none: plain HTTP */
  issuer?: string | undefined;
  /** What answers for sites that are not to be seen. */
  pagesHost: string;
  pagePorts: { suspended: number; stopped: number };
}

export const managedByLabel = 'app.kubernetes.io/managed-by';
export const routeLabel = 'provisor.dev/route';
export const roleLabel = 'provisor.dev/role';
export const routeKey = 'route.json';

export const ingressKind = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };
export const serviceKind = { apiVersion: 'v1', kind: 'Service' };
export const configMapKind = { apiVersion: 'v1', kind: 'ConfigMap' };

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** The name of a route's Ingress and of its note. */
export const routeName = (id: string): string => `route-${id}`;
/** The name of a route's Service, which is shorter than an id may be. */
export const serviceName = (id: string): string => `to-${short(id)}`;
/** Where cert-manager puts the certificate of a name. Each name has its own: one that cannot be had any more keeps no other from being renewed. */
const certificateName = (hostname: string): string => `tls-${short(hostname)}`;
/** A name is claimed by an object that can be there only once, so two routes that want it at once cannot both get it. */
export const claimName = (hostname: string): string => `host-${short(hostname)}`;

const labelsOf = (id: string, role: string, { managedBy }: IngressSettings) => ({
  'app.kubernetes.io/name': 'provisor-route',
  [managedByLabel]: managedBy,
  [routeLabel]: id,
  [roleLabel]: role,
});

export const noteOf = (route: Route, settings: IngressSettings): V1ConfigMap => ({
  ...configMapKind,
  metadata: {
    name: routeName(route.id),
    namespace: settings.namespace,
    labels: labelsOf(route.id, 'route', settings),
  },
  data: { [routeKey]: JSON.stringify(route) },
});

export const claimOf = (id: string, hostname: string, settings: IngressSettings): V1ConfigMap => ({
  ...configMapKind,
  metadata: {
    name: claimName(hostname),
    namespace: settings.namespace,
    labels: labelsOf(id, 'hostname', settings),
  },
  data: { hostname },
});

/** A Service of the cluster, by the name that `upstream` of compute gives it. */
const inCluster = (host: string, domain: string): { service: string; namespace: string } | null => {
  const [service, namespace, ...rest] = host.split('.');
  return service && namespace && rest.join('.') === `svc.${domain}` ? { service, namespace } : null;
};

export interface Placement {
  /** Where the Ingress is: it can only lead to Services beside it. */
  namespace: string;
  service: string;
  port: number;
  /** What the Service beside it stands for, when the place is elsewhere. */
  elsewhere: string | null;
}

/** Where the visitors of a route are led. The Ingress stays where it is whatever they are shown, and so does its certificate. */
export const placementOf = (route: Route, settings: IngressSettings): Placement | null => {
  const { upstream, page } = route;
  if (upstream.scheme === 'unix') return null;
  const local = inCluster(upstream.host, settings.clusterDomain);
  const namespace = local?.namespace ?? settings.namespace;
  const own = { namespace, service: serviceName(route.id) };
  if (page !== 'site') return { ...own, port: settings.pagePorts[page], elsewhere: settings.pagesHost };
  if (local) return { namespace, service: local.service, port: upstream.port, elsewhere: null };
  return { ...own, port: upstream.port, elsewhere: upstream.host };
};

export const serviceOf = (
  route: Route,
  { namespace, port, elsewhere }: Placement,
  settings: IngressSettings,
): V1Service => ({
  ...serviceKind,
  metadata: { name: serviceName(route.id), namespace, labels: labelsOf(route.id, 'elsewhere', settings) },
  spec: { type: 'ExternalName', ...(elsewhere === null ? {} : { externalName: elsewhere }), ports: [{ port }] },
});

// Those of ingress-nginx; other controllers pass over them.
const annotationsOf = ({ upstream, page, redirectHttps, tls }: Route, issuer: string | undefined) => {
  const nginx = 'nginx.ingress.kubernetes.io';
  const isSite = page === 'site';
  const secure = tls === 'auto' && issuer !== undefined;
  return {
    [`${nginx}/ssl-redirect`]: String(secure && redirectHttps),
    ...(isSite && upstream.scheme === 'https' ? { [`${nginx}/backend-protocol`]: 'HTTPS' } : {}),
    ...(isSite && upstream.hostHeader !== undefined ? { [`${nginx}/upstream-vhost`]: upstream.hostHeader } : {}),
    ...(secure ? { 'cert-manager.io/cluster-issuer': issuer } : {}),
  };
};

export const ingressOf = (
  route: Route,
  { namespace, service, port }: Placement,
  settings: IngressSettings,
): V1Ingress => ({
  ...ingressKind,
  metadata: {
    name: routeName(route.id),
    namespace,
    labels: labelsOf(route.id, 'route', settings),
    annotations: annotationsOf(route, settings.issuer),
  },
  spec: {
    ingressClassName: settings.ingressClass,
    rules: route.hostnames.map((host) => ({
      host,
      http: {
        paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: port } } } }],
      },
    })),
    ...(route.tls === 'auto' && settings.issuer !== undefined
      ? { tls: route.hostnames.map((host) => ({ hosts: [host], secretName: certificateName(host) })) }
      : {}),
  },
});
