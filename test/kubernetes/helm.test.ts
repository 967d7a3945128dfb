/** The chart: what it renders is what deploy/kubernetes ships, a cluster takes it, and its service account makes sites. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApiException, KubernetesObjectApi, loadAllYaml } from '@kubernetes/client-node';
import { createIngressProxy } from '../../src/adapters/proxy/ingress/index.ts';
import { schema } from '../../src/config.ts';
import { definition } from '../support/control-plane/extras.ts';
import { findHelm, type Helm } from '../support/control-plane/helm.ts';
import {
  assertTimeToEnd,
  type Cluster,
  computeOf,
  connect,
  kubeconfigOf,
  newSiteName,
  openCluster,
  shipped,
  siteSpec,
} from '../support/kubernetes.ts';

const never = new AbortController().signal;
const chart = fileURLToPath(new URL('../../deploy/helm/provisor', import.meta.url));
const given = ['--set', 'siteDomain=sites.example.com,dns.provider=powerdns'];
const everything = [
  ...given,
  '--set',
  'metrics.enabled=true,metrics.serviceMonitor.enabled=true,metrics.from[0].namespaceSelector.matchLabels.x=monitoring',
  '--set',
  'ingress.enabled=true,ingress.host=provisor.example.com,ingress.tlsSecret=provisor-tls',
  '--set',
  'sites.storageClass=fast,sites.snapshotClass=fast,routes.issuer=letsencrypt,config.PROVISOR_WORKERS=8',
];

interface Loose {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: of any kind
  [field: string]: any;
}

/** By kind and name, without what only says who made it. */
const byName = (objects: unknown[]): Map<string, Loose> =>
  new Map(
    (objects as Loose[]).map(({ metadata, ...rest }) => {
      const { name, namespace, labels = {} } = metadata;
      const telling = Object.entries(labels).filter(([key]) => key.startsWith('pod-security'));
      return [
        `${rest.kind} ${name}`,
        { ...rest, metadata: { name, namespace, ...(telling.length ? { labels: Object.fromEntries(telling) } : {}) } },
      ];
    }),
  );

