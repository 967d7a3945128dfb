/** Support subscriptions over HTTP, by /v1 and by the calls of the existing extension. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { unseal } from '../../src/kit/seal.ts';
import { expectProblem } from '../support/answers.ts';
import { type Answer, type Client, newServiceId, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';

const keyForm = /^SUP-[A-Z0-9]{16}$/;
const ana = { email: 'ana@example.com', firstname: 'Ana', lastname: 'Pop' };

for (const database of databases) {
  describe(`Support, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;
    /** Added to the database's clock. */
    let later = 0;

    before(async () => {
      app = await startApp(database, { replacements: { clockOffset: () => later } });
      panel = app.panel;
    });
    after(() => app.stop());

    const open = async (id = newServiceId(), more: object = {}): Promise<Answer['body']> => {
      const made = await panel.call('POST', '/v1/support', { service_id: id, ...ana, ...more });
      assert.equal(made.status, 201, made.text);
      return made.body;
    };
    const call = (id: string, what: string, body: object = {}) => panel.call('POST', `/v1/support/${id}/${what}`, body);
    const verify = async (key: string, client = panel) =>
      (await client.call('POST', '/v1/support/verify', { support_key: key })).body;
    const compat = (what: string, body: object) => panel.call('POST', `/support/${what}`, body);

    it('are not opened by the name of a call, at which nobody could read them', async () => {
      for (const answer of [
        await panel.call('POST', '/v1/support', { service_id: 'verify', ...ana }),
        await compat('create', { service_id: 'verify', ...ana }),
      ]) {
        const { body } = expectProblem(answer, 400, 'invalid_request');
        assert.match(body.error, /"verify" cannot be used for support/);
      }
      assert.equal((await open('Verify')).service_id, 'Verify');
      assert.equal((await panel.call('GET', '/v1/support/Verify')).status, 200);
    });

    it('are opened once, with a key of their own, whoever repeats the call', async () => {
      const wish = { service_id: 4711, ...ana, customer_id: 'c-1' };
      const answers = await Promise.all(Array.from({ length: 20 }, () => panel.call('POST', '/v1/support', wish)));
      assert.deepEqual(
        answers.map(({ status }) => status).filter((status) => status === 201),
        [201],
      );
      assert.ok(answers.every(({ status }) => status === 200 || status === 201));
      assert.equal(new Set(answers.map(({ body }) => body.support_key)).size, 1);
      const { body } = answers[0]!;
      assert.match(body.support_key, keyForm);
      assert.deepEqual(
        { ...body, support_key: '', key_made_at: '', created_at: '', updated_at: '', history: body.history.length },
        {
          service_id: '4711',
          customer_id: 'c-1',
          ...ana,
          state: 'active',
          support_key: '',
          key_made_at: '',
          created_at: '',
          updated_at: '',
          history: 1,
        },
      );
      const differing = await panel.call('POST', '/v1/support', { ...wish, email: 'other@example.com' });
      expectProblem(differing, 409, 'service_exists');
    });

    it('show their key again to their owner, and keep what became of them', async () => {
      const { service_id: id, support_key: key } = await open();
      for (const what of ['suspend', 'suspend', 'unsuspend', 'unsuspend'])
        assert.equal((await call(id, what)).status, 200);
      const shown = (await panel.call('GET', `/v1/support/${id}`)).body;
      assert.equal(shown.support_key, key);
      assert.deepEqual(
        shown.history.map(({ action }: { action: string }) => action),
        ['unsuspended', 'suspended', 'created'],
      );
    });

    it('tell the help desk whose key it is, however it was typed', async () => {
      const { service_id: id, support_key: key } = await open();
      for (const typed of [key, key.toLowerCase(), ` ${key.slice(0, 8)} ${key.slice(8)}\t`]) {
        const { valid, reason, subscription } = await verify(typed);
        assert.deepEqual([valid, reason, subscription.service_id, subscription.email], [true, null, id, ana.email]);
      }
      await call(id, 'suspend');
      assert.deepEqual([(await verify(key)).valid, (await verify(key)).reason], [false, 'suspended']);
      await call(id, 'unsuspend');
      assert.equal((await verify(key)).valid, true);
      const rotated = await call(id, 'rotate');
      assert.match(rotated.body.support_key, keyForm);
      assert.equal((await verify(key)).reason, 'replaced');
      assert.equal((await verify(rotated.body.support_key)).valid, true);
      await call(id, 'terminate');
      assert.equal((await verify(rotated.body.support_key)).reason, 'terminated');
    });

    it('end for good, and are kept', async () => {
      const { service_id: id } = await open();
      for (let i = 0; i < 2; i += 1) assert.equal((await call(id, 'terminate')).body.state, 'terminated');
      for (const what of ['suspend', 'unsuspend', 'rotate'])
        expectProblem(await call(id, what), 409, 'service_deleted');
      expectProblem(await panel.call('POST', '/v1/support', { service_id: id, ...ana }), 409, 'service_deleted');
      assert.equal((await panel.call('GET', `/v1/support/${id}`)).body.state, 'terminated');
    });

    it('leave one key that holds when it is replaced by many at once', async () => {
      const { service_id: id } = await open();
      const answers = await Promise.all(Array.from({ length: 12 }, () => call(id, 'rotate')));
      assert.ok(answers.every(({ status }) => status === 200));
      const rows = await app.serving.provisor.db.knex('support_keys').where({ service_id: id });
      assert.equal(rows.length, 13);
      assert.equal(rows.filter((row) => row.current !== null).length, 1);
      const shown = (await panel.call('GET', `/v1/support/${id}`)).body;
      assert.equal((await verify(shown.support_key)).valid, true);
      assert.equal(shown.history.length, 13);
    });

    it('are listed in pages, without keys, and by customer', async () => {
      const other = await app.newPanel();
      const open5 = (n: number) =>
        other.call('POST', '/v1/support', { service_id: `s${n}`, ...ana, customer_id: `c${n % 2}` });
      for (const n of [0, 1, 2, 3, 4]) await open5(n);
      const first = (await other.call('GET', '/v1/support?limit=3')).body;
      const second = (await other.call('GET', `/v1/support?limit=3&cursor=${first.next_cursor}`)).body;
      const ids = [...first.data, ...second.data].map((each: { service_id: string }) => each.service_id);
      assert.deepEqual([ids, second.next_cursor], [['s0', 's1', 's2', 's3', 's4'], null]);
      assert.ok(first.data.every((each: object) => !('support_key' in each)));
      assert.equal((await other.call('GET', '/v1/support?customer_id=c1')).body.data.length, 2);
      expectProblem(await other.call('GET', '/v1/support/s1?customer_id=c0'), 404, 'not_found');
      expectProblem(await other.call('POST', '/v1/support/s1/suspend', { customer_id: 'c0' }), 404, 'not_found');
    });

    it('take 30 unknown keys a minute from a panel, counted by the database, and any number of good ones', async () => {
      const desk = await app.newPanel();
      const made = await desk.call('POST', '/v1/support', { service_id: 'known', ...ana });
      const guess = (n: number) =>
        desk.call('POST', '/v1/support/verify', { support_key: `SUP-${String(n).padStart(16, '0')}` });
      const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => guess(n)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 30);
      const refused = answers.filter(({ status }) => status === 429);
      assert.equal(refused.length, 10);
      expectProblem(refused[0]!, 429, 'rate_limited');
      assert.ok(Number(refused[0]!.headers['retry-after']) <= 60);
      assert.equal((await verify(made.body.support_key, desk)).valid, true);
      later += 61_000;
      assert.equal((await guess(1)).status, 200);
      assert.equal(
        (await desk.call('POST', '/v1/support/verify', { support_key: '; DROP TABLE' })).body.reason,
        'unknown',
      );
    });

    it('are of no use to a thief of the database', async () => {
      const { service_id: id, support_key: key } = await open();
      const { service_id: other } = await open();
      const { knex } = app.serving.provisor.db;
      const everything = await Promise.all(
        ['support', 'support_keys', 'audit', 'outbox', 'idempotency_keys'].map((table) => knex(table)),
      );
      const text = JSON.stringify(everything, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
      assert.ok(!text.includes(key) && !text.includes(key.slice(4)));
      // Nor can one row's key be shown as another's.
      const row = await knex('support_keys').where({ service_id: id }).first();
      assert.throws(() => unseal('another pepper for tests', 'support key', row.sealed, `${row.panel_id}:${id}`));
      await knex('support_keys').where({ service_id: other }).update({ sealed: row.sealed });
      assert.equal((await panel.call('GET', `/v1/support/${other}`)).status, 500);
    });

    it('answer the existing extension as it expects', async () => {
      const id = newServiceId();
      const made = await compat('create', { service_id: id, ...ana });
      assert.equal(made.status, 200);
      const { support_key: key, ...rest } = made.body;
      assert.match(key, keyForm);
      assert.deepEqual(rest, { success: true, service_id: id, status: 'ACTIVE' });
      expectProblem(await compat('create', { service_id: id, ...ana }), 409, 'service_exists');
      for (const [what, status] of [
        ['suspend', 'SUSPENDED'],
        ['suspend', 'SUSPENDED'],
        ['unsuspend', 'ACTIVE'],
        ['unsuspend', 'ACTIVE'],
        ['terminate', 'INACTIVE'],
        ['terminate', 'INACTIVE'],
      ] as const) {
        const answer = await compat(what, { service_id: id, unknown: 'field' });
        assert.deepEqual([answer.status, answer.body], [200, { success: true, service_id: id, status }]);
      }
      expectProblem(await compat('suspend', { service_id: 'nobody' }), 404, 'not_found');
      assert.equal((await compat('terminate', { service_id: 'nobody' })).body.status, 'INACTIVE');
      assert.equal((await compat('create', { service_id: 4712, email: ana.email })).body.service_id, '4712');
      assert.equal((await panel.call('GET', `/v1/support/${id}`)).body.state, 'terminated');
    });

    it('need their own scopes', async () => {
      const reader = await app.newPanel({ scopes: ['support:read'] });
      expectProblem(await reader.call('POST', '/v1/support', { service_id: 'x', ...ana }), 403, 'scope_missing');
      const sitesOnly = await app.newPanel({ scopes: ['sites:read', 'sites:write'] });
      expectProblem(await sitesOnly.call('GET', '/v1/support'), 403, 'scope_missing');
    });
  });
}
