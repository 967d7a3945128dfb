/** Fault 8, narrowed down: creates of one service that failed before, through two replicas at once. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { loadConfig } from '../../src/config.ts';
import type { Database } from '../../src/database/database.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import { serve } from '../../src/serve.ts';
import { quiet } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { gate } from '../support/engine.ts';
import { findFaults } from '../support/world.ts';
import { replicaEnvironment } from './replicas.ts';
import { report } from './report.ts';

for (const database of databases) {
  describe(`a create that failed and is asked for again, on ${database.name}`, () => {
    const withReplica = async (
      work: (of: {
        serving: Awaited<ReturnType<typeof serve>>;
        url: string;
        compute: Breakable;
        caller: { panelId: string; actor: string; requestId: null };
      }) => Promise<void>,
    ) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'provisor-anew-'));
      const target = await database.open({ migrate: false });
      let compute: Breakable | undefined;
      const serving = await serve(
        loadConfig(replicaEnvironment({ dataDir, databaseUrl: target.url }), dataDir),
        quiet,
        {
          adapters: (configured) => {
            compute = breakable(configured.compute);
            return { ...configured, compute: compute.adapter };
          },
        },
      );
      try {
        const panel = await serving.provisor.panels.create('anew');
        const caller = { panelId: panel.id, actor: 'test', requestId: null };
        await work({ serving, url: target.url, compute: compute!, caller });
      } finally {
        await serving.stop();
        await target.drop();
        await rm(dataDir, { recursive: true, force: true });
      }
    };
    const wish = { service_id: 's-1', email: 's-1@example.com', plan: 'basic' };
    const refuse = async () => {
      throw new ProviderError('compute/local', 'invalid', 'refused by the test');
    };

    it('under the same Idempotency-Key is tried anew, and the site is not left half begun', () =>
      withReplica(async ({ serving, compute, caller }) => {
        const { operations, sites, db } = serving.provisor;
        const now = await db.now();
        await db.knex('idempotency_keys').insert({
          panel_id: caller.panelId,
          idem_key: 'once',
          request_hash: 'x',
          state: 'running',
          locked_until: now,
          created_at: now,
          expires_at: now + 60_000,
        });
        const keyed = { ...caller, idempotencyKey: 'once' };
        compute.before('install', refuse);
        const first = await sites.create(keyed, wish);
        await operations.waitForRest(first.operation.id, 10_000);
        compute.before('install', null);
        const anew = await sites.create(keyed, wish);
        assert.notEqual(anew.operation.id, first.operation.id);
        await operations.waitForRest(anew.operation.id, 10_000);
        assert.equal((await sites.get(caller, { serviceId: wish.service_id })).state, 'active');
        assert.deepEqual(await findFaults(serving.provisor), []);
      }));

    // On SQLite one transaction has the whole file, so two of them are never under way at once.
    if (database.name === 'mariadb') {
      for (const meanwhile of ['is under way', 'is done'] as const) {
        it(`by two at once: the slow one changes nothing when the other ${meanwhile}`, () =>
          withReplica(async ({ serving, url, compute, caller }) => {
            const { operations, sites, db } = serving.provisor;
            compute.before('install', refuse);
            const first = await sites.create(caller, wish);
            await operations.waitForRest(first.operation.id, 10_000);

            const installing = gate();
            compute.before('install', () => installing.opened);
            // The slow one has read that the site is failed, and stops where it looks for its key.
            const blocker = await createConnection(url);
            await blocker.query('LOCK TABLES idempotency_keys WRITE');
            const slow = sites.create({ ...caller, idempotencyKey: 'slow' }, wish);
            while (!(await isAnyWaiting(db))) await new Promise((resolve) => setImmediate(resolve));
            const fast = await sites.create(caller, wish);
            const finish = async () => {
              installing.open();
              await operations.waitForRest(fast.operation.id, 10_000);
            };
            if (meanwhile === 'is done') await finish();
            await blocker.end();
            assert.equal((await slow).operation.id, fast.operation.id);
            await finish();
            assert.equal((await db.knex('operations').select('id')).length, 2);
            assert.deepEqual(await findFaults(serving.provisor), []);
            report({ fault: 8, name: 'creates of a failed service, two at once', cases: 1 });
          }));
      }
    }
  });
}

const isAnyWaiting = async ({ knex }: Database): Promise<boolean> => {
  const [rows] = await knex.raw(
    "SELECT 1 FROM information_schema.processlist WHERE db = database() AND state LIKE 'Waiting%lock'",
  );
  return rows.length > 0;
};
