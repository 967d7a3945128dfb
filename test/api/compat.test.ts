import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem, sendAsIs } from '../support/answers.ts';
import { type Answer, type Client, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { allAtRest } from '../support/at-rest.ts';
import { databases } from '../support/databases.ts';
import { gate } from '../support/engine.ts';
import { findFaults } from '../support/world.ts';

let numbers = 12_345;

for (const database of databases) {
  describe(`An existing hosting extension, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;

    before(async () => {
      app = await startApp(database);
      panel = app.panel;
    });
    after(() => app.stop());

    // As the extension sends it: Http::withHeaders([...])->post($base . $path, $body).
    const headers = { Accept: 'application/json', 'User-Agent': 'GuzzleHttp/7' };
    const post = (path: string, body: Record<string, unknown>): Promise<Answer> =>
      panel.call('POST', path, body, headers);
    const status = (id: string | number): Promise<Answer> =>
      panel.call('GET', `/status?service_id=${id}`, undefined, headers);
    const order = (id: string | number = newServiceId()) => ({
      service_id: id,
      email: `customer${id}@example.com`,
      plan: 'basic',
      public_ip: '203.0.113.10',
    });
    const idle = () => allAtRest(app);
    const made = async (id: string | number = newServiceId()): Promise<string> => {
      const { body } = await post('/create-site', order(id));
      await app.serving.provisor.operations.waitForRest(body.operation_id, 20_000);
      return String(id);
    };
    const stateOf = async (id: string): Promise<string> => (await panel.call('GET', `/v1/sites/${id}`)).body.state;
    /** Holds the next such call of the compute provider until it is let go. */
    const hold = (name: 'create' | 'stop') => {
      const { compute } = app.serving.provisor.providers;
      const [reached, held] = [gate(), gate()];
      const kept = compute[name] as (...given: unknown[]) => Promise<void>;
      compute[name] = async (...given: unknown[]) => {
        reached.open();
        await held.opened;
        return kept(...given);
      };
      const letGo = () => {
        compute[name] = kept;
        held.open();
      };
      return { reached: reached.opened, letGo };
    };

    it('has its site made in the background, and all that it stores at once', async () => {
      const held = hold('create');
      try {
        const id = numbers++;
        const { status: code, body } = await post('/create-site', {
          ...order(String(id)),
          product: 'WordPress',
          qty: 1,
        });
        assert.equal(code, 200);
        const { vmid, private_ip, operation_id, ...rest } = body;
        assert.deepEqual(rest, {
          success: true,
          service_id: String(id),
          subdomain: `customer${id}`,
          status: 'creating',
        });
        assert.ok(Number.isInteger(vmid) && vmid >= 100);
        assert.match(private_ip, /^(192\.168|10\.64)\.\d+\.\d+$/);
        assert.match(operation_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);

        await held.reached;
        const now = await status(id);
        assert.equal(now.status, 200);
        const known = {
          service_id: String(id),
          vmid,
          private_ip,
          subdomain: rest.subdomain,
          public_ip: '203.0.113.10',
        };
        const { node: _node, resources: _resources, ...early } = now.body;
        assert.deepEqual(early, { ...known, status: 'creating', domains: [] });

        held.letGo();
        await app.serving.provisor.operations.waitForRest(operation_id, 20_000);
        const { node: _later, resources, ...late } = (await status(id)).body;
        assert.deepEqual(late, { ...known, status: 'running', domains: [] });
        assert.deepEqual(Object.keys(resources).sort(), ['cpu', 'memory', 'uptime']);
      } finally {
        held.letGo();
      }
    });

    it('gets the same again when it repeats an order, as text or as a number', async () => {
      const id = numbers++;
      const first = await post('/create-site', order(id));
      for (const again of [await post('/create-site', order(id)), await post('/create-site', order(String(id)))]) {
        assert.equal(again.status, 200);
        const { status: _early, ...expected } = first.body;
        const { status: _late, ...got } = again.body;
        assert.deepEqual(got, expected);
      }
      await app.serving.provisor.operations.waitForRest(first.body.operation_id, 20_000);
      const late = await post('/create-site', order(id));
      assert.deepEqual(late.body, { ...first.body, status: 'active' });
      const { body } = await panel.call('GET', `/v1/sites/${id}/operations`);
      assert.equal(body.data.length, 1);
    });

    it('is refused an order for a service that is there with another plan', async () => {
      const id = await made();
      expectProblem(await post('/create-site', { ...order(id), plan: 'premium' }), 409, 'service_exists');
    });

    it('can repeat every call without an error', async () => {
      const id = await made(numbers++);
      for (const [path, word, state] of [
        ['/suspend', 'suspended', 'suspended'],
        ['/unsuspend', 'active', 'active'],
        ['/delete-site', 'deleted', 'deleted'],
      ] as const) {
        for (const serviceId of [id, Number(id)]) {
          const answer = await post(path, { service_id: serviceId, reason: 'Invoice overdue' });
          assert.equal(answer.status, 200, answer.text);
          assert.deepEqual(answer.body, { success: true, service_id: id, status: word });
        }
        await idle();
        const settled = await post(path, { service_id: id });
        assert.deepEqual(settled.body, { success: true, service_id: id, status: word });
        assert.equal(await stateOf(id), state);
      }
    });

    it('sees a suspended and a deleted service as such', async () => {
      const id = await made();
      await post('/suspend', { service_id: id });
      await idle();
      assert.equal((await status(id)).body.status, 'suspended');
      await post('/delete-site', { service_id: id });
      await idle();
      const { body } = await status(id);
      assert.deepEqual(
        [body.status, body.vmid, body.private_ip, body.subdomain, body.domains],
        ['deleted', null, null, null, []],
      );
    });

    it('moves a site to another plan, with and without the last slash', async () => {
      const id = await made();
      for (const [path, plan] of [
        ['/wp/upgrade/', 'premium'],
        ['/wp/upgrade', 'standard'],
      ] as const) {
        const { status: code, body } = await post(path, { service_id: id, plan, old_plan: 'x' });
        assert.equal(code, 200);
        assert.deepEqual(body, { success: true, service_id: id, plan, status: 'active' });
        await idle();
        assert.equal((await panel.call('GET', `/v1/sites/${id}`)).body.plan, plan);
      }
      expectProblem(await post('/wp/upgrade/', { service_id: id, plan: 'gold' }), 400, 'plan_unknown');
    });

    it('finds every call with a slash at its end too', async () => {
      const id = await made();
      for (const path of ['/create-site/', '/suspend/', '/unsuspend/', '/action/restart/', '/delete-site/']) {
        assert.equal((await post(path, order(id))).status, 200, path);
      }
      assert.equal((await panel.call('GET', `/status/?service_id=${id}`)).status, 200);
      await idle();
    });

    it('starts, stops, restarts and resets a site under both spellings', async () => {
      const id = await made();
      for (const base of ['/action', '/actions']) {
        for (const [action, word, workload] of [
          ['stop', 'stopped', 'stopped'],
          ['start', 'active', 'running'],
          ['restart', 'active', 'running'],
          ['reset', 'active', 'running'],
        ] as const) {
          const { status: code, body } = await post(`${base}/${action}`, { service_id: id });
          assert.equal(code, 200);
          assert.deepEqual(body, { success: true, service_id: id, status: word });
          await idle();
          assert.equal((await status(id)).body.status, workload, `${base}/${action}`);
        }
      }
    });

    it('is not told that a stopped site is active because it is not suspended', async () => {
      const id = await made();
      await panel.call('POST', `/v1/sites/${id}/actions/stop`, {}, waiting);
      const { body } = await post('/unsuspend', { service_id: id });
      assert.deepEqual(body, { success: true, service_id: id, status: 'stopped' });
    });

    it('is told 401 of a suspended service, where /v1 says 403', async () => {
      const id = await made();
      await panel.call('POST', `/v1/sites/${id}/suspend`, {}, waiting);
      for (const action of ['start', 'stop', 'restart', 'reset']) {
        for (const base of ['/action', '/actions']) {
          expectProblem(await post(`${base}/${action}`, { service_id: id }), 401, 'service_suspended');
        }
        expectProblem(await panel.call('POST', `/v1/sites/${id}/actions/${action}`), 403, 'service_suspended');
      }
      expectProblem(await post('/wp/upgrade/', { service_id: id, plan: 'premium' }), 401, 'service_suspended');
      expectProblem(await panel.call('POST', `/v1/sites/${id}/upgrade`, { plan: 'premium' }), 403, 'service_suspended');
      assert.equal((await post('/unsuspend', { service_id: id })).status, 200);
    });

    it('is told 404 of an unknown service, but may end it', async () => {
      const unknown = { service_id: 'never-sold', plan: 'basic' };
      for (const path of ['/suspend', '/unsuspend', '/wp/upgrade/', '/action/start', '/actions/reset']) {
        expectProblem(await post(path, unknown), 404, 'not_found');
      }
      expectProblem(await status('never-sold'), 404, 'not_found');
      const ended = await post('/delete-site', unknown);
      assert.deepEqual(
        [ended.status, ended.body],
        [200, { success: true, service_id: 'never-sold', status: 'deleted' }],
      );
      assert.equal((await post('/create-site', order('never-sold'))).status, 200);
    });

    it("cannot touch another panel's service", async () => {
      const id = await made();
      const other = await app.newPanel();
      const call = (path: string) => other.call('POST', path, { service_id: id, plan: 'premium' }, headers);
      for (const path of ['/suspend', '/unsuspend', '/wp/upgrade', '/action/stop']) {
        expectProblem(await call(path), 404, 'not_found');
      }
      expectProblem(await other.call('GET', `/status?service_id=${id}`), 404, 'not_found');
      assert.equal((await call('/delete-site')).body.success, true);
      await idle();
      assert.deepEqual([await stateOf(id), (await status(id)).body.status], ['active', 'running']);
    });

    it('is kept waiting, not refused, while the call before it is carried out', async () => {
      const id = await made();
      const held = hold('stop');
      try {
        assert.equal((await post('/suspend', { service_id: id })).status, 200);
        await held.reached;
        const { waiting: waiters } = app.serving.provisor.operations;
        const unsuspended = post('/unsuspend', { service_id: id });
        let answered = false;
        void unsuspended.then(() => {
          answered = true;
        });
        while (waiters() === 0 && !answered) await new Promise((resolve) => setImmediate(resolve));
        assert.ok(!answered, 'it was answered before the suspension had ended');
        held.letGo();
        const answer = await unsuspended;
        assert.deepEqual([answer.status, answer.body.status], [200, 'active']);
        await idle();
        assert.equal(await stateOf(id), 'active');
      } finally {
        held.letGo();
      }
    });

    it('may suspend, bring back and end a service that is still being made', async () => {
      const [one, two] = [newServiceId(), newServiceId()];
      await post('/create-site', order(one));
      assert.equal((await post('/suspend', { service_id: one })).status, 200);
      assert.equal((await post('/unsuspend', { service_id: one })).status, 200);
      assert.equal((await post('/action/restart', { service_id: one })).status, 200);
      await idle();
      assert.equal(await stateOf(one), 'active');
      await post('/create-site', order(two));
      assert.deepEqual((await post('/delete-site', { service_id: two })).body.status, 'deleted');
      await idle();
      assert.equal(await stateOf(two), 'deleted');
    });

    it('finds success and error in every refusal', async () => {
      const wrongKey = { ...headers, Authorization: 'Bearer wrong', 'Content-Type': 'application/json' };
      const send = (body: string, more: Record<string, string> = {}) =>
        sendAsIs(app.serving.url, {
          method: 'POST',
          path: '/create-site',
          headers: { ...headers, Authorization: `Bearer ${panel.key}`, 'Content-Type': 'application/json', ...more },
          body,
        });
      expectProblem(await send('{}', wrongKey), 401, 'unauthenticated');
      expectProblem(await send('{'), 400, 'invalid_json');
      expectProblem(await send('{}'), 400, 'invalid_request');
      for (const missing of ['service_id', 'email', 'plan']) {
        const { [missing]: _gone, ...rest } = order() as Record<string, unknown>;
        const { body } = expectProblem(await post('/create-site', rest), 400, 'invalid_request');
        assert.ok(body.error.includes(missing), body.error);
      }
      const sitesOnly = await app.newPanel({ scopes: ['sites:read'] });
      expectProblem(await sitesOnly.call('POST', '/create-site', order()), 403, 'scope_missing');
    });

    it('hears from /health that all is well, without a key', async () => {
      const { status: code, body } = await sendAsIs(app.serving.url, { method: 'GET', path: '/health' });
      assert.equal(code, 200);
      assert.deepEqual(Object.keys(body).sort(), ['status', 'timestamp']);
      assert.equal(body.status, 'ok');
      assert.equal(new Date(body.timestamp).toISOString(), body.timestamp);
    });

    it('leaves nothing outside that the database does not know, and causes no error of ours', async () => {
      await idle();
      assert.deepEqual(await findFaults(app.serving.provisor), []);
      assert.deepEqual(app.logged, []);
    });
  });
}
