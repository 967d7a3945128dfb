import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hashJson } from '../../src/kit/hash.ts';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { allAtRest } from '../support/at-rest.ts';
import { databases } from '../support/databases.ts';
import { gate } from '../support/engine.ts';
import { localOnly } from '../support/sites-elsewhere.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

for (const database of databases) {
  describe(`Idempotency-Key, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;
    let offset = 0;
    let keys = 0;

    before(async () => {
      app = await startApp(database, { replacements: { clockOffset: () => offset } });
      panel = app.panel;
    });
    after(() => app.stop());

    const newKey = () => `key-${++keys}`;
    const post = (path: string, body: unknown, key: string, more: Record<string, string> = {}, client = panel) =>
      client.call('POST', path, body, { 'Idempotency-Key': key, ...more });
    const rows = (key: string) => app.serving.provisor.db.knex('idempotency_keys').where({ idem_key: key });
    const operationsOf = async (serviceId: string, kind: string, client = panel): Promise<unknown[]> => {
      const { body } = await client.call('GET', `/v1/sites/${serviceId}/operations?limit=200`);
      return body.data.filter((operation: { kind: string }) => operation.kind === kind);
    };
    const wish = (more: Record<string, unknown> = {}) => {
      const serviceId = newServiceId();
      return { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic', ...more };
    };
    const replayed = (answer: Answer): boolean => answer.headers['idempotency-replayed'] === 'true';
    const same = (one: Answer, other: Answer): void => {
      assert.deepEqual([other.status, other.text], [one.status, one.text]);
      for (const header of ['location', 'retry-after', 'content-type']) {
        assert.equal(other.headers[header], one.headers[header]);
      }
    };
    /** Moves the database's clock on, once nothing runs that would lose its lease by it. */
    const pass = async (ms: number): Promise<void> => {
      await allAtRest(app);
      offset += ms;
    };
    /** A key whose request was being carried out when the process died. */
    const leaveRunning = async (key: string, request: unknown, more: Record<string, unknown>): Promise<void> => {
      const now = await app.serving.provisor.db.now();
      await app.serving.provisor.db.knex('idempotency_keys').insert({
        panel_id: panel.panelId,
        idem_key: key,
        request_hash: hashJson(request),
        state: 'running',
        locked_until: now - 1,
        created_at: now - minute,
        expires_at: now + day,
        ...more,
      });
    };

    it('gives the same answer again, though much has happened since', async () => {
      const { service_id: id } = await activeSite(panel);
      const key = newKey();
      const first = await post(`/v1/sites/${id}/actions/restart`, {}, key);
      assert.equal(first.status, 202);
      assert.ok(!replayed(first));
      await app.serving.provisor.operations.waitForRest(first.body.operation.id, 20_000);
      await panel.call('POST', `/v1/sites/${id}/actions/stop`, {}, waiting);
      for (let time = 1; time <= 3; time += 1) {
        const again = await post(`/v1/sites/${id}/actions/restart`, {}, key);
        assert.ok(replayed(again));
        same(first, again);
        assert.notEqual(again.headers['x-request-id'], first.headers['x-request-id']);
      }
      assert.equal((await operationsOf(id, 'site.restart')).length, 1);
      assert.equal((await panel.call('GET', `/v1/sites/${id}`)).body.state, 'stopped');
    });

    it('gives the final answer again when the first call waited for it', async () => {
      const body = wish();
      const key = newKey();
      const first = await post('/v1/sites', body, key, waiting);
      assert.equal(first.status, 201);
      same(first, await post('/v1/sites', body, key, waiting));
      same(first, await post('/v1/sites', body, key));
    });

    it('takes bodies that say the same in another order for the same', async () => {
      const { service_id, email, plan } = wish();
      const key = newKey();
      const first = await post('/v1/sites', { service_id, email, plan }, key);
      const again = await post('/v1/sites', { plan, service_id, email }, key);
      assert.ok(replayed(again));
      same(first, again);
    });

    it('is refused for another body, another service or another call', async () => {
      const { service_id: id } = await activeSite(panel);
      const key = newKey();
      const path = `/v1/sites/${id}/suspend`;
      const first = await post(path, { reason: 'one' }, key);
      for (const [where, body] of [
        [path, { reason: 'two' }],
        [path, {}],
        [path, undefined],
        [`/v1/sites/${newServiceId()}/suspend`, { reason: 'one' }],
        [`/v1/sites/${id}/unsuspend`, {}],
        ['/suspend', { service_id: id }],
      ] as const) {
        expectProblem(await post(where, body, key), 422, 'idempotency_key_reused');
      }
      same(first, await post(path, { reason: 'one' }, key));
    });

    it("is the panel's own: another panel's same key means nothing", async () => {
      const other = await app.newPanel();
      const key = newKey();
      const body = wish();
      const mine = await post('/v1/sites', body, key);
      const theirs = await post('/v1/sites', { ...body, plan: 'premium' }, key, {}, other);
      assert.deepEqual([mine.status, theirs.status], [202, 202]);
      assert.ok(!replayed(theirs));
      assert.notEqual(theirs.body.operation.id, mine.body.operation.id);
      assert.equal((await post('/v1/sites', body, key)).body.plan, 'basic');
    });

    it('lets one of many calls at once through', async () => {
      const { service_id: id } = await activeSite(panel);
      const key = newKey();
      const path = `/v1/sites/${id}/actions/restart`;
      const answers = await Promise.all(Array.from({ length: 8 }, () => post(path, {}, key, waiting)));
      const done = answers.filter((answer) => answer.status === 200);
      assert.equal(done.filter((answer) => !replayed(answer)).length, 1);
      for (const answer of answers) {
        if (answer.status === 200) assert.equal(answer.text, done[0]?.text);
        else assert.ok(expectProblem(answer, 409, 'idempotency_in_progress').headers['retry-after']);
      }
      assert.equal((await operationsOf(id, 'site.restart')).length, 1);
    });

    it('says so while the first call is still waiting for its end', async () => {
      const { compute } = app.serving.provisor.providers;
      const { service_id: id } = await activeSite(panel);
      const [reached, held] = [gate(), gate()];
      const restart = compute.restart;
      compute.restart = async (...given) => {
        reached.open();
        await held.opened;
        return restart(...given);
      };
      try {
        const key = newKey();
        const path = `/v1/sites/${id}/actions/restart`;
        const first = post(path, {}, key, waiting);
        await reached.opened;
        const { body } = expectProblem(await post(path, {}, key, waiting), 409, 'idempotency_in_progress');
        assert.equal(body.retryable, true);
        held.open();
        assert.equal((await first).status, 200);
        same(await first, await post(path, {}, key, waiting));
      } finally {
        held.open();
        compute.restart = restart;
      }
    });

    it('is not used up by a refusal', async () => {
      const { service_id: id } = await activeSite(panel);
      const [unknownPlan, wrong, missing] = [newKey(), newKey(), newKey()];
      const upgrade = `/v1/sites/${id}/upgrade`;
      expectProblem(await post(upgrade, { plan: 'later' }, unknownPlan), 400, 'plan_unknown');
      expectProblem(await post(upgrade, { plan: 5 }, wrong), 400, 'invalid_request');
      const later = wish();
      expectProblem(await post(`/v1/sites/${later.service_id}/suspend`, {}, missing), 404, 'not_found');
      for (const key of [unknownPlan, wrong, missing]) assert.equal((await rows(key)).length, 0);

      await panel.call('PUT', '/v1/plans/later', { memory_mb: 512, disk_mb: 512, backups: 9, domains: 9 });
      assert.equal((await post(upgrade, { plan: 'later' }, unknownPlan, waiting)).body.plan, 'later');
      assert.equal((await post(upgrade, { plan: 'premium' }, wrong, waiting)).body.plan, 'premium');
      await panel.call('POST', '/v1/sites', later, waiting);
      assert.equal((await post(`/v1/sites/${later.service_id}/suspend`, {}, missing, waiting)).body.state, 'suspended');
    });

    it('may have 255 characters and not one more', async () => {
      const body = wish();
      const longest = 'k'.repeat(255);
      const first = await post('/v1/sites', body, longest);
      same(first, await post('/v1/sites', body, longest));
      expectProblem(await post('/v1/sites', wish(), `${longest}k`), 400, 'invalid_request');
      const other = await post('/v1/sites', wish(), `${'k'.repeat(254)}K`);
      assert.equal(other.status, 202);
      assert.ok(!replayed(other));
    });

    it('takes up what a process that died had submitted, and submits nothing new', async () => {
      const { service_id: id } = await activeSite(panel);
      const done = await panel.call('POST', `/v1/sites/${id}/actions/restart`, {}, waiting);
      const key = newKey();
      const request = ['runSiteAction', { service_id: id, action: 'restart' }, {}];
      await leaveRunning(key, request, { operation_id: done.body.operation.id });
      const again = await post(`/v1/sites/${id}/actions/restart`, {}, key);
      assert.equal(again.status, 200);
      assert.ok(!replayed(again));
      assert.equal(again.body.operation.id, done.body.operation.id);
      assert.equal((await operationsOf(id, 'site.restart')).length, 1);
      same(again, await post(`/v1/sites/${id}/actions/restart`, {}, key));
    });

    it('begins anew when the process that died had submitted nothing', async () => {
      const { service_id: id } = await activeSite(panel);
      const key = newKey();
      await leaveRunning(key, ['runSiteAction', { service_id: id, action: 'restart' }, {}], {});
      const calls = Array.from({ length: 5 }, () => post(`/v1/sites/${id}/actions/restart`, {}, key, waiting));
      for (const answer of await Promise.all(calls)) {
        if (answer.status !== 200) expectProblem(answer, 409, 'idempotency_in_progress');
      }
      assert.equal((await operationsOf(id, 'site.restart')).length, 1);
    });

    it('waits for the process that may still be alive', async () => {
      const { service_id: id } = await activeSite(panel);
      const key = newKey();
      const request = ['runSiteAction', { service_id: id, action: 'restart' }, {}];
      await leaveRunning(key, request, { locked_until: (await app.serving.provisor.db.now()) + minute });
      expectProblem(await post(`/v1/sites/${id}/actions/restart`, {}, key), 409, 'idempotency_in_progress');
      assert.equal((await operationsOf(id, 'site.restart')).length, 0);
      await pass(minute);
      assert.equal((await post(`/v1/sites/${id}/actions/restart`, {}, key, waiting)).status, 200);
      assert.equal((await operationsOf(id, 'site.restart')).length, 1);
    });

    it('is taken on the calls of existing clients too', async () => {
      const body = wish({ unknown: 'field' });
      const key = newKey();
      const first = await post('/create-site', body, key);
      assert.equal(first.body.status, 'creating');
      const { operation_id } = first.body;
      await app.serving.provisor.operations.waitForRest(operation_id, 20_000);
      same(first, await post('/create-site', body, key));
      expectProblem(await post('/create-site', { ...body, plan: 'premium' }, key), 422, 'idempotency_key_reused');
    });

    it('means nothing on calls that are repeatable by themselves', async () => {
      const key = { 'Idempotency-Key': newKey() };
      const { service_id: id } = await activeSite(panel);
      const plan = { memory_mb: 128, disk_mb: 128, backups: 1, domains: 1 };
      assert.equal((await panel.call('PUT', '/v1/plans/mine', plan, key)).status, 200);
      const changed = await panel.call('PUT', '/v1/plans/mine', { ...plan, backups: 2 }, key);
      assert.deepEqual([changed.status, changed.body.backups, replayed(changed)], [200, 2, false]);
      assert.equal((await panel.call('DELETE', `/v1/sites/${id}`, undefined, { ...key, ...waiting })).status, 200);
      assert.equal((await rows(key['Idempotency-Key'])).length, 0);
    });

    it(
      'does not make us keep a password or a login link',
      localOnly('sign-in needs a program inside of the site'),
      async () => {
        const { service_id: id } = await activeSite(panel);
        const password = await post(`/v1/sites/${id}/password`, {}, newKey());
        const link = await post(`/v1/sites/${id}/login-link`, {}, newKey());
        assert.deepEqual([password.status, link.status], [200, 201]);
        const stored = JSON.stringify(await app.serving.provisor.db.knex('idempotency_keys'));
        assert.ok(!stored.includes(password.body.password), 'the password is in the database');
        assert.ok(!stored.includes(new URL(link.body.url).search), 'the link is in the database');
      },
    );

    it('is forgotten after a day, and means something new then', async () => {
      const body = wish();
      const key = newKey();
      await post('/v1/sites', body, key, waiting);
      const { clean } = app.serving.provisor.idempotency;
      await pass(day - minute);
      await clean();
      assert.equal((await rows(key)).length, 1);
      await pass(minute);
      assert.ok((await clean()) >= 1);
      assert.equal((await rows(key)).length, 0);
      assert.equal(await clean(), 0);
      const other = await post('/v1/sites', wish(), key);
      assert.equal(other.status, 202);
      assert.ok(!replayed(other));
    });

    it('causes no error of ours in all of this', () => assert.deepEqual(app.logged, []));
  });
}
