/** Webhooks over HTTP, with a real server that is called: what is sent, how it is signed, in which order, and what failures lead to. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Webhook as Verifier } from 'standardwebhooks';
import { maxAttempts } from '../../src/deliveries/retry.ts';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, newServiceId, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const day = 24 * 3_600_000;

for (const database of databases) {
  describe(`Webhooks, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;
    let receiver: WebhookReceiver;
    /** Added to the database's clock. */
    let later = 0;

    before(async () => {
      app = await startApp(database, {
        environment: { PROVISOR_WEBHOOK_HTTP: 'on', PROVISOR_WEBHOOK_ALLOW: '127.0.0.0/8' },
        replacements: { clockOffset: () => later, deliveries: { timing: { pollMs: 20 } } },
      });
    });
    after(() => app.stop());
    beforeEach(async () => {
      receiver = await startWebhookReceiver();
      panel = await app.newPanel();
    });
    afterEach(() => receiver.stop());

    const make = async (wish: object = {}): Promise<Answer['body']> => {
      const made = await panel.call('POST', '/v1/webhooks', { url: receiver.url, ...wish });
      assert.equal(made.status, 201, made.text);
      return made.body;
    };
    const show = async (id: string) => (await panel.call('GET', `/v1/webhooks/${id}`)).body;
    const deliveries = async (id: string, query = '') =>
      (await panel.call('GET', `/v1/webhooks/${id}/deliveries${query}`)).body.data;
    /** Waits until a delivery is as wished. */
    const until = async (id: string, wished: (all: Answer['body'][]) => boolean): Promise<Answer['body'][]> => {
      const limit = AbortSignal.timeout(15_000);
      for (;;) {
        const all = await deliveries(id);
        if (wished(all)) return all;
        assert.ok(!limit.aborted, `it did not come to pass: ${JSON.stringify(all)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const ended = (all: Answer['body'][]) => all.length > 0 && all.every(({ state }) => state !== 'pending');
    const event = async (serviceId: string, what = 'suspend') => {
      const path = what === 'create' ? '/v1/support' : `/v1/support/${serviceId}/${what}`;
      const answer = await panel.call(
        'POST',
        path,
        what === 'create' ? { service_id: serviceId, email: 'a@b.example' } : {},
      );
      assert.ok(answer.status < 300, answer.text);
    };
    const pass = (ms: number) => {
      later += ms;
      app.serving.provisor.deliveries.wake();
    };

    it('tell the panel of what became of its services, signed as the standard says', async () => {
      const { id, secret } = await make({ events: ['site.*'] });
      const site = await activeSite(panel);
      await receiver.until(1);
      const [call] = receiver.received;
      assert.deepEqual(call?.body, {
        type: 'site.create.done',
        timestamp: call?.body.timestamp,
        data: { kind: 'site', service_id: site.service_id, operation_id: site.operation.id, sequence: 2 },
      });
      new Verifier(secret).verify(call!.text, call!.headers as Record<string, string>);
      assert.throws(() => new Verifier(secret).verify(`${call!.text} `, call!.headers as Record<string, string>));
      const [delivery] = await until(id, ended);
      assert.deepEqual(
        [delivery.state, delivery.attempts, delivery.response_status, delivery.event, delivery.event_id],
        ['delivered', 1, 204, 'site.create.done', call!.id],
      );
      const other = await app.newPanel();
      assert.deepEqual((await other.call('GET', '/v1/webhooks')).body.data, []);
    });

    it('show their secret once, and keep it sealed', async () => {
      const { id, secret } = await make();
      assert.match(secret, /^whsec_/);
      assert.ok(!('secret' in (await show(id))));
      const row = await app.serving.provisor.db.knex('webhooks').where({ id }).first();
      assert.ok(
        !JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? String(value) : value)).includes(
          secret.slice(6),
        ),
      );
    });

    it('are signed by both secrets until the overlap is over', async () => {
      const { id, secret: first } = await make();
      const rotated = await panel.call('POST', `/v1/webhooks/${id}/rotate`, { overlap_seconds: 3600 });
      const { secret: second } = rotated.body;
      await panel.call('POST', `/v1/webhooks/${id}/test`);
      await receiver.until(1);
      const verify = (at: number, secret: string) =>
        new Verifier(secret).verify(
          receiver.received[at]!.text,
          receiver.received[at]!.headers as Record<string, string>,
        );
      verify(0, first);
      verify(0, second);
      // A verifier of the standard refuses times that are far off, so the clock goes back in place of on.
      await app.serving.provisor.db.knex('webhooks').where({ id }).update({ old_secret_until: 1 });
      await panel.call('POST', `/v1/webhooks/${id}/test`);
      await receiver.until(2);
      verify(1, second);
      assert.throws(() => verify(1, first));
    });

    it('keep the order of each service, and hold back no other', async () => {
      const { id } = await make();
      const [bad, good] = [newServiceId(), newServiceId()];
      let broken = true;
      receiver.answer = ({ body }) => (broken && body.data.service_id === bad ? 500 : 200);
      for (const what of ['create', 'suspend', 'unsuspend']) {
        await event(bad, what);
        await event(good, what);
      }
      await until(id, (all) => all.filter(({ state }) => state === 'delivered').length === 3);
      const told = (service: string) =>
        receiver.received.filter(({ body }) => body.data.service_id === service).map(({ body }) => body.type);
      assert.deepEqual(told(good), ['support.created', 'support.suspended', 'support.unsuspended']);
      assert.deepEqual(told(bad), ['support.created']);
      const waiting = (await deliveries(id, '?state=pending')).reverse();
      assert.deepEqual(
        waiting.map((each: Answer['body']) => [each.attempts, each.next_attempt_at !== null]),
        [
          [1, true],
          [0, false],
          [0, false],
        ],
      );
      broken = false;
      pass(10_000);
      await until(id, ended);
      assert.deepEqual(told(bad), ['support.created', 'support.created', 'support.suspended', 'support.unsuspended']);
      const [first, again] = receiver.received.filter(
        ({ body }) => body.type === 'support.created' && body.data.service_id === bad,
      );
      assert.deepEqual([first!.id, first!.text], [again!.id, again!.text]);
    });

    it('try again in growing intervals, then give up and are disabled with a notice', async () => {
      const { id } = await make();
      receiver.answer = () => 503;
      await event(newServiceId(), 'create');
      for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
        const [{ attempts, next_attempt_at: next }] = await until(id, ([each]) => each?.attempts === attempt);
        assert.equal(attempts, attempt);
        const now = await app.serving.provisor.db.now();
        pass(Date.parse(next) - now + 1);
      }
      const [delivery] = await until(id, ended);
      assert.deepEqual(
        [delivery.state, delivery.attempts, delivery.response_status, delivery.error],
        ['failed', maxAttempts, 503, 'The server answered 503.'],
      );
      const shown = await show(id);
      assert.deepEqual([shown.enabled, shown.disabled_reason], [false, 'failing']);
      assert.match(shown.notice, /three days/);
      const { data } = (await panel.call('GET', `/v1/audit?service_id=${id}&action=webhook.disable`)).body;
      assert.deepEqual([data.length, data[0].actor, data[0].details.reason], [1, 'engine', 'failing']);
      expectProblem(await panel.call('POST', `/v1/webhooks/${id}/test`), 409, 'webhook_disabled');
      expectProblem(
        await panel.call('POST', `/v1/webhooks/${id}/deliveries/${delivery.id}/replay`),
        409,
        'webhook_disabled',
      );

      receiver.answer = null;
      const enabled = await panel.call('PATCH', `/v1/webhooks/${id}`, { enabled: true });
      assert.deepEqual([enabled.body.enabled, enabled.body.notice, enabled.body.failing_since], [true, null, null]);
      assert.equal((await panel.call('POST', `/v1/webhooks/${id}/deliveries/${delivery.id}/replay`)).status, 202);
      await until(id, ([each]) => each?.state === 'delivered');
      assert.equal(new Set(receiver.received.map((call) => call.id)).size, 1);
    });

    it('wait as long as the server asks for', async () => {
      const { id } = await make();
      receiver.answer = (_call, response) => {
        response.setHeader('Retry-After', '7200');
        return 429;
      };
      await event(newServiceId(), 'create');
      const [{ next_attempt_at: next, last_attempt_at: last }] = await until(id, ([each]) => each?.attempts === 1);
      const wait = Date.parse(next) - Date.parse(last);
      assert.ok(wait >= 7_200_000 && wait <= 7_920_000, String(wait));
    });

    it('are disabled at once by a server that is gone, and what was on its way fails', async () => {
      const { id } = await make();
      const service = newServiceId();
      let gone = () => {};
      receiver.answer = (_call, response) => {
        gone = () => response.writeHead(410).end();
        return undefined;
      };
      await event(service, 'create');
      await event(service, 'suspend');
      await until(id, (each) => each.length === 2);
      await receiver.until(1);
      gone();
      const all = await until(id, (each) => each.length === 2 && ended(each));
      assert.deepEqual(all.map(({ error }) => error).reverse(), [
        'The server answered 410 Gone: it wants no more events.',
        'The webhook was disabled.',
      ]);
      assert.equal(receiver.received.length, 1);
      assert.deepEqual([(await show(id)).disabled_reason], ['gone']);
      await event(service, 'unsuspend');
      assert.equal((await deliveries(id)).length, 2);
    });

    it('do not follow redirects, and say so', async () => {
      const { id } = await make();
      receiver.answer = (_call, response) => {
        response.setHeader('Location', `${receiver.url}/elsewhere`);
        return 302;
      };
      await panel.call('POST', `/v1/webhooks/${id}/test`);
      const [delivery] = await until(id, ([each]) => each?.attempts === 1);
      assert.match(delivery.error, /redirects are not followed/);
      assert.equal(receiver.received.length, 1);
    });

    it('are made, changed and deleted with sentences for what cannot be', async () => {
      const bad: [object, RegExp][] = [
        [{ url: 'nonsense' }, /not one/],
        [{ url: 'ftp://example.com/' }, /begin with/],
        [{ url: 'https://user:secret@example.com/' }, /no user/],
        [{ url: 'https://example.com/#part' }, /after a #/],
        [{ url: 'https://10.0.0.1/' }, /not a public address/],
        [{ url: 'https://[::ffff:a00:1]/' }, /not a public address/],
        [{ url: 'http://0x0a000001/' }, /not a public address/],
        [{ url: receiver.url, events: ['site.created'] }, /No event fits "site.created"/],
      ];
      for (const [wish, sentence] of bad) {
        const { body } = expectProblem(await panel.call('POST', '/v1/webhooks', wish), 400, 'webhook_invalid');
        assert.match(body.error, sentence);
        assert.ok(!body.error.includes('secret@'));
      }
      for (const wish of [{}, { url: receiver.url, events: [] }, { url: receiver.url, more: 1 }])
        expectProblem(await panel.call('POST', '/v1/webhooks', wish), 400, 'invalid_request');
      const { id } = await make({ description: 'one' });
      const changed = await panel.call('PATCH', `/v1/webhooks/${id}`, {
        events: ['*.failed', 'site.*'],
        description: 'two',
      });
      assert.deepEqual([changed.body.events, changed.body.description], [['*.failed', 'site.*'], 'two']);
      const disabled = await panel.call('PATCH', `/v1/webhooks/${id}`, { enabled: false });
      assert.deepEqual([disabled.body.enabled, disabled.body.disabled_reason], [false, 'panel']);
      for (let n = 0; n < 2; n += 1) assert.equal((await panel.call('DELETE', `/v1/webhooks/${id}`)).status, 204);
      expectProblem(await panel.call('GET', `/v1/webhooks/${id}`), 404, 'not_found');
      expectProblem(await panel.call('GET', `/v1/webhooks/${id}/deliveries`), 404, 'not_found');
    });

    it('are at most twenty, however many are made at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 24 }, () => panel.call('POST', '/v1/webhooks', { url: receiver.url })),
      );
      assert.equal(answers.filter(({ status }) => status === 201).length, 20);
      for (const answer of answers.filter(({ status }) => status !== 201)) expectProblem(answer, 409, 'webhook_limit');
    });

    it('send one trial for one Idempotency-Key', async () => {
      const { id } = await make();
      const trial = () =>
        panel.call('POST', `/v1/webhooks/${id}/test`, undefined, { 'Idempotency-Key': `trial-${id}` });
      const [first, second] = [await trial(), await trial()];
      assert.deepEqual(first.body, second.body);
      await until(id, ended);
      assert.equal(receiver.received.length, 1);
    });

    it('list their deliveries in pages, and forget those that ended long ago', async () => {
      const { id } = await make();
      for (let n = 0; n < 5; n += 1) await event(newServiceId(), 'create');
      await until(id, (all) => all.length === 5 && ended(all));
      const first = (await panel.call('GET', `/v1/webhooks/${id}/deliveries?limit=3`)).body;
      const second = (await panel.call('GET', `/v1/webhooks/${id}/deliveries?limit=3&cursor=${first.next_cursor}`))
        .body;
      assert.equal(new Set([...first.data, ...second.data].map((each: { id: string }) => each.id)).size, 5);
      assert.equal(second.next_cursor, null);
      later += 31 * day;
      await app.serving.provisor.deliveries.clean();
      assert.deepEqual(await deliveries(id), []);
      const { knex } = app.serving.provisor.db;
      assert.equal((await knex('outbox').whereNotNull('sent_at')).length, 0);
      assert.equal((await knex('delivery_lanes').where({ target: id })).length, 0);
      // The lane begins anew.
      await panel.call('POST', `/v1/webhooks/${id}/test`);
      await receiver.until(6);
    });

    it('leave nothing behind when the process that deleted one died before it could forget its deliveries', async () => {
      const { deliveries: telling, db } = app.serving.provisor;
      const [gone, kept] = [await make(), await make()];
      for (let n = 0; n < 3; n += 1) await event(newServiceId(), 'create');
      for (const { id } of [gone, kept]) await until(id, (all) => all.length === 3 && ended(all));
      const left = async (id: string) => {
        const rows = await Promise.all(
          ['deliveries', 'delivery_lanes'].map((table) => db.knex(table).where('target', id)),
        );
        return rows.map(({ length }) => length);
      };
      await telling.clean();
      assert.deepEqual(
        [await left(gone.id), await left(kept.id)],
        [
          [3, 3],
          [3, 3],
        ],
      );
      // What was committed of its deletion.
      await db.knex('webhooks').where({ id: gone.id }).delete();
      // And what was handed on meanwhile.
      const one = await db.knex('deliveries').where({ target: gone.id }).first('id');
      await db.knex('deliveries').where(one).update({ state: 'pending', ended_at: null });
      assert.ok((await telling.clean()) >= 6);
      assert.deepEqual(
        [await left(gone.id), await left(kept.id)],
        [
          [0, 0],
          [3, 3],
        ],
      );
      assert.equal(await telling.clean(), 0);
    });
  });
}
