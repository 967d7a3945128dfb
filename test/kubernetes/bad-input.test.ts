import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiException, KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import { newServiceId, startApp, waiting } from '../support/app.ts';
import { missingImage } from '../support/control-plane/stages.ts';
import { databases } from '../support/databases.ts';
import { until } from '../support/idle.ts';
import {
  type Cluster,
  computeOf,
  fails,
  kubeconfigOf,
  newSiteName,
  openCluster,
  operatorSettings,
  siteSpec,
} from '../support/kubernetes.ts';
import { findFaults } from '../support/world.ts';

const never = new AbortController().signal;

describe('what a cluster cannot do', () => {
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

  it('names the verb and the resource that we have no right to', async () => {
    const compute = open(await kubeconfigOf(cluster.adminConfig, { namespace: 'default', name: 'default' }));
    await assert.rejects(
      compute.create(siteSpec(newSiteName()), never),
      fails('auth', /^Our service account may not get namespaces /),
    );
    await assert.rejects(compute.list(never), fails('auth', /may not list namespaces at the cluster scope$/));
  });

  it('says what is wrong with the way to the cluster', async () => {
    const list = (config: string, more = {}) => open(config, more).list(never);
    await assert.rejects(
      list('/nowhere/kubeconfig'),
      fails('auth', /^PROVISOR_KUBERNETES_CONFIG cannot be used: ENOENT/),
    );
    await assert.rejects(list(cluster.config, { context: 'prod' }), fails('auth', /has no context prod/));
    await assert.rejects(list('in-cluster'), fails('auth', /PROVISOR_KUBERNETES_CONFIG/));
    await assert.rejects(list(await cluster.configOfNowhere()), fails('unavailable', /does not answer/));
    const spoilt = async (change: (config: KubeConfig) => void) => {
      const config = new KubeConfig();
      config.loadFromFile(cluster.config);
      change(config);
      const path = `${cluster.config}-${newSiteName()}`;
      await writeFile(path, config.exportConfig());
      return path;
    };
    const unknown = await spoilt(({ users }) => Object.assign(users[0]!, { token: 'stale' }));
    await assert.rejects(list(unknown), fails('auth', /does not know our token/));
    const strange = await spoilt(({ clusters }) => Object.assign(clusters[0]!, { caFile: undefined }));
    await assert.rejects(list(strange), fails('auth', /certificate cannot be trusted/));
  });

  it('holds Provisor to the namespaces of sites, whatever it wishes', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.config);
    const us = KubernetesObjectApi.makeApiClient(config);
    const refused = (work: Promise<unknown>, text: RegExp) =>
      assert.rejects(
        work,
        (error) => error instanceof ApiException && error.code >= 403 && text.test(String(error.body)),
      );
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'grab', namespace: 'kube-system' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'provisor-tenant-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'provisor', namespace: 'provisor' }],
    };
    // The API server takes a moment before it holds anyone to a policy that has just come.
    const tried = () => us.create(binding, undefined, 'All');
    await until('the policy is in force', () =>
      tried().then(
        () => false,
        () => true,
      ),
    );
    await refused(us.create(binding), /no business in the namespace kube-system/);
    const strong = { ...binding, metadata: { name: 'grab', namespace: 'svc-x' } };
    await refused(
      us.create({ ...strong, roleRef: { ...binding.roleRef, name: 'cluster-admin' } } as never),
      /svc-x|privileg|not currently held/,
    );
    await refused(us.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'provisor' } }), /no business/);
    await refused(us.list('v1', 'Secret'), /cannot list resource/);
    await refused(us.list('v1', 'Secret', 'kube-system'), /cannot list resource/);
  });

  it('gives up a site without a volume, and says that there is no room', async () => {
    const ref = { name: newSiteName(), vmid: 0 };
    const compute = open(cluster.config, { storageClass: 'no-such-class', startMs: 1_500 });
    const said: string[] = [];
    await assert.rejects(
      compute.create(siteSpec(ref.name), never, (message) => said.push(message)),
      fails('invalid', /Not scheduled: .*PersistentVolumeClaim/i),
    );
    assert.ok(said.includes('Waiting for the volume of the site'), said.join());
    await compute.destroy(ref, never);
    assert.equal((await compute.status(ref, never)).state, 'missing');
  });

  it('says that a quota is too small', async () => {
    const ref = { name: newSiteName(), vmid: 0 };
    const compute = open(cluster.config, { startMs: 1_500 });
    await compute.create(siteSpec(ref.name), never);
    await compute.stop(ref, { graceSeconds: 1 }, never);
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'theirs', namespace: ref.name },
      spec: { hard: { pods: '0' } },
    } as never);
    await assert.rejects(compute.start(ref, never), (error) => {
      fails('invalid', /exceeded quota: theirs/)(error);
      assert.match((error as { say?: string }).say ?? '', /leaves no room/);
      return true;
    });
    await compute.destroy(ref, never);
  });

  it('says what holds a namespace that does not go', async () => {
    const ref = { name: newSiteName(), vmid: 0 };
    const compute = open(cluster.config);
    await compute.create(siteSpec(ref.name), never);
    const held = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', namespace: ref.name } };
    await cluster.apply({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/held'] } });
    const giveUp = new AbortController();
    const said: string[] = [];
    const destroying = compute.destroy(ref, giveUp.signal, (message) => said.push(message));
    const conditions = async () => (await cluster.raw(`/api/v1/namespaces/${ref.name}`)).status.conditions ?? [];
    const isHeld = async () =>
      (await conditions()).some(
        (each: { type: string; status: string }) =>
          each.type === 'NamespaceFinalizersRemaining' && each.status === 'True',
      );
    while (!(await isHeld())) await pause(100);
    const seen = said.length;
    // Once more, so that the adapter has read it too.
    while (said.length < seen + 2) await pause(100);
    giveUp.abort();
    await assert.rejects(destroying, fails('unavailable', /still being deleted.*example\.com\/held/));
    await cluster.apply({ ...held, metadata: { ...held.metadata, finalizers: [] } });
    await compute.destroy(ref, never);
    assert.equal((await compute.status(ref, never)).state, 'missing');
  });

  for (const database of databases) {
    for (const { what, settings, said, detail } of [
      {
        what: 'whose image cannot be pulled',
        settings: { PROVISOR_KUBERNETES_WORDPRESS_IMAGE: missingImage },
        said: /^The software of the site could not be fetched/,
        detail: /ImagePullBackOff: missing\.invalid\/image:1/,
      },
      {
        what: 'whose storage class is not there',
        settings: { PROVISOR_KUBERNETES_STORAGE_CLASS: 'no-such-class' },
        said: /^There was no room for the site/,
        detail: /Not scheduled: .*PersistentVolumeClaim/i,
      },
    ])
      it(`takes back a site ${what}, and says so, on ${database.name}`, async () => {
        const app = await startApp(database, {
          environment: { ...operatorSettings(cluster.config), PROVISOR_KUBERNETES_START_SECONDS: '2', ...settings },
        });
        try {
          const wish = { service_id: newServiceId(), email: 'a@example.com', plan: 'basic' };
          const refused = await app.panel.call('POST', '/v1/sites', wish, waiting);
          assert.equal(refused.status, 409, refused.text);
          assert.match(refused.body.error, said);
          const [row] = await app.serving.provisor.db.knex('operations').select('error');
          assert.match(JSON.parse(row.error).detail, detail);
          const site = await app.panel.call('GET', `/v1/sites/${wish.service_id}`);
          assert.equal(site.body.state, 'failed');
          assert.deepEqual(await app.serving.provisor.providers.compute.list(never), []);
          assert.deepEqual(await findFaults(app.serving.provisor), []);
        } finally {
          await app.stop();
        }
      });

    it(`takes a site away that is deleted while it waits for its image, on ${database.name}`, async () => {
      const app = await startApp(database, {
        environment: { ...operatorSettings(cluster.config), PROVISOR_KUBERNETES_WORDPRESS_IMAGE: missingImage },
      });
      try {
        const wish = { service_id: newServiceId(), email: 'a@example.com', plan: 'basic' };
        const accepted = await app.panel.call('POST', '/v1/sites', wish);
        const operation = `/v1/operations/${accepted.body.operation.id}`;
        const told = async () => (await app.panel.call('GET', operation)).body.message;
        while ((await told()) !== 'Waiting for the software of the site')
          await app.panel.call('GET', `${operation}?wait=1`);
        const deleted = await app.panel.call('DELETE', `/v1/sites/${wish.service_id}`);
        for (let state = 'pending'; state !== 'done'; ) {
          state = (await app.panel.call('GET', `/v1/operations/${deleted.body.operation.id}?wait=20`)).body.state;
          assert.ok(state !== 'failed' && state !== 'stuck', state);
        }
        assert.deepEqual(await findFaults(app.serving.provisor), []);
      } finally {
        await app.stop();
      }
    });
  }
});
