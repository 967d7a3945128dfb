/**
 * The queries on the way of an event to its webhooks, and of a zone that sites may have
 * names in, as each database plans them over tables that have grown for a while.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newId } from '../../src/kit/ids.ts';
import { newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { watchQueries } from '../support/asked.ts';
import { databases } from '../support/databases.ts';
import { wholeReads } from '../support/plans.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const many = 5_000;
const told = ['outbox', 'deliveries', 'delivery_lanes'];

for (const database of databases) {
  describe(`Queries over ${many} deliveries and names, on ${database.name}`, () => {
    let app: TestApp;
    let receiver: WebhookReceiver;
    let hook = '';
    let later = 0;

    const fill = async (...tables: string[]): Promise<void> => {
      const { db } = app.serving.provisor;
      const now = await db.now();
      const { panelId } = app.panel;
      const numbers = Array.from({ length: many }, (_, at) => at);
      const [ids, other] = [numbers.map(() => newId()), newId()];
      const of = { panel_id: panelId, service_kind: 'site' };
      const rows: Record<string, object[]> = {
        services: numbers.map((n) => ({
          panel_id: panelId,
          kind: 'site',
          service_id: `many-${n}`,
          id: ids[n],
          customer_id: n % 3 === 0 ? null : `c-${n % 500}`,
          state: 'active',
          plan: 'basic',
          created_at: now,
          updated_at: now,
        })),
        domain_names: numbers.map((n) => ({
          hostname: `www.many-${n}.com`,
          parent: `many-${n}.com`,
          panel_id: panelId,
          owner: `site/${ids[n]}`,
          site: ids[n],
        })),
        outbox: numbers.map((n) => ({
          ...of,
          id: newId(),
          service_id: `many-${n}`,
          event: 'site.create.done',
          payload: '{}',
          created_at: now,
          sent_at: now,
          seq: 1,
        })),
        deliveries: numbers.map((n) => ({
          ...of,
          id: newId(),
          channel: 'webhook',
          target: n % 10 === 0 ? hook : other,
          lane: `${panelId}:site:many-${n}`,
          service_id: `many-${n}`,
          event_id: newId(),
          event: 'site.create.done',
          seq: 1,
          payload: '{}',
          event_at: now,
          state: 'delivered',
          attempts: 1,
          created_at: now,
          ended_at: now,
        })),
        delivery_lanes: numbers.map((n) => ({
          target: n % 10 === 0 ? hook : other,
          lane: `${panelId}:site:many-${n}`,
          channel: 'webhook',
          // Some wait for their next try.
          due_at: n % 7 === 0 ? now + 3_600_000 : null,
          fence: 1,
          version: 1,
          touched_at: now,
        })),
      };
      for (const table of tables) await db.knex.batchInsert(table, rows[table]!, 500);
      if (db.dialect !== 'sqlite') await db.knex.raw(`analyze table ${tables.join(', ')}`);
    };

    before(async () => {
      app = await startApp(database, {
        environment: { PROVISOR_WEBHOOK_HTTP: 'on', PROVISOR_WEBHOOK_ALLOW: '127.0.0.0/8' },
        replacements: { clockOffset: () => later, deliveries: { timing: { pollMs: 20 } } },
      });
      receiver = await startWebhookReceiver();
      hook = (await app.panel.call('POST', '/v1/webhooks', { url: receiver.url })).body.id;
      await fill('services', 'domain_names', ...told);
    });
    after(async () => {
      await app.stop();
      await receiver.stop();
    });

    const ok = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) => {
      const answer = await app.panel.call(method, path, body, waiting);
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.body;
    };

    it('never read a growing table as a whole', async () => {
      const { db, deliveries } = app.serving.provisor;
      const seen = watchQueries(db);
      receiver.answer = () => (receiver.received.length === 0 ? 503 : 204);
      const service = newServiceId();
      await ok('POST', '/v1/support', { service_id: service, email: 'a@b.example' });
      await receiver.until(1);
      const list = (query: string) => ok('GET', `/v1/webhooks/${hook}/deliveries${query}`);
      let [waits] = (await list('?state=pending')).data;
      while (!waits?.next_attempt_at) [waits] = (await list('?state=pending')).data;
      await ok('POST', `/v1/webhooks/${hook}/deliveries/${waits.id}/replay`);
      await receiver.until(2);
      const page = await list('?limit=5');
      await list(`?limit=5&cursor=${page.next_cursor}`);
      await list('?state=failed&limit=5');
      await ok('POST', `/v1/webhooks/${hook}/test`);
      await receiver.until(3);
      await deliveries.lagMs();
      for (const name of ['names.com', 'more-names.com']) {
        const customer = name === 'names.com' ? { customer_id: 'c-7' } : {};
        await ok('POST', '/v1/zones', { name, ...customer });
        await ok('DELETE', `/v1/zones/${name}`);
      }
      await ok('PATCH', `/v1/webhooks/${hook}`, { enabled: false });

      const asked = seen.list();
      for (const table of ['domain_names', ...told])
        assert.ok(
          asked.some(({ sql }) => new RegExp(`^select.*\\b${table}\\b`).test(sql)),
          table,
        );
      // With the tables as they are; cleaning and deleting empties them.
      assert.deepEqual(await wholeReads(db, asked), []);
      seen.clear();
      later += 31 * 24 * 3_600_000;
      await deliveries.clean();
      await ok('DELETE', `/v1/webhooks/${hook}`);
      assert.ok(seen.list().some(({ sql }) => /^delete.*\bdeliveries\b/.test(sql)));
      await fill(...told);
      assert.deepEqual(await wholeReads(db, seen.list()), []);
    });
  });
}
