/** Fault 5: a database that dies, a connection that is cut at COMMIT, a disk that is full. No acknowledged operation is lost, none doubled. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Client, startApp, type TestApp } from '../support/app.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { databases, type TestDatabase, type TestDatabases } from '../support/databases.ts';
import { hasMariaDb, startMariaDb } from '../support/mariadb.ts';
import { findFaults } from '../support/world.ts';
import { report } from './report.ts';

const sites = 30;

/** A call as a panel makes it: again, until it is accepted. Every answer must be honest: 503 while the database is away, never 401 or 500. */
const persist = async (
  client: Client,
  method: 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<{ body: { operation: { id: string } } }> => {
  for (;;) {
    const answer = await client.call(method, path, body);
    if (answer.status < 300) return answer;
    assert.ok(answer.status === 503 || answer.body.code === 'operation_in_progress', `${answer.status} ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** One site's life; resolves with the operations that were acknowledged. */
const live = async (client: Client, n: number): Promise<string[]> => {
  const path = `/v1/sites/s-${n}`;
  const wish = { service_id: `s-${n}`, email: `user${n}@example.com`, plan: 'basic' };
  const acknowledged = [(await persist(client, 'POST', '/v1/sites', wish)).body.operation.id];
  for (const call of ['/suspend', '/unsuspend', '/upgrade']) {
    const body = call === '/upgrade' ? { plan: 'premium' } : {};
    acknowledged.push((await persist(client, 'POST', `${path}${call}`, body)).body.operation.id);
  }
  if (n % 3 === 0) acknowledged.push((await persist(client, 'DELETE', path)).body.operation.id);
  // A repeat of the create, as after an answer that never came, is the same create.
  if (n % 3 !== 0) acknowledged.push((await persist(client, 'POST', '/v1/sites', wish)).body.operation.id);
  return acknowledged;
};

/** Everything acknowledged has ended well, each create happened once, and the world is as the rows say. */
const checkEnd = async (app: TestApp, acknowledged: string[][]): Promise<void> => {
  const { operations, db } = app.serving.provisor;
  const open = () => db.knex('operations').whereNotNull('active_key').select('id');
  for (let rows = await open(); rows.length > 0; rows = await open()) await operations.waitForRest(rows[0].id, 10_000);
  for (const id of acknowledged.flat()) {
    const operation = await operations.find(undefined, id);
    // A deletion that came while an upgrade ran has cancelled it, which is its right.
    assert.ok(
      operation.state === 'done' || operation.error?.code === 'cancelled',
      `${operation.kind}: ${JSON.stringify(operation.error)}`,
    );
  }
  const creates = await db.knex('operations').where({ kind: 'site.create' }).select('service_id');
  assert.equal(creates.length, sites);
  assert.equal(new Set(creates.map((row) => row.service_id)).size, sites);
  assert.deepEqual(await findFaults(app.serving.provisor), []);
};

const timing = {
  leaseMs: 2_000,
  beatMs: 400,
  graceMs: 500,
  marginMs: 100,
  pollMs: 50,
  backoffMs: { first: 50, last: 500 },
};

const servedBy = (url: string): TestDatabases => ({
  name: 'mariadb',
  open: async () => ({ url, db: { close: async () => {} } as TestDatabase['db'], drop: async () => {} }),
});

describe('fault 5, the database', () => {
  it('killed with SIGKILL and restarted under load, three times', {
    skip: hasMariaDb() ? false : 'MariaDB is not installed',
  }, async () => {
    const server = await startMariaDb(['--innodb-flush-log-at-trx-commit=1']);
    await server.createDatabase('faults');
    const app = await startApp(servedBy(server.url('faults')), { replacements: { timing } });
    let lived = 0;
    const load = Promise.all(
      Array.from({ length: sites }, async (_, n) => {
        const ids = await live(app.panel, n);
        lived += 1;
        return ids;
      }),
    );
    for (let kill = 0; kill < 3; kill += 1) {
      // Far enough apart that work is going on again when the next one comes.
      const { n } = (await app.serving.provisor.db
        .knex('operations')
        .where({ state: 'done' })
        .count({ n: '*' })
        .first()) as { n: string };
      for (let now = Number(n); now < Number(n) + 8 && lived < sites; ) {
        const row = await app.serving.provisor.db.knex('operations').where({ state: 'done' }).count({ n: '*' }).first();
        now = Number(row?.n);
      }
      await server.killAndRestart();
    }
    await checkEnd(app, await load);
    report({
      fault: 5,
      name: 'database killed under load: acknowledged operations looked after',
      cases: (await load).flat().length,
    });
    await app.stop();
    await server.stop();
  });

  for (const database of databases.filter(({ name }) => name === 'mariadb')) {
    for (const when of ['before', 'after'] as const) {
      it(`a connection cut ${when} every seventh COMMIT`, async () => {
        const fresh = await database.open({ migrate: false });
        await fresh.db.close();
        const proxy = await startCuttingProxy(new URL(fresh.url), (commit) => (commit % 7 === 0 ? when : null));
        const app = await startApp(servedBy(proxy.url), { replacements: { timing } });
        const acknowledged = await Promise.all(Array.from({ length: sites }, (_, n) => live(app.panel, n)));
        await checkEnd(app, acknowledged);
        assert.ok(proxy.cuts() > 20, `only ${proxy.cuts()} cuts`);
        report({ fault: 5, name: 'connections cut at COMMIT', cases: proxy.cuts() });
        await app.stop();
        await proxy.stop();
        await fresh.drop();
      });
    }
  }

  it('a disk that is full, and has room again', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'provisor-full-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', folder], { stdio: 'pipe' });
    } catch {
      await rm(folder, { recursive: true });
      context.skip('a small disk of our own needs root and mount');
      return;
    }
    const ballast = join(folder, 'ballast');
    const onSmallDisk: TestDatabases = {
      name: 'sqlite',
      open: async () => ({
        url: `sqlite:${join(folder, 'small.sqlite')}`,
        db: { close: async () => {} } as TestDatabase['db'],
        drop: async () => {},
      }),
    };
    const app = await startApp(onSmallDisk, { replacements: { timing } });
    try {
      let refused = 0;
      const create = (n: number) =>
        app.panel.call('POST', '/v1/sites', { service_id: `s-${n}`, email: `user${n}@example.com`, plan: 'basic' });
      const first = await create(0);
      await app.serving.provisor.operations.waitForRest(first.body.operation.id, 10_000);
      // Fills what is left, to the last block.
      await writeFile(ballast, Buffer.alloc(32 * 1024 * 1024)).catch((error: NodeJS.ErrnoException) =>
        assert.equal(error.code, 'ENOSPC'),
      );
      const acknowledged: string[] = [];
      for (let n = 1; n <= 40; n += 1) {
        const answer = await create(n);
        if (answer.status === 202) acknowledged.push(answer.body.operation.id);
        else {
          assert.equal(answer.status, 503, answer.text);
          assert.equal(answer.body.code, 'database_unavailable');
          refused += 1;
        }
      }
      assert.ok(refused > 0, 'the disk was never full');
      assert.equal((await app.panel.call('GET', '/v1/sites/s-0')).status, 200);
      await rm(ballast);
      for (let n = 1; n <= 40; n += 1)
        acknowledged.push(
          (
            await persist(app.panel, 'POST', '/v1/sites', {
              service_id: `s-${n}`,
              email: `user${n}@example.com`,
              plan: 'basic',
            })
          ).body.operation.id,
        );
      for (const id of acknowledged) {
        const ended = await app.serving.provisor.operations.waitForRest(id, 20_000);
        assert.equal(ended?.state, 'done', JSON.stringify(ended?.error));
      }
      assert.deepEqual(await findFaults(app.serving.provisor), []);
      report({ fault: 5, name: 'disk full: refused honestly, nothing half-written', cases: refused });
    } finally {
      await app.stop();
      execFileSync('umount', [folder]);
      await rm(folder, { recursive: true });
    }
  });
});
