import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type {
  V1Deployment,
  V1LimitRange,
  V1Namespace,
  V1NetworkPolicy,
  V1PersistentVolumeClaim,
  V1ResourceQuota,
} from '@kubernetes/client-node';
import { ProviderError } from '../../src/kit/errors.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider, SiteSpec } from '../../src/ports/compute.ts';
import { type Cluster, computeOf, newSiteName, openCluster } from '../support/kubernetes.ts';

const never = new AbortController().signal;

export const specOf = (name: string, more: Partial<SiteSpec> = {}): SiteSpec => ({
  name,
  owner: { panel: 'panel-1', service: name.toUpperCase() },
  hostname: `${name}.sites.test`,
  plan: 'basic',
  email: 'owner@example.com',
  resources: { memoryMb: 2048, diskMb: 20480 },
  network: { vmid: 100, privateIp: '10.0.0.1' },
  ...more,
});

const fails = (kind: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ProviderError, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, text);
  return true;
};

describe('sites on a real control plane', () => {
  let cluster: Cluster;
  let adapter: Adapter<ComputeProvider>;
  let compute: ComputeProvider;
  const ref = { name: newSiteName(), vmid: 0 };
  before(async () => {
    cluster = await openCluster();
    adapter = computeOf(cluster.config);
    compute = adapter.port;
  });
  after(async () => {
    await adapter?.close?.();
    await cluster?.stop();
  });
  const readIn = <T>(apiVersion: string, kind: string, name: string) =>
    cluster.read<T>(apiVersion, kind, name, ref.name);

  it('makes a site, tells what it waits for, and finds everything as wished the second time', async () => {
    const said: string[] = [];
    const began = performance.now();
    await compute.create(specOf(ref.name), never, (message) => said.push(message));
    const once = performance.now() - began;
    await compute.install(
      ref,
      { hostname: `${ref.name}.sites.test`, plan: 'basic', adminEmail: 'owner@example.com' },
      never,
    );
    const before = await readIn<V1Deployment>('apps/v1', 'Deployment', 'site');
    await compute.create(specOf(ref.name), never);
    const after = await readIn<V1Deployment>('apps/v1', 'Deployment', 'site');
    assert.equal(after?.metadata?.generation, before?.metadata?.generation);
    assert.ok(said.length > 0);
    const status = await compute.status(ref, never);
    assert.equal(status.state, 'running');
    assert.equal(status.node, 'node-1');
    assert.deepEqual(Object.keys(status).sort(), ['node', 'state', 'uptimeSeconds']);
    console.error(`create took ${once} ms`, said);
  });
});