describe('the Helm chart', () => {
  let cluster: Cluster;
  let helm: Helm;
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'provisor-helm-'));
    helm = await findHelm(home);
    cluster = await openCluster();
  });
  after(async () => {
    await cluster?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const render = async (release: string, namespace: string, ...args: string[]) => {
    const { failed, output } = await helm(
      'template',
      release,
      chart,
      '-n',
      namespace,
      '--kube-version',
      '1.36.3',
      ...args,
    );
    assert.ok(!failed, output);
    return loadAllYaml(output) as unknown as Loose[];
  };
  const variablesOf = (objects: Loose[], name: string): Record<string, string> =>
    objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)?.data ?? {};

  it('is in order by its own rules', async () => {
    const { failed, output } = await helm('lint', '--strict', chart, ...everything);
    assert.ok(!failed, output);
  });

  it('gives the rights that deploy/kubernetes gives, and no others, and shows the same pages', async () => {
    const rendered = byName(await render('provisor', 'provisor', ...given));
    const rights = byName(await shipped('rbac.yaml'));
    // Whoever installs a release makes its namespace.
    rights.delete('Namespace provisor');
    const pages = byName(await shipped('pages.yaml'));
    for (const [key, wished] of [...rights, ...pages]) {
      const found = rendered.get(key);
      // Labels, and what is chosen by them, have the release's name; the rest of a pod is the same.
      if (wished.kind === 'Deployment') assert.deepEqual(found?.spec.template.spec, wished.spec.template.spec, key);
      else if (wished.kind === 'Service') assert.deepEqual(found?.spec.ports, wished.spec.ports, key);
      else assert.deepEqual(found, wished, key);
    }
    const isRight = (kind: string) => /Role|Admission|ServiceAccount|Namespace/.test(kind);
    assert.deepEqual(
      [...rendered]
        .filter(([, { kind }]) => isRight(kind))
        .map(([key]) => key)
        .sort(),
      [...rights.keys()].sort(),
    );
  });

  it('runs the pod that deploy/kubernetes runs', async () => {
    const podOf = (objects: Map<string, Loose>) => {
      const { containers, ...spec } = objects.get('Deployment provisor')?.spec.template.spec ?? {};
      const [{ env: _env, envFrom: _from, imagePullPolicy: _policy, ...container }] = containers;
      return { ...spec, container };
    };
    const ours = byName(await shipped('provisor.yaml'));
    const rendered = byName(await render('provisor', 'provisor', ...given, '--set', 'metrics.enabled=true'));
    assert.deepEqual(podOf(rendered), podOf(ours));
    const portsOf = (objects: Map<string, Loose>) => objects.get('Service provisor')?.spec.ports;
    assert.deepEqual(portsOf(rendered), portsOf(ours));
  });

  it('gives a pod as long to end as Provisor takes at the most', async () => {
    for (const [seconds, shown] of [
      [[], '5'],
      [['--set', 'config.PROVISOR_LINGER_SECONDS=0'], '0'],
      [['--set', 'config.PROVISOR_LINGER_SECONDS=20'], '20'],
      [['--set-string', 'config.PROVISOR_LINGER_SECONDS=2.5'], '2.5'],
    ] as const) {
      const objects = await render('provisor', 'provisor', ...given, ...seconds);
      const linger = variablesOf(objects, 'provisor').PROVISOR_LINGER_SECONDS;
      assert.equal(linger, shown);
      const { spec } = byName(objects).get('Deployment provisor')?.spec.template ?? {};
      assertTimeToEnd(spec, linger);
    }
  });

  it('shows figures only when they are wished for, on a port of their own, to whom they are for', async () => {
    const quiet = await render('provisor', 'provisor', ...given);
    assert.ok(!JSON.stringify(quiet).includes('"metrics"'), 'a port for figures that nobody wished for');
    assert.equal(variablesOf(quiet, 'provisor').PROVISOR_METRICS_PORT, undefined);
    const objects = await render('provisor', 'provisor', ...everything, '--set', 'metrics.port=9100');
    const { PROVISOR_METRICS_PORT: port, PROVISOR_METRICS_HOST: host } = variablesOf(objects, 'provisor');
    assert.deepEqual([port, host], ['9100', '0.0.0.0']);
    const all = byName(objects);
    const [container] = all.get('Deployment provisor')?.spec.template.spec.containers ?? [];
    const [, inPod] = container.ports;
    const [, outside] = all.get('Service provisor')?.spec.ports ?? [];
    const [scraped] = all.get('ServiceMonitor provisor')?.spec.endpoints ?? [];
    assert.deepEqual([inPod.name, inPod.containerPort], ['metrics', 9100]);
    assert.deepEqual([outside.name, outside.port, outside.targetPort], ['metrics', 9100, 'metrics']);
    assert.deepEqual([scraped.port, scraped.interval], ['metrics', '30s']);
    // With nobody named the port is there and the policy lets nobody in.
    const closed = byName(await render('provisor', 'provisor', ...given, '--set', 'metrics.enabled=true'));
    assert.deepEqual(
      closed.get('NetworkPolicy provisor')?.spec.ingress.map((rule: Loose) => rule.ports[0].port),
      ['http'],
    );
  });

  it('sets no variable that Provisor does not read, and leaves none to `config` that it sets itself', async () => {
    const names = Object.keys(variablesOf(await render('provisor', 'provisor', ...given), 'provisor'));
    assert.deepEqual(
      names.filter((name) => !Object.hasOwn(schema.shape, name)),
      [],
    );
    for (const name of [
      ...names.filter((each) => each !== 'PROVISOR_LINGER_SECONDS'),
      'PROVISOR_PEPPER',
      'PROVISOR_INGRESS_ISSUER',
      'PROVISOR_DATA_DIR',
    ]) {
      const { failed, output } = await helm('lint', chart, ...given, '--set-string', `config.${name}=x`);
      assert.ok(failed && output.includes(name), `${name}: ${output}`);
    }
  });

  for (const [values, told] of [
    [['dns.provider=local'], /dns\/provider.*must be one of/],
    [['dns.provider=powerdns'], /siteDomain/],
    [[...given.slice(1), 'replica=3'], /additional properties 'replica'/],
    [[...given.slice(1), 'replicas=0'], /replicas.*minimum/],
    [[...given.slice(1), 'database.existingSecret='], /database\/existingSecret/],
    [[...given.slice(1), 'image.digest=latest'], /image\/digest/],
    [[...given.slice(1), 'ingress.enabled=true'], /ingress\/host/],
    [[...given.slice(1), 'metrics.serviceMonitor.enabled=true'], /metrics\/enabled/],
    [[...given.slice(1), 'pages.stopped=$host'], /pages\/stopped/],
    [[...given.slice(1), 'config.DATABASE_URL=mysql://'], /DATABASE_URL/],
  ] as [string[], RegExp][]) {
    it(`refuses ${values.at(-1)}`, async () => {
      const args = values.flatMap((value) => ['--set', value]);
      const { failed, output } = await helm('template', 'r', chart, '--kube-version', '1.36.3', ...args);
      assert.ok(failed, output);
      assert.match(output, told);
    });
  }

  it('is accepted by server-side apply with everything that it can have', async () => {
    await cluster.apply(
      definition(
        'monitoring.coreos.com',
        'v1',
        { kind: 'ServiceMonitor', plural: 'servicemonitors' },
        {
          spec: { type: 'object', x_kubernetes_preserve_unknown_fields: true },
        },
      ),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'applied' } },
    );
    const objects = await render('applied', 'applied', ...everything);
    assert.ok(objects.some(({ kind }) => kind === 'ServiceMonitor'));
    await cluster.apply(...(objects as never[]));
    const spec = (await cluster.raw('/apis/networking.k8s.io/v1/namespaces/applied/networkpolicies/applied-provisor'))
      .spec;
    assert.deepEqual(spec.ingress, [
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
        ports: [{ protocol: 'TCP', port: 'http' }],
      },
      {
        from: [{ namespaceSelector: { matchLabels: { x: 'monitoring' } } }],
        ports: [{ protocol: 'TCP', port: 'metrics' }],
      },
    ]);
  });

  it('is installed beside another, and its service account makes sites and routes of its own', async () => {
    const kubeconfig = ['--kubeconfig', cluster.adminConfig, '-n', 'hosting'];
    await cluster.apply(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'hosting', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'provisor', namespace: 'hosting' },
        stringData: { PROVISOR_PEPPER: 'x'.repeat(32), DATABASE_URL: 'mysql://db/provisor' },
      } as never,
    );
    const installed = await helm('install', 'one', chart, ...kubeconfig, ...given, '--wait', '--timeout', '60s');
    assert.ok(!installed.failed, installed.output);
    assert.match(installed.output, /-n hosting exec deploy\/one-provisor -- provisor panels create/);
    const upgraded = await helm(
      'upgrade',
      'one',
      chart,
      ...kubeconfig,
      ...given,
      '--set',
      'replicas=3',
      '--wait',
      '--timeout',
      '60s',
    );
    assert.ok(!upgraded.failed, upgraded.output);

    const config = await kubeconfigOf(cluster.adminConfig, { namespace: 'hosting', name: 'one-provisor' });
    const data = (await cluster.raw('/api/v1/namespaces/hosting/configmaps/one-provisor')).data;
    const managedBy = data.PROVISOR_KUBERNETES_MANAGED_BY;
    const compute = computeOf(config, { managedBy, tenantRole: data.PROVISOR_KUBERNETES_TENANT_ROLE });
    const [host = '', namespace = data.PROVISOR_INGRESS_NAMESPACE] = [data.PROVISOR_INGRESS_PAGES_HOST];
    const proxyOf = (kubeconfigOfRelease: string) =>
      createIngressProxy({
        config: kubeconfigOfRelease,
        managedBy,
        clusterDomain: 'cluster.local',
        namespace,
        ingressClass: data.PROVISOR_INGRESS_CLASS,
        pagesHost: host,
        pagePorts: { suspended: 8081, stopped: 8082 },
      });
    const proxy = proxyOf(config);
    const [service, place] = host.split('.');
    assert.ok(await cluster.read('v1', 'Service', service!, place), host);
    const ref = { name: newSiteName(), vmid: 0 };
    await compute.port.create(siteSpec(ref.name), never);
    const upstream = compute.port.upstream(ref);
    const route = {
      id: ref.name,
      hostnames: [`${ref.name}.example.com`],
      upstream,
      page: 'site',
      enabled: true,
      redirectHttps: false,
      tls: 'off',
    } as const;
    await proxy.port.putRoute({ ...route, hostnames: [...route.hostnames] }, never);
    const us = KubernetesObjectApi.makeApiClient(connect(config));
    await assert.rejects(
      us.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'hosting' } }),
      (error) => error instanceof ApiException && /no business in the namespace hosting/.test(String(error.body)),
    );

    const gone = await helm('uninstall', 'one', ...kubeconfig, '--wait', '--timeout', '60s');
    assert.ok(!gone.failed, gone.output);
    // Sites go on, and so do their routes and what another release needs to take them up again.
    assert.ok(await cluster.read('v1', 'ConfigMap', `route-${ref.name}`, namespace));
    assert.ok(await cluster.read('apps/v1', 'Deployment', 'site', ref.name));
    const again = await helm('install', 'one', chart, ...kubeconfig, ...given, '--wait', '--timeout', '60s');
    assert.ok(!again.failed, again.output);
    const taken = await kubeconfigOf(cluster.adminConfig, { namespace: 'hosting', name: 'one-provisor' });
    const next = computeOf(taken, { managedBy, tenantRole: data.PROVISOR_KUBERNETES_TENANT_ROLE });
    const nextProxy = proxyOf(taken);
    await nextProxy.port.deleteRoute(ref.name, never);
    await next.port.destroy(ref, never);
    assert.equal((await next.port.status(ref, never)).state, 'missing');
    for (const adapter of [compute, proxy, next, nextProxy]) await adapter.close?.();
  });
});
