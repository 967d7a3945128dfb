/**
 * Every query that a walk through the API and the engine behind it makes, as
 * the database plans it over large tables. A plan that reads a whole growing
 * table is right in every other test, and slow a year later.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addServices } from '../../bench/harness/rows.ts';
import { newId } from '../../src/kit/ids.ts';
import { activeSite, startApp, type TestApp, waiting } from '../support/app.ts';
import { watchQueries } from '../support/asked.ts';
import { databases } from '../support/databases.ts';
import { explainMysql, readSoFar, wholeReads } from '../support/plans.ts';

const many = 20_000;

for (const database of databases.filter(({ name }) => name === 'mariadb')) {
  describe(`Queries over ${many} services, on ${database.name}`, () => {
    let app: TestApp;
    let seen: ReturnType<typeof watchQueries>;

    before(async () => {
      app = await startApp(database);
      const { db } = app.serving.provisor;
      await addServices(db.knex, { panelId: app.panel.panelId, actor: 'bench', from: 1, to: many });
      seen = watchQueries(db);
    });
    after(() => app.stop());

    const ok = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
      const answer = await app.panel.call(method, path, body, {
        ...waiting,
        ...(method === 'POST' ? { 'Idempotency-Key': newId() } : {}),
      });
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.body;
    };

    it('never read a growing table as a whole', async () => {
      const { service_id: id, operation } = await activeSite(app.panel, { customer_id: '7' });
      const page = await ok('GET', '/v1/sites?limit=5');
      await ok('GET', `/v1/sites?limit=5&cursor=${page.next_cursor}`);
      await ok('GET', '/v1/sites?customer_id=7&limit=5');
      await ok('GET', '/v1/sites?state=active&limit=5');
      await ok('GET', `/v1/sites/${id}`);
      await ok('GET', `/v1/sites/${id}/operations`);
      await ok('GET', '/v1/operations?limit=5');
      await ok('GET', '/v1/operations?state=done&limit=5');
      await ok('GET', `/v1/operations/${operation.id}`);
      await ok('GET', `/status?service_id=${id}`);
      await ok('GET', '/v1/usage?limit=5');
      await ok('GET', `/v1/sites/${id}/backups`);
      await ok('POST', `/v1/sites/${id}/backups`);
      await ok('GET', `/v1/sites/${id}/domains`);
      await ok('POST', '/v1/zones', { name: 'explained.com' });
      await ok('GET', '/v1/zones');
      await ok('GET', '/v1/zones/explained.com/records');
      await ok('POST', `/v1/sites/${id}/suspend`, {});
      await ok('POST', `/v1/sites/${id}/unsuspend`, {});
      await ok('POST', `/v1/sites/${id}/actions/restart`, {});
      await ok('POST', `/v1/sites/${id}/upgrade`, { plan: 'standard' });
      await ok('DELETE', `/v1/sites/${id}`);
      // What a test asks by itself is not ours.
      await app.serving.provisor.db.knex('services').where({ suspended_reason: 'a test' }).first();

      const asked = seen.list();
      assert.ok(!asked.some(({ sql }) => /where `suspended_reason`/.test(sql)));
      assert.ok(asked.length > 60, `${asked.length} different queries were seen`);
      // Of the workers, which ask by prepared statements, with the time of the database in them.
      assert.ok(asked.some(({ sql }) => /^select operations\.\*.* where operations\.due_at <= \?/s.test(sql)));
      assert.ok(asked.some(({ sql }) => /^update operations\b.*unix_timestamp/is.test(sql)));
      assert.deepEqual(await wholeReads(app.serving.provisor.db, asked), []);
    });

    it('find the last operation of each site of a page once, however many it had', async () => {
      const { db } = app.serving.provisor;
      seen.clear();
      await ok('GET', '/v1/sites?limit=50');
      const page = seen.list().find(({ sql }) => /as operation_id\b.*\blimit \?/s.test(sql));
      assert.ok(page);
      const read = () =>
        db.transaction(async (tx) => {
          const before = await readSoFar(tx);
          await tx.raw(page.sql, page.bindings);
          return (await readSoFar(tx)) - before;
        });
      const withShortPasts = await read();
      await db.knex.raw(
        `insert into operations (id, panel_id, service_kind, service_id, kind, params, params_hash, state, percent, message,
           deadline_at, fence, actor, version, created_at)
         select concat('00PAST', lpad(seq, 20, '0')), panel_id, service_kind, service_id, kind, params, params_hash, state,
           percent, message, deadline_at, fence, actor, version, created_at
         from operations join seq_1_to_1000 where service_kind = 'site' and service_id = ? and panel_id = ?`,
        [String(many), app.panel.panelId],
      );
      assert.equal(await read(), withShortPasts);
      // For each of 51 rows: itself and its place in the index, the site, two quotas, the operation and its id; what
      // was found is sorted and read again.
      assert.ok(withShortPasts < 51 * 9, `${withShortPasts} rows were read`);
    });

    it('are told apart from one that does read a whole table', async () => {
      const { db } = app.serving.provisor;
      const whole = { sql: 'select * from services where suspended_reason = ?', bindings: ['x'] };
      const [plan] = await explainMysql(db.knex, whole);
      assert.equal(plan?.type, 'ALL');
      assert.ok(Number(plan?.rows) > many / 2);
      assert.equal((await wholeReads(db, [whole])).length, 1);
    });
  });
}
