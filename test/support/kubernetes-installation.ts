/** An installation in the run's cluster for a suite that knows nothing of clusters. */
import type { V1EndpointSlice, V1Ingress, V1Service } from '@kubernetes/client-node';
import type { Provisor } from '../../src/app.ts';
import { type Cluster, openCluster, operatorSettings, planeVariable, shipped } from './kubernetes.ts';

/** What a visitor of a host name gets. */
export interface Visited {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** Where sites are when they are not on this machine: one installation for each app. */
export interface Elsewhere {
  environment: Record<string, string>;
  visit(hostname: string): Promise<Visited>;
  /** Takes away whatever of the installation is still there. */
  clear(provisor: Provisor): Promise<void>;
}

let opened: Promise<Cluster> | undefined;

/** Once for a test file. */
const cluster = (): Promise<Cluster> => {
  if (process.env[planeVariable] === undefined)
    throw new Error('There is no cluster: run these tests with `npm run test:kubernetes -- <pattern>`');
  opened ??= openCluster();
  return opened;
};

/** What deploy/kubernetes/pages.yaml answers on a port. */
const pageAt = async (port: number): Promise<Visited> => {
  const [pages] = (await shipped('pages.yaml')) as { data?: Record<string, string> }[];
  const server = (pages?.data?.['default.conf'] ?? '')
    .split('server {')
    .find((part) => part.includes(`listen ${port};`));
  const [, status = '', body = ''] = /return (\d+) "(.*)";/.exec(server ?? '') ?? [];
  const [, retryAfter] = /add_header Retry-After (\d+)/.exec(server ?? '') ?? [];
  return { status: Number(status), headers: { 'retry-after': retryAfter }, body };
};

const isFor = (host: string | undefined, hostname: string): boolean =>
  host === hostname || (host?.startsWith('*.') === true && host.slice(1) === hostname.slice(hostname.indexOf('.')));

/**
 * No ingress controller runs on a control plane alone. This reads what one would
 * read, the Ingress, its Service and whether a pod behind that is ready, and answers
 * what it would; what the site itself shows is not to be had.
 */
const visit = async ({ raw }: Cluster, managedBy: string, hostname: string): Promise<Visited> => {
  const labels = encodeURIComponent(`app.kubernetes.io/managed-by=${managedBy}`);
  const { items } = (await raw(`/apis/networking.k8s.io/v1/ingresses?labelSelector=${labels}`)) as {
    items: V1Ingress[];
  };
  const rules = items.flatMap(({ metadata, spec }) =>
    (spec?.rules ?? []).map((rule) => ({ ...rule, namespace: metadata?.namespace ?? '' })),
  );
  const rule = rules.find(({ host }) => host === hostname) ?? rules.find(({ host }) => isFor(host, hostname));
  const backend = rule?.http?.paths[0]?.backend.service;
  if (!rule || !backend) return { status: 404, headers: {}, body: 'default backend - 404' };
  const { namespace } = rule;
  const service = (await raw(`/api/v1/namespaces/${namespace}/services/${backend.name}`)) as V1Service;
  if (service.spec?.type === 'ExternalName') return pageAt(backend.port?.number ?? 0);
  const selector = encodeURIComponent(`kubernetes.io/service-name=${backend.name}`);
  const slices = (await raw(
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`,
  )) as { items: V1EndpointSlice[] };
  const isUp = slices.items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready === true));
  return isUp
    ? { status: 200, headers: {}, body: `${namespace}/${backend.name}` }
    : { status: 503, headers: {}, body: '503 Service Temporarily Unavailable' };
};

export const openInstallation = async (): Promise<Elsewhere> => {
  const { config, admin, ...rest } = await cluster();
  const environment = operatorSettings(config);
  const managedBy = environment.PROVISOR_KUBERNETES_MANAGED_BY ?? '';
  return {
    environment,
    visit: (hostname) => visit({ config, admin, ...rest }, managedBy, hostname),
    clear: async ({ providers }) => {
      const signal = AbortSignal.timeout(60_000);
      for (const { id } of await providers.proxy.listRoutes(signal)) await providers.proxy.deleteRoute(id, signal);
      // They are gone some seconds after their deletion, which nobody has to wait for.
      for (const { name } of await providers.compute.list(signal))
        await admin.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }).catch(() => {});
    },
  };
};
