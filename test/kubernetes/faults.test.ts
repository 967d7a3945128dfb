/** Faults 1 and 4 with a cluster: death between any two requests, and an API server that dies in the middle. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createKubernetesCompute } from '../../src/adapters/compute/kubernetes/index.ts';
import { newServiceId, startApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { type Cluster, computeOptions, openCluster, operatorSettings } from '../support/kubernetes.ts';
import { findFaults } from '../support/world.ts';
import type { Order, Told } from './victim.ts';

const victim = fileURLToPath(new URL('./victim.ts', import.meta.url));
const [database] = databases;

const start = (order: Order): Promise<Told & { killed: boolean }> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [victim, JSON.stringify(order)], { timeout: 90_000 }, (error, stdout, stderr) => {
      const told = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Told);
      const killed = error?.signal === 'SIGKILL' && error.killed !== true;
      if (error && !killed) reject(new Error(`The process ended badly: ${error.message}\n${stderr}`));
      else resolve({ ...Object.assign({}, ...told), killed });
    });
  });

describe('a process that dies between two requests to the cluster', { concurrency: 2 }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await openCluster();
  });
  after(() => cluster?.stop());

  for (const scenario of ['create', 'suspend', 'reset', 'upgrade', 'delete']) {
    it(scenario, async (t) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'provisor-faults-'));
      const fresh = await database!.open({ migrate: false });
      const environment = operatorSettings(cluster.config);
      const order = (what: string | null, dieAt: number | null): Order => ({
        dataDir,
        databaseUrl: fresh.url,
        environment,
        scenario: what,
        dieAt,
      });
      try {
        const whole = await start(order(scenario, null));
        assert.deepEqual(whole.faults, []);
        const requests = whole.sent!;
        assert.ok(requests.length > 1);
        let deaths = 0;
        for (let dieAt = 0; dieAt < requests.length; dieAt += 1) {
          const died = await start(order(scenario, dieAt));
          assert.deepEqual(died.faults, [], `after a death before ${requests[dieAt - 1]}`);
          if (died.killed) deaths += 1;
        }
        const last = await start(order(null, null));
        assert.deepEqual(last.faults, [], `after a death before ${requests.at(-1)}`);
        assert.ok(deaths > requests.length - 4, `${deaths} deaths at ${requests.length} requests`);
        t.diagnostic(`${deaths} deaths`);
      } finally {
        await fresh.drop();
        await rm(dataDir, { recursive: true, force: true });
      }
    });
  }
});

describe('an API server that dies', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await openCluster({ own: true });
  });
  after(() => cluster?.stop());

  it('puts a create off, shows as degraded, and is gone on with once it is back', async () => {
    let requests = 0;
    let died: Promise<void> | undefined;
    const environment = operatorSettings(cluster.config);
    const managedBy = environment.PROVISOR_KUBERNETES_MANAGED_BY!;
    const app = await startApp(database!, {
      environment,
      replacements: {
        timing: { backoffMs: { first: 50, last: 200 }, graceMs: 200 },
        breaker: { failures: 2, restMs: 500 },
        adapters: (configured) => ({
          ...configured,
          compute: createKubernetesCompute(
            computeOptions(cluster.config, {
              managedBy,
              watcher: {
                sending: () => {
                  requests += 1;
                  if (requests === 9) died = cluster.plane!.killApiServer();
                },
              },
            }),
          ),
        }),
      },
    });
    try {
      const wish = { service_id: newServiceId(), email: 'a@example.com', plan: 'basic' };
      const accepted = await app.panel.call('POST', '/v1/sites', wish);
      const operation = `/v1/operations/${accepted.body.operation.id}`;
      const checks = async () => (await app.panel.call('GET', '/ready')).body.checks;
      while ((await checks())['compute/kubernetes'] !== 'degraded') await app.panel.call('GET', `${operation}?wait=1`);
      await died;
      const [{ attempts }] = await app.serving.provisor.db.knex('operations').select('attempts');
      await app.panel.call('GET', `${operation}?wait=2`);
      assert.deepEqual(await app.serving.provisor.db.knex('operations').select('attempts'), [{ attempts }]);
      await cluster.plane!.startApiServer();
      for (let state = 'running'; state !== 'done'; ) {
        state = (await app.panel.call('GET', `${operation}?wait=20`)).body.state;
        const [row] = await app.serving.provisor.db.knex('operations').select('error');
        assert.notEqual(state, 'failed', row.error);
      }
      assert.deepEqual(await findFaults(app.serving.provisor), []);
      assert.equal((await checks())['compute/kubernetes'], undefined);
    } finally {
      await app.stop();
    }
  });
});
