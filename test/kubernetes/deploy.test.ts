import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { schema } from '../../src/config.ts';
import { type Cluster, openCluster, shipped } from '../support/kubernetes.ts';

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

  it('sets no variable that Provisor does not read', async () => {
    const objects = (await shipped('provisor.yaml')) as { kind?: string; data?: Record<string, string> }[];
    const variables = Object.keys(objects.find(({ kind }) => kind === 'ConfigMap')?.data ?? {});
    assert.ok(variables.length > 0);
    assert.deepEqual(
      variables.filter((name) => !Object.hasOwn(schema.shape, name)),
      [],
    );
  });
});
