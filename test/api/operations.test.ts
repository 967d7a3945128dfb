import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import { activeSite, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { gate, testTiming } from '../support/engine.ts';
import { readEvents } from '../support/event-stream.ts';

const fault = (kind: 'invalid' | 'auth' | 'unavailable') => async () => {
  throw new ProviderError('compute/local', kind, 'the hypervisor said: disk array 7 is broken');
};

for (const database of databases) {
  describe(`operations over HTTP on ${database.name}`, () => {
    let app: TestApp;
    let compute: Breakable;
    before(async () => {
      app = await startApp(database, {
        replacements: {
          timing: { ...testTiming, callTimeoutMs: 5_000, leaseMs: 8_000 },
          adapters: (configured) => {
            compute = breakable(configured.compute);
            return { ...configured, compute: compute.adapter };
          },
        },
      });
    });
    beforeEach(() => {
      for (const call of ['create', 'stop', 'destroy', 'install', 'start'] as const) compute.before(call, null);
    });
    after(() => app.stop());

    const wish = () => ({ service_id: newServiceId(), email: 'op@example.com', plan: 'basic' });
    const create = (body: object, headers = {}) => app.panel.call('POST', '/v1/sites', body, headers);
    const ended = async (id: string) => (await app.panel.call('GET', `/v1/operations/${id}?wait=25`)).body;

    /** Holds a call of the provider: resolves once it is being made, and lets it go on when told. */
    const held = (call: 'create' | 'install' | 'stop' | 'resize') => {
      const reached = gate();
      const release = gate();
      compute.before(call, async () => {
        reached.open();
        await release.opened;
      });
      return { reached: reached.opened, release: release.open };
    };

    it('a create that a provider refuses is taken back whole, says so to customers without internals, and can be repeated', async () => {
      compute.before('install', fault('invalid'));
      const before = await app.madeSites();
      const body = wish();
      const failed = await create(body, waiting);
      assert.equal(failed.status, 409);
      assert.equal(failed.body.code, 'operation_failed');
      assert.equal(failed.body.retryable, true);
      assert.doesNotMatch(failed.text, /disk array/);
      const site = await app.panel.call('GET', `/v1/sites/${body.service_id}`);
      assert.equal(site.body.state, 'failed');
      assert.equal(site.body.subdomain, null);
      assert.equal(site.body.operation.error.code, 'provider_refused');
      assert.deepEqual(await app.madeSites(), before);
      assert.deepEqual((await app.serving.provisor.sweep()).orphans, []);
      assert.equal((await app.panel.call('POST', `/v1/sites/${body.service_id}/suspend`)).body.code, 'service_failed');
      compute.before('install', null);
      const again = await create(body, waiting);
      assert.equal(again.status, 201);
      assert.equal(again.body.state, 'active');
      assert.notEqual(again.body.operation.id, failed.body.details.operation_id);
    });

    it('a failed operation is submitted anew by retry', async () => {
      compute.before('install', fault('invalid'));
      const body = wish();
      const failed = await create(body, waiting);
      compute.before('install', null);
      const retried = await app.panel.call('POST', `/v1/operations/${failed.body.details.operation_id}/retry`);
      assert.equal(retried.status, 202);
      assert.equal((await ended(retried.body.id)).state, 'done');
      assert.equal((await app.panel.call('GET', `/v1/sites/${body.service_id}`)).body.state, 'active');
      const nothing = await app.panel.call('POST', `/v1/operations/${retried.body.id}/retry`);
      assert.equal(nothing.body.code, 'operation_ended');
    });

    it('terminate during create cancels the create, then deletes, and leaves nothing', async () => {
      const before = await app.madeSites();
      const { reached, release } = held('install');
      const body = wish();
      const created = await create(body);
      await reached;
      const path = `/v1/sites/${body.service_id}`;
      const busy = await app.panel.call('POST', `${path}/suspend`);
      assert.equal(busy.status, 409);
      assert.equal(busy.body.code, 'operation_in_progress');
      assert.equal(busy.body.details.operation_id, created.body.operation.id);
      assert.ok(busy.headers['retry-after']);
      const [deletion, again] = await Promise.all([app.panel.call('DELETE', path), app.panel.call('DELETE', path)]);
      assert.equal(deletion.status, 202);
      assert.equal(deletion.body.operation.state, 'pending');
      assert.equal(again.body.operation.id, deletion.body.operation.id);
      release();
      assert.equal((await ended(deletion.body.operation.id)).state, 'done');
      assert.equal((await ended(created.body.operation.id)).error.code, 'cancelled');
      assert.equal((await app.panel.call('GET', path)).body.state, 'deleted');
      assert.deepEqual(await app.madeSites(), before);
      const drift = await app.serving.provisor.sweep();
      assert.deepEqual([drift.orphans, drift.missing], [[], []]);
      assert.equal((await app.visit(created.body.hostname)).status, 404);
    });

    it('a cancelled create is taken back', async () => {
      const { reached, release } = held('create');
      const body = wish();
      const created = await create(body);
      await reached;
      const cancelled = await app.panel.call('POST', `/v1/operations/${created.body.operation.id}/cancel`);
      assert.equal(cancelled.status, 202);
      assert.equal(cancelled.body.cancel_requested, true);
      release();
      assert.equal((await ended(created.body.operation.id)).error.code, 'cancelled');
      assert.equal((await app.panel.call('GET', `/v1/sites/${body.service_id}`)).body.state, 'failed');
    });

    it('a deletion that a provider refuses waits for an operator, and goes on when asked again', async () => {
      const site = await activeSite(app.panel);
      compute.before('destroy', fault('auth'));
      const path = `/v1/sites/${site.service_id}`;
      const stuck = await app.panel.call('DELETE', path, undefined, waiting);
      assert.equal(stuck.status, 202);
      assert.equal(stuck.body.operation.state, 'stuck');
      assert.equal(stuck.body.state, 'deleting');
      assert.equal(stuck.body.operation.retryable, true);
      assert.equal(
        (await app.panel.call('POST', `/v1/operations/${stuck.body.operation.id}/cancel`)).body.code,
        'not_cancellable',
      );
      compute.before('destroy', null);
      const gone = await app.panel.call('DELETE', path, undefined, waiting);
      assert.equal(gone.body.state, 'deleted');
      assert.equal(gone.body.operation.id, stuck.body.operation.id);
    });

    it('a suspension that cannot be done leaves the site as it was', async () => {
      const site = await activeSite(app.panel);
      compute.before('stop', fault('invalid'));
      const failed = await app.panel.call('POST', `/v1/sites/${site.service_id}/suspend`, {}, waiting);
      assert.equal(failed.body.code, 'operation_failed');
      assert.equal((await app.visit(site.hostname)).status, 200);
      assert.equal((await app.panel.call('GET', `/v1/sites/${site.service_id}`)).body.state, 'active');
    });

    it('a failed upgrade goes back to the limits it found, even when the plan they came from is gone', async () => {
      const site = await activeSite(app.panel);
      const path = `/v1/sites/${site.service_id}/upgrade`;
      await app.panel.call('PUT', '/v1/plans/brief', { memory_mb: 128, disk_mb: 128, backups: 7, domains: 7 });
      const { reached, release } = held('resize');
      const upgrade = await app.panel.call('POST', path, { plan: 'brief' });
      await reached;
      assert.equal((await app.panel.call('DELETE', '/v1/plans/brief')).status, 204);
      release();
      assert.equal((await ended(upgrade.body.operation.id)).state, 'done');
      let refused = false;
      compute.before('resize', async () => {
        if (refused) return;
        refused = true;
        await fault('invalid')();
      });
      const failed = await app.panel.call('POST', path, { plan: 'basic' }, waiting);
      assert.equal(failed.body.code, 'operation_failed', failed.text);
      compute.before('resize', null);
      const now = await app.panel.call('GET', `/v1/sites/${site.service_id}`);
      assert.deepEqual([now.body.plan, now.body.quotas.backups.limit], ['brief', 7]);
    });

    it('says the status is not to be had when the provider is down, and compat shows the rest', async () => {
      const site = await activeSite(app.panel);
      compute.before('status', fault('unavailable'));
      const status = await app.panel.call('GET', `/v1/sites/${site.service_id}/status`);
      assert.equal(status.status, 503);
      assert.equal(status.body.code, 'provider_unavailable');
      assert.doesNotMatch(status.text, /disk array/);
      const old = await app.panel.call('GET', `/status?service_id=${site.service_id}`);
      assert.equal(old.status, 200);
      assert.equal(old.body.status, 'unknown');
      assert.equal(old.body.resources.uptime, null);
      const usage = await app.panel.call('GET', '/v1/usage?limit=1');
      assert.equal(usage.body.data[0].disk_bytes, null);
      compute.before('status', null);
    });

    it('streams progress in sentences, and ends the stream with the operation', async () => {
      const { reached, release } = held('install');
      const created = await create(wish());
      await reached;
      const url = `${app.serving.url}/v1/operations/${created.body.operation.id}/events`;
      const { status, events } = await readEvents(url, { authorization: `Bearer ${app.panel.key}` }, () => release());
      assert.equal(status, 200);
      assert.equal(events[0]!.event, 'progress');
      assert.equal(events[0]!.data.message, 'Installing the application');
      assert.equal(events[0]!.data.step, 'install-app');
      assert.equal(events.at(-1)!.event, 'end');
      assert.equal(events.at(-1)!.data.state, 'done');
      const percents = events.map((each) => each.data.percent);
      assert.deepEqual(
        percents,
        [...percents].sort((a, b) => a - b),
      );
      const late = await readEvents(url, { authorization: `Bearer ${app.panel.key}` });
      assert.deepEqual(
        late.events.map((each) => each.event),
        ['end'],
      );
      assert.equal(app.serving.provisor.operations.waiting(), 0);
    });

    it('answers a long poll as soon as the operation ends, and a wait that is too short with the state as it is', async () => {
      const { reached, release } = held('install');
      const created = await create(wish());
      await reached;
      const path = `/v1/operations/${created.body.operation.id}`;
      const short = await app.panel.call('GET', `${path}?wait=0`);
      assert.equal(short.body.state, 'running');
      assert.ok(short.headers['retry-after']);
      const long = app.panel.call('GET', `${path}?wait=25`);
      release();
      assert.equal((await long).body.state, 'done');
    });

    it('lists operations newest first, by state and in pages', async () => {
      const panel = await app.newPanel();
      const first = await activeSite(panel);
      const second = await activeSite(panel);
      const all = await panel.call('GET', '/v1/operations');
      assert.deepEqual(
        all.body.data.map((each: { service_id: string }) => each.service_id),
        [second.service_id, first.service_id],
      );
      const page = await panel.call('GET', '/v1/operations?limit=1');
      const next = await panel.call('GET', `/v1/operations?limit=1&cursor=${page.body.next_cursor}`);
      assert.equal(next.body.data[0].service_id, first.service_id);
      assert.equal((await panel.call('GET', '/v1/operations?state=failed')).body.data.length, 0);
      assert.equal((await panel.call('GET', '/v1/operations?state=done')).body.data.length, 2);
    });
  });
}
