import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { V1Deployment, V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import { failingImage, failingSnapshot, largeSnapshot } from '../support/control-plane/stages.ts';
import { type Cluster, computeOf, fails, newSiteName, openCluster, siteSpec } from '../support/kubernetes.ts';

const never = new AbortController().signal;

const site = { matchLabels: { 'provisor.dev/role': 'site' } };
const inNamespace = (name: string) => [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }];

describe('sites on a real control plane', () => {
  let cluster: Cluster;
  const opened: Adapter<ComputeProvider>[] = [];
  const open = (...args: Parameters<typeof computeOf>) => {
    const adapter = computeOf(...args);
    opened.push(adapter);
    return adapter.port;
  };
  before(async () => {
    cluster = await openCluster();
  });
  after(async () => {
    for (const adapter of opened) await adapter.close?.();
    await cluster?.stop();
  });
  const deploymentOf = (name: string) => cluster.read<V1Deployment>('apps/v1', 'Deployment', 'site', name);
  const claimsOf = async (name: string, role: string) =>
    (await cluster.admin.list<V1PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', name)).items
      .filter(({ metadata }) => metadata?.labels?.['provisor.dev/role'] === role && !metadata.deletionTimestamp)
      .map(({ metadata }) => metadata?.name)
      .sort();

  it('makes everything that the namespace of a site needs, and changes nothing the second time', async () => {
    const compute = open(cluster.config);
    const ref = { name: newSiteName(), vmid: 0 };
    const said: string[] = [];
    await compute.create(siteSpec(ref.name), never, (message) => said.push(message));
    assert.ok(said.length > 0, 'nothing was told of the wait');
    const before = await deploymentOf(ref.name);
    await compute.create(siteSpec(ref.name), never);
    assert.equal((await deploymentOf(ref.name))?.metadata?.generation, before?.metadata?.generation);
    const status = await compute.status(ref, never);
    assert.deepEqual(Object.keys(status).sort(), ['node', 'state', 'uptimeSeconds']);
    assert.deepEqual([status.state, status.node], ['running', 'node-1']);

    const specOf = async (path: string) => (await cluster.raw(`/${path}`)).spec;
    const policies = `apis/networking.k8s.io/v1/namespaces/${ref.name}/networkpolicies`;
    assert.deepEqual(await specOf(`${policies}/deny-all`), { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    assert.deepEqual(await specOf(`${policies}/from-ingress`), {
      podSelector: site,
      policyTypes: ['Ingress'],
      ingress: [{ from: inNamespace('ingress-nginx'), ports: [{ protocol: 'TCP', port: 80 }] }],
    });
    assert.deepEqual(await specOf(`${policies}/to-dns`), {
      podSelector: site,
      policyTypes: ['Egress'],
      egress: [
        {
          to: inNamespace('kube-system'),
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    });
    assert.deepEqual(await specOf(`${policies}/to-internet`), {
      podSelector: site,
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            {
              ipBlock: {
                cidr: '0.0.0.0/0',
                except: [
                  '10.0.0.0/8',
                  '100.64.0.0/10',
                  '127.0.0.0/8',
                  '169.254.0.0/16',
                  '172.16.0.0/12',
                  '192.168.0.0/16',
                ],
              },
            },
            { ipBlock: { cidr: '::/0', except: ['::1/128', '64:ff9b::/96', 'fc00::/7', 'fe80::/10'] } },
          ],
        },
      ],
    });
    const usual = { cpu: '250m', memory: '256Mi', 'ephemeral-storage': '1Gi' };
    assert.deepEqual(await specOf(`api/v1/namespaces/${ref.name}/limitranges/plan`), {
      limits: [
        { type: 'Container', default: usual, defaultRequest: usual, max: { cpu: '1', memory: '2Gi' } },
        { type: 'PersistentVolumeClaim', max: { storage: '20Gi' } },
      ],
    });
    assert.deepEqual(await specOf(`api/v1/namespaces/${ref.name}/resourcequotas/plan`), {
      hard: {
        'requests.cpu': '750m',
        'limits.cpu': '2250m',
        'requests.memory': '4352Mi',
        'limits.memory': '4352Mi',
        'requests.storage': '260Gi',
        persistentvolumeclaims: '13',
        pods: '3',
        'services.loadbalancers': '0',
        'services.nodeports': '0',
      },
    });
    const { metadata } = await cluster.raw(`/api/v1/namespaces/${ref.name}`);
    assert.equal(metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted');
    assert.equal(JSON.parse(metadata.annotations['provisor.dev/site']).email, 'owner@example.com');
    const [pod] = (await cluster.admin.list<V1Pod>('v1', 'Pod', ref.name)).items;
    assert.equal(pod?.spec?.automountServiceAccountToken, false);
    assert.equal(pod?.spec?.enableServiceLinks, false);
    assert.deepEqual(
      [...pod!.spec!.initContainers!, ...pod!.spec!.containers].map(({ name }) => name),
      ['database', 'files', 'install', 'wordpress'],
    );
    await compute.destroy(ref, never);
    assert.deepEqual(await compute.status(ref, never), { state: 'missing' });
  });

  it('runs the very images that it is told, by their digests', async () => {
    const pinned = (image: string, digit: string) => `${image}@sha256:${digit.repeat(64)}`;
    const images = {
      wordpressImage: pinned('wordpress', '1'),
      databaseImage: pinned('mariadb', '2'),
      cliImage: pinned('wordpress', '3'),
    };
    const compute = open(cluster.config, images);
    const ref = { name: newSiteName(), vmid: 0 };
    await compute.create(siteSpec(ref.name), never);
    const [pod] = (await cluster.admin.list<V1Pod>('v1', 'Pod', ref.name)).items;
    assert.deepEqual(
      [...pod!.spec!.initContainers!, ...pod!.spec!.containers].map(({ image }) => image),
      [images.databaseImage, images.wordpressImage, images.cliImage, images.wordpressImage],
    );
    await compute.destroy(ref, never);
  });

  it('keeps a stopped site down through a resize and another create of it up', async () => {
    const compute = open(cluster.config);
    const ref = { name: newSiteName(), vmid: 0 };
    await compute.create(siteSpec(ref.name), never);
    await compute.stop(ref, { graceSeconds: 1 }, never);
    await compute.resize(ref, { plan: 'large', memoryMb: 4096, diskMb: 100 }, never);
    assert.equal((await deploymentOf(ref.name))?.spec?.replicas, 0);
    assert.equal((await compute.status(ref, never)).state, 'stopped');
    await compute.start(ref, never);
    const restartedAt = async () =>
      (await deploymentOf(ref.name))?.spec?.template.metadata?.annotations?.['provisor.dev/restarted-at'];
    assert.equal(await restartedAt(), undefined);
    await compute.restart(ref, never);
    const mark = await restartedAt();
    assert.ok(mark);
    await compute.start(ref, never);
    // Another apply must not forget it: that would be one more restart.
    assert.equal(await restartedAt(), mark);
    await compute.destroy(ref, never);
  });

  it('tells what the metrics API measures, as a share of what is granted', async () => {
    const compute = open(cluster.config);
    const ref = { name: newSiteName(), vmid: 0 };
    await compute.create(siteSpec(ref.name), never);
    const usage = (cpu: string, memory: string) => ({ name: cpu, usage: { cpu, memory } });
    await cluster.apply({
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      metadata: { name: 'site', namespace: ref.name },
      containers: [usage('200m', '100Mi'), usage('50000000n', '156Mi')],
    } as never);
    const { cpu, memoryBytes } = await compute.status(ref, never);
    assert.deepEqual([cpu, memoryBytes], [0.25, 256 * 2 ** 20]);
    await compute.destroy(ref, never);
  });

  for (const backups of ['csi', 'job'] as const) {
    it(`copies a site aside and brings it back by ${backups}`, async () => {
      const compute = open(cluster.config, { backups });
      const ref = { name: newSiteName(), vmid: 0 };
      await compute.create(siteSpec(ref.name), never);
      await compute.createSnapshot(ref, 'initial', never);
      await compute.createSnapshot(ref, 'BAK21112026-1', never);
      assert.equal((await compute.status(ref, never)).state, 'running');
      assert.deepEqual(
        await claimsOf(ref.name, 'copy'),
        backups === 'job' ? ['copy-bak21112026-1', 'copy-initial'] : [],
      );
      const listed = (await compute.listSnapshots(ref, never)).map(({ name }) => name).sort();
      assert.deepEqual(listed, ['BAK21112026-1', 'initial']);
      await compute.stop(ref, { graceSeconds: 1 }, never);
      await compute.rollback(ref, 'initial', never);
      assert.equal((await compute.status(ref, never)).state, 'stopped');
      // It stays until the site has run on the new one.
      assert.deepEqual(await claimsOf(ref.name, 'data'), ['data', 'data-r1']);
      const restored = await cluster.raw(`/api/v1/namespaces/${ref.name}/persistentvolumeclaims/data-r1`);
      assert.equal(restored.spec.dataSource?.name, backups === 'csi' ? 'initial' : undefined);
      await compute.start(ref, never);
      assert.deepEqual(await claimsOf(ref.name, 'data'), ['data-r1']);
      const volumes = (await deploymentOf(ref.name))?.spec?.template.spec?.volumes ?? [];
      assert.equal(volumes.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName, 'data-r1');
      await compute.deleteSnapshot(ref, 'BAK21112026-1', never);
      assert.deepEqual(
        (await compute.listSnapshots(ref, never)).map(({ name }) => name),
        ['initial'],
      );
      await compute.destroy(ref, never);
    });

    it(`leaves the data where it is when bringing it back by ${backups} fails half-way`, async () => {
      const compute = open(cluster.config, { backups });
      const broken = open(cluster.config, { backups, copyImage: failingImage });
      const ref = { name: newSiteName(), vmid: 0 };
      await compute.create(siteSpec(ref.name), never);
      await compute.createSnapshot(ref, 'initial', never);
      await assert.rejects(broken.rollback(ref, 'initial', never), fails('rate_limited', /No space left on device/));
      const claimed = (await deploymentOf(ref.name))?.spec?.template.spec?.volumes?.find(({ name }) => name === 'data');
      assert.equal(claimed?.persistentVolumeClaim?.claimName, 'data');
      assert.ok((await claimsOf(ref.name, 'data')).includes('data'));
      assert.equal((await compute.status(ref, never)).state, 'running');
      await compute.rollback(ref, 'initial', never);
      assert.deepEqual(await claimsOf(ref.name, 'data'), ['data-r1']);
      await compute.destroy(ref, never);
    });
  }

  it('goes back to a snapshot that the storage only puts into a larger volume', async () => {
    const compute = open(cluster.config, { backups: 'csi' });
    const ref = { name: newSiteName(), vmid: 0 };
    await compute.create(siteSpec(ref.name), never);
    await compute.createSnapshot(ref, largeSnapshot, never);
    await compute.rollback(ref, largeSnapshot, never);
    const claim = () => cluster.raw(`/api/v1/namespaces/${ref.name}/persistentvolumeclaims/data-r1`);
    assert.equal((await claim()).spec.resources.requests.storage, '100Gi');
    // A volume never shrinks, whatever is wished afterwards.
    await compute.resize(ref, { plan: 'basic', memoryMb: 2048, diskMb: 20480 }, never);
    assert.equal((await claim()).spec.resources.requests.storage, '100Gi');
    await compute.destroy(ref, never);
  });

  it('tells why a copy could not be made, and leaves the site running', async () => {
    const ref = { name: newSiteName(), vmid: 0 };
    const compute = open(cluster.config);
    await compute.create(siteSpec(ref.name), never);
    await assert.rejects(
      compute.createSnapshot(ref, failingSnapshot, never),
      fails('rate_limited', /the storage has no room for a snapshot/),
    );
    const broken = open(cluster.config, { backups: 'job', copyImage: failingImage });
    await assert.rejects(broken.createSnapshot(ref, 'x', never), fails('rate_limited', /No space left on device/));
    assert.equal((await compute.status(ref, never)).state, 'running');
    assert.deepEqual(await compute.listSnapshots(ref, never), []);
    const wrong = open(cluster.config, { backups: 'csi', snapshotClass: 'nowhere' });
    await assert.rejects(wrong.createSnapshot(ref, 'x', never), fails('invalid', /No VolumeSnapshotClass/));
    await compute.destroy(ref, never);
  });
});
