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
import { databases } from '../support/databases.ts';

/** Tables with a row for each service or more. The others hold what an operator wrote: panels, keys, plans, pools. */
const growing = new Set([
  'services',
  'sites',
  'quotas',
  'operations',
  'operation_steps',
  'resources',
  'quota_holds',
  'idempotency_keys',
  'outbox',
  'audit',
  'audit_chains',
  'reservations',
  'backups',
  'support',
  'domains',
  'zones',
  'zone_records',
]);

const many = 20_000;

interface Plan {
  table: string | null;
  type: string | null;
  rows: number | string | null;
  Extra: string | null;
}

const explainable = /^\s*(select|update|delete)\b/i;

for (const database of databases.filter(({ name }) => name === 'mariadb')) {
  describe(`Queries over ${many} services, on ${database.name}`, () => {
    let app: TestApp;
    /** One example of values for each text. */
    const seen = new Map<string, readonly unknown[]>();

    before(async () => {
      app = await startApp(database);
      const { db } = app.serving.provisor;
      await addServices(db.knex, { panelId: app.panel.panelId, actor: 'bench', from: 1, to: many });
      db.knex.on('query', ({ sql, bindings }: { sql: string; bindings?: readonly unknown[] }) => {
        if (explainable.test(sql) && !/\b(information_schema|unix_timestamp)\b/i.test(sql))
          seen.set(sql, bindings ?? []);
      });
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

      const { knex } = app.serving.provisor.db;
      const wrong: string[] = [];
      for (const [sql, bindings] of [...seen]) {
        const [plans] = (await knex.raw(`explain ${sql}`, bindings as never)) as [Plan[]];
        for (const { table, type, rows, Extra } of plans) {
          if (table === null || !isGrowing(sql, table)) continue;
          const isWhole = type === 'ALL' || type === 'index';
          const sortsMuch = /Using filesort/.test(Extra ?? '') && Number(rows) > 1000;
          // Reading along an index is no harm where a LIMIT ends it soon.
          const ends = type === 'index' && Number(rows) < 1000;
          if ((isWhole && !ends && Number(rows) > 1000) || sortsMuch) {
            wrong.push(`${type} of ${rows} rows of ${table} (${Extra}): ${sql}`);
          }
        }
      }
      assert.ok(seen.size > 60, `${seen.size} different queries were seen`);
      assert.deepEqual(wrong, []);
    });

    it('are told apart from one that does read a whole table', async () => {
      const { knex } = app.serving.provisor.db;
      const [[plan]] = (await knex.raw("explain select * from services where suspended_reason = 'x'")) as [Plan[]];
      assert.equal(plan?.type, 'ALL');
      assert.ok(Number(plan?.rows) > many / 2);
    });
  });
}

/** EXPLAIN names a table as the query does, which may be another name. */
const isGrowing = (sql: string, name: string): boolean => {
  const alias = new RegExp(`\`?(\\w+)\`?\\s+as\\s+\`?${name}\`?`, 'i').exec(sql)?.[1];
  return growing.has(name) || (alias !== undefined && growing.has(alias));
};
