import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { schema } from '../../src/config.ts';
import { assertTimeToEnd, type Cluster, openCluster, shipped } from '../support/kubernetes.ts';

describe('what deploy/kubernetes ships', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await openCluster();
  });
  after(() => cluster?.stop());

  it('is accepted by a cluster as it is, under the restricted Pod Security standard, and becomes available', async () => {
    const metadata = { name: 'provisor', namespace: 'provisor' };
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { PROVISOR_PEPPER: 'x'.repeat(32) },
    } as never);
    await cluster.apply(...(await shipped('provisor.yaml')), ...(await shipped('pages.yaml')));
    for (const name of ['provisor', 'pages']) {
      const available = async () =>
        (await cluster.read<V1Deployment>('apps/v1', 'Deployment', name, 'provisor'))?.status?.availableReplicas ?? 0;
      while ((await available()) < 2) await pause(100);
    }
  });

  const variablesOf = async () => {
    const objects = (await shipped('provisor.yaml')) as { kind?: string; data?: Record<string, string> }[];
    return objects.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
  };

  it('gives a pod as long to end as Provisor takes at the most', async () => {
    const deployment = (await shipped('provisor.yaml')).find(({ kind }) => kind === 'Deployment') as V1Deployment;
    assertTimeToEnd(deployment.spec?.template.spec, (await variablesOf()).PROVISOR_LINGER_SECONDS);
  });

  it('lets only the namespace of Prometheus read the figures, and everyone call the API', async () => {
    const { PROVISOR_METRICS_PORT: port, PROVISOR_METRICS_HOST: host } = await variablesOf();
    const deployment = (await shipped('provisor.yaml')).find(({ kind }) => kind === 'Deployment') as V1Deployment;
    const ports = deployment.spec?.template.spec?.containers[0]?.ports ?? [];
    assert.deepEqual([host, String(ports.find(({ name }) => name === 'metrics')?.containerPort)], ['0.0.0.0', port]);
    await cluster.apply(...(await shipped('provisor.yaml')));
    const { spec } = await cluster.raw('/apis/networking.k8s.io/v1/namespaces/provisor/networkpolicies/provisor');
    assert.deepEqual(spec.ingress, [
      { ports: [{ protocol: 'TCP', port: 'http' }] },
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ protocol: 'TCP', port: 'metrics' }],
      },
    ]);
  });

  it('sets no variable that Provisor does not read', async () => {
    const variables = Object.keys(await variablesOf());
    assert.ok(variables.length > 0);
    assert.deepEqual(
      variables.filter((name) => !Object.hasOwn(schema.shape, name)),
      [],
    );
  });
});
