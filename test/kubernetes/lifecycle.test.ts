import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type {
  V1Deployment,
  V1Ingress,
  V1Namespace,
  V1PersistentVolumeClaim,
  V1ResourceQuota,
} from '@kubernetes/client-node';
import { newId } from '../../src/kit/ids.ts';
import { activeSite, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { type Cluster, openCluster, operatorSettings } from '../support/kubernetes.ts';
import { findFaults } from '../support/world.ts';

for (const database of databases) {
  describe(`the API with sites on Kubernetes, on ${database.name}`, () => {
    let cluster: Cluster;
    let app: TestApp;
    before(async () => {
      cluster = await openCluster();
      app = await startApp(database, { environment: operatorSettings(cluster.config) });
    });
    after(async () => {
      await app?.stop();
      await cluster?.stop();
    });

    const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      app.panel.call('POST', path, body, { ...waiting, ...headers });
    /** Waits for the end of what was begun, however long it takes. */
    const ended = async (answer: { body: { operation?: { id: string }; id?: string } }) => {
      const id = answer.body.operation?.id ?? answer.body.id;
      for (;;) {
        const { body } = await app.panel.call('GET', `/v1/operations/${id}?wait=25`);
        if (body.state === 'done' || body.state === 'failed' || body.state === 'stuck') return body;
      }
    };

    it('takes a site through its whole life', async () => {
      const site = await activeSite(app.panel, { email: 'ada@example.com' });
      const path = `/v1/sites/${site.service_id}`;
      const { orphans } = await app.serving.provisor.sweep();
      assert.deepEqual(orphans, []);
      const made = await app.serving.provisor.providers.compute.list(AbortSignal.timeout(9_000));
      assert.equal(made.length, 1);
      const namespace = made[0]!.name;
      const deployment = async () => cluster.read<V1Deployment>('apps/v1', 'Deployment', 'site', namespace);
      const ingress = async () =>
        cluster.read<V1Ingress>('networking.k8s.io/v1', 'Ingress', `route-${namespace}`, namespace);
      const claims = async () =>
        (await cluster.admin.list<V1PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', namespace)).items
          .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
          .map(({ metadata }) => metadata?.name)
          .sort();

      const leadsTo = async () => (await ingress())?.spec?.rules?.[0]?.http?.paths[0]?.backend.service;
      assert.equal((await leadsTo())?.name, 'site');
      assert.equal((await app.panel.call('GET', `${path}/status`)).body.workload, 'running');

      assert.equal((await post(`${path}/suspend`)).body.state, 'suspended');
      assert.equal((await deployment())?.spec?.replicas, 0);
      assert.equal((await leadsTo())?.port?.number, 8081);
      assert.equal((await app.panel.call('GET', `${path}/status`)).body.workload, 'stopped');

      assert.equal((await post(`${path}/unsuspend`)).body.state, 'active');
      assert.equal((await deployment())?.status?.readyReplicas, 1);

      const up = await post(`${path}/upgrade`, { plan: 'premium' });
      assert.equal(up.body.plan, 'premium', up.text);
      const quota = await cluster.read<V1ResourceQuota>('v1', 'ResourceQuota', 'plan', namespace);
      assert.equal(quota?.spec?.hard?.['limits.memory'], `${2 * 8192 + 256}Mi`);
      const down = await post(`${path}/upgrade`, { plan: 'basic' });
      assert.deepEqual([down.body.memory_mb, down.body.disk_mb], [2048, 81920]);

      const backup = await post(`${path}/backups`, {}, { 'Idempotency-Key': newId() });
      assert.equal((await ended(backup)).state, 'done', backup.text);
      const { data } = (await app.panel.call('GET', `${path}/backups`)).body;
      assert.equal(data.length, 1);
      const rolledBack = await post(`${path}/backups/${data[0].name}/rollback`);
      assert.equal((await ended(rolledBack)).state, 'done', rolledBack.text);
      assert.deepEqual(await claims(), ['data-r1']);
      const reset = await post(`${path}/actions/reset`);
      assert.equal((await ended(reset)).state, 'done', reset.text);
      assert.deepEqual(await claims(), ['data-r2']);
      assert.equal((await app.panel.call('GET', path)).body.state, 'active');
      assert.equal((await deployment())?.status?.readyReplicas, 1);

      assert.equal((await post(`${path}/login-link`)).body.code, 'not_supported');
      assert.equal((await post(`${path}/actions/stop`)).body.state, 'stopped');
      assert.equal((await post(`${path}/actions/start`)).body.state, 'active');
      assert.equal((await post(`${path}/actions/restart`)).body.state, 'active');

      const removed = await app.panel.call('DELETE', `${path}/backups/${data[0].name}`, undefined, waiting);
      assert.equal((await ended(removed)).state, 'done', removed.text);
      const deleted = await app.panel.call('DELETE', path, undefined, waiting);
      assert.equal((await ended(deleted)).state, 'done');
      assert.equal(await cluster.read<V1Namespace>('v1', 'Namespace', namespace), null);
      assert.deepEqual(await findFaults(app.serving.provisor), []);
      assert.deepEqual(app.logged, []);
    });
  });
}
