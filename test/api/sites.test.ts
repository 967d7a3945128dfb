import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { activeSite, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { localOnly } from '../support/sites-elsewhere.ts';

for (const database of databases) {
  describe(`sites on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      app = await startApp(database);
    });
    after(async () => {
      await app.stop();
      assert.deepEqual(app.logged, []);
    });

    const post = (path: string, body?: unknown, headers: Record<string, string> = waiting) =>
      app.panel.call('POST', path, body, headers);

    it('makes a site that opens and resolves', async () => {
      const site = await activeSite(app.panel, { email: 'alice@example.com' });
      assert.equal(site.state, 'active');
      assert.equal(site.hostname, `alice.${app.siteDomain}`);
      assert.deepEqual(site.quotas, { backups: { used: 0, limit: 2 }, domains: { used: 0, limit: 3 } });
      assert.equal(site.operation.state, 'done');
      assert.equal(site.operation.percent, 100);
      assert.equal((await app.visit(site.hostname)).status, 200);
      const { dns } = app.serving.provisor.providers;
      const records = await dns.listRRsets(`${app.siteDomain}.`, AbortSignal.timeout(5_000));
      assert.ok(
        records.some(
          (record) => record.name === `${site.hostname}.` && record.type === 'A' && record.rdata[0] === '127.0.0.1',
        ),
      );
    });

    it('accepts at once, and tells where to watch', async () => {
      const serviceId = newServiceId();
      const accepted = await post('/v1/sites', { service_id: serviceId, email: 'bob@example.com', plan: 'basic' }, {});
      assert.equal(accepted.status, 202);
      assert.equal(accepted.body.state, 'creating');
      assert.equal(accepted.body.subdomain, 'bob');
      assert.equal(accepted.headers.location, `/v1/operations/${accepted.body.operation.id}`);
      assert.ok(Number(accepted.headers['retry-after']) > 0);
      const ended = await app.panel.call('GET', `${accepted.headers.location}?wait=20`);
      assert.equal(ended.body.state, 'done');
      const again = await post('/v1/sites', { service_id: serviceId, email: 'bob@example.com', plan: 'basic' }, {});
      assert.equal(again.status, 200);
      assert.equal(again.body.operation.id, accepted.body.operation.id);
    });

    it('takes 50 equal creates at once for one, and refuses a differing one', async () => {
      const service_id = newServiceId();
      const wish = { service_id, email: 'many@example.com', plan: 'basic' };
      const answers = await Promise.all(Array.from({ length: 50 }, () => post('/v1/sites', wish, {})));
      for (const answer of answers)
        assert.ok(answer.status === 202 || answer.status === 200, `${answer.status} ${answer.text}`);
      assert.equal(new Set(answers.map((answer) => answer.body.operation.id)).size, 1);
      assert.equal(new Set(answers.map((answer) => answer.body.vmid)).size, 1);
      const other = await post('/v1/sites', { ...wish, plan: 'premium' }, {});
      assert.equal(other.status, 409);
      assert.equal(other.body.code, 'service_exists');
      const ended = await app.panel.call('GET', `/v1/operations/${answers[0]!.body.operation.id}?wait=20`);
      assert.equal(ended.body.state, 'done');
      const listed = await app.panel.call('GET', `/v1/sites/${service_id}/operations`);
      assert.equal(listed.body.data.length, 1);
    });

    it('gives each of 30 sites that are made at once its own names', async () => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () =>
          post('/v1/sites', { service_id: newServiceId(), email: 'same@example.com', plan: 'basic' }, {}),
        ),
      );
      for (const answer of answers) assert.equal(answer.status, 202, answer.text);
      for (const field of ['subdomain', 'vmid', 'private_ip']) {
        assert.equal(new Set(answers.map((answer) => answer.body[field])).size, 30, field);
      }
      for (const answer of answers) {
        const ended = await app.panel.call('GET', `/v1/operations/${answer.body.operation.id}?wait=25`);
        assert.equal(ended.body.state, 'done');
      }
    });

    it('cuts a suspended site off, keeps it down, and brings it back with its data', async () => {
      const site = await activeSite(app.panel);
      const path = `/v1/sites/${site.service_id}`;
      const suspended = await post(`${path}/suspend`, { reason: 'Invoice 7 is overdue' });
      assert.equal(suspended.status, 200);
      assert.equal(suspended.body.state, 'suspended');
      assert.equal(suspended.body.suspension.reason, 'Invoice 7 is overdue');
      const page = await app.visit(site.hostname);
      assert.equal(page.status, 503);
      assert.ok(page.headers['retry-after']);
      const again = await post(`${path}/suspend`);
      assert.equal(again.status, 200);
      assert.equal(again.body.operation.id, suspended.body.operation.id);
      for (const action of ['start', 'stop', 'restart', 'reset']) {
        const refused = await post(`${path}/actions/${action}`);
        assert.equal(refused.status, 403);
        assert.equal(refused.body.code, 'service_suspended');
      }
      assert.equal((await post(`${path}/upgrade`, { plan: 'premium' })).body.code, 'service_suspended');
      assert.equal((await post(`${path}/login-link`)).body.code, 'service_suspended');
      assert.equal((await app.visit(site.hostname)).status, 503);
      assert.equal((await app.panel.call('GET', `${path}/status`)).body.workload, 'stopped');
      const back = await post(`${path}/unsuspend`);
      assert.equal(back.body.state, 'active');
      assert.equal(back.body.suspension, null);
      assert.equal((await app.visit(site.hostname)).status, 200);
      assert.equal((await post(`${path}/unsuspend`)).status, 200);
    });

    it('stops, starts and restarts', async () => {
      const site = await activeSite(app.panel);
      const path = `/v1/sites/${site.service_id}`;
      assert.equal((await post(`${path}/actions/stop`)).body.state, 'stopped');
      assert.equal((await app.visit(site.hostname)).status, 503);
      assert.equal((await app.panel.call('GET', `${path}/status`)).body.workload, 'stopped');
      assert.equal((await post(`${path}/actions/stop`)).body.state, 'stopped');
      assert.equal((await post(`${path}/actions/start`)).body.state, 'active');
      assert.equal((await app.visit(site.hostname)).status, 200);
      assert.equal((await post(`${path}/actions/restart`)).body.state, 'active');
      const status = await app.panel.call('GET', `${path}/status`);
      assert.equal(status.body.workload, 'running');
      assert.ok(status.body.uptime_seconds >= 0);
      assert.equal(status.body.memory_bytes, null);
    });

    it('upgrades up and down, and never shrinks the disk', async () => {
      const site = await activeSite(app.panel);
      const path = `/v1/sites/${site.service_id}`;
      const up = await post(`${path}/upgrade`, { plan: 'premium' });
      assert.deepEqual([up.body.plan, up.body.memory_mb, up.body.disk_mb], ['premium', 8192, 81920]);
      assert.deepEqual(up.body.quotas, { backups: { used: 0, limit: 5 }, domains: { used: 0, limit: 10 } });
      const down = await post(`${path}/upgrade`, { plan: 'basic' });
      assert.deepEqual([down.body.plan, down.body.memory_mb, down.body.disk_mb], ['basic', 2048, 81920]);
      assert.deepEqual(down.body.quotas, { backups: { used: 0, limit: 2 }, domains: { used: 0, limit: 3 } });
      assert.equal((await app.panel.call('GET', `${path}/usage`)).body.disk_limit_bytes, 81920 * 1024 * 1024);
    });

    it(
      'shows the name and the plan of a new site on its page, and how much disk it uses',
      localOnly('no pages or figures of the disk are to be had elsewhere'),
      async () => {
        const site = await activeSite(app.panel);
        const page = await app.visit(site.hostname);
        assert.ok(page.body.includes(site.hostname), page.body);
        assert.match(page.body, /basic/);
        const path = `/v1/sites/${site.service_id}`;
        assert.ok((await app.panel.call('GET', `${path}/status`)).body.disk_bytes > 0);
        const { data } = (await app.panel.call('GET', '/v1/usage?limit=3')).body;
        assert.ok(data.every((each: { disk_bytes: number }) => each.disk_bytes > 0));
        await post(`${path}/upgrade`, { plan: 'premium' });
        assert.match((await app.visit(site.hostname)).body, /premium/);
      },
    );

    it('resets a site to how it was right after it was made', async () => {
      const site = await activeSite(app.panel);
      const reset = await post(`/v1/sites/${site.service_id}/actions/reset`);
      assert.equal(reset.status, 200);
      assert.equal(reset.body.state, 'active');
      assert.equal((await app.visit(site.hostname)).status, 200);
    });

    it('deletes everything, shows that it did, and rests the name', async () => {
      const site = await activeSite(app.panel, { email: 'gone@example.com' });
      const path = `/v1/sites/${site.service_id}`;
      const deleted = await app.panel.call('DELETE', path, undefined, waiting);
      assert.equal(deleted.status, 200);
      assert.equal(deleted.body.state, 'deleted');
      assert.equal(deleted.body.subdomain, null);
      assert.ok(deleted.body.deleted_at);
      assert.equal((await app.visit(site.hostname)).status, 404);
      assert.equal(
        (await app.panel.call('DELETE', path, undefined, waiting)).body.operation.id,
        deleted.body.operation.id,
      );
      assert.equal((await app.panel.call('GET', path)).body.state, 'deleted');
      assert.equal((await post(`${path}/suspend`)).body.code, 'service_deleted');
      assert.equal(
        (await post('/v1/sites', { service_id: site.service_id, email: 'gone@example.com', plan: 'basic' })).body.code,
        'service_deleted',
      );
      const stranger = await activeSite(app.panel, { email: 'gone@example.com' });
      assert.equal(stranger.subdomain, 'gone-2');
      assert.notEqual(stranger.vmid, site.vmid);
      const taken = await post('/v1/sites', {
        service_id: newServiceId(),
        email: 'x@example.com',
        plan: 'basic',
        subdomain: 'gone',
      });
      assert.equal(taken.body.code, 'subdomain_taken');
      const listed = await app.panel.call('GET', '/v1/sites?limit=200');
      assert.ok(!listed.body.data.some((each: { service_id: string }) => each.service_id === site.service_id));
      const graves = await app.panel.call('GET', '/v1/sites?state=deleted');
      assert.ok(graves.body.data.some((each: { service_id: string }) => each.service_id === site.service_id));
    });

    it(
      'lets the owner sign in by a link that works once, and by a password',
      localOnly('sign-in needs a program inside of the site'),
      async () => {
        const site = await activeSite(app.panel);
        const path = `/v1/sites/${site.service_id}`;
        const link = await post(`${path}/login-link`);
        assert.equal(link.status, 201);
        const url = new URL(link.body.url);
        assert.equal(url.hostname, site.hostname);
        const signedIn = await app.visit(site.hostname, url.pathname + url.search);
        assert.equal(signedIn.status, 303);
        assert.match(String(signedIn.headers['set-cookie']), /HttpOnly/);
        const twice = await app.visit(site.hostname, url.pathname + url.search);
        assert.notEqual(twice.status, 303);
        const set = await post(`${path}/password`);
        assert.equal(set.status, 200);
        assert.equal(set.body.username, 'admin');
        assert.equal(set.body.password.length, 20);
        const own = await post(`${path}/password`, { password: 'correct horse battery' });
        assert.deepEqual(own.body, { username: 'admin' });
      },
    );

    it('lists newest first, in pages, by customer and by state', async () => {
      const panel = await app.newPanel();
      const made: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        const site = await activeSite(panel, { customer_id: n % 2 === 0 ? 'even' : 'odd' });
        made.unshift(site.service_id);
      }
      const first = await panel.call('GET', '/v1/sites?limit=2');
      const second = await panel.call('GET', `/v1/sites?limit=2&cursor=${first.body.next_cursor}`);
      const third = await panel.call('GET', `/v1/sites?limit=2&cursor=${second.body.next_cursor}`);
      const ids = [first, second, third].flatMap((page) =>
        page.body.data.map((site: { service_id: string }) => site.service_id),
      );
      assert.deepEqual(ids, made);
      assert.equal(third.body.next_cursor, null);
      assert.equal((await panel.call('GET', '/v1/sites?customer_id=even')).body.data.length, 3);
      assert.equal((await panel.call('GET', '/v1/sites?state=suspended')).body.data.length, 0);
      const narrow = await panel.call('GET', `/v1/sites?customer_id=even&state=active&plan=basic&search=${made[2]}`);
      assert.deepEqual(
        narrow.body.data.map((site: { service_id: string }) => site.service_id),
        [made[2]],
      );
      const usage = await panel.call('GET', '/v1/usage?limit=3');
      assert.equal(usage.body.data.length, 3);
      assert.ok(usage.body.next_cursor);
    });

    it('lists each site as it is shown alone, with the last of its operations', async () => {
      const panel = await app.newPanel();
      const [first, second] = [await activeSite(panel), await activeSite(panel)];
      await panel.call('POST', `/v1/sites/${first.service_id}/suspend`, {}, waiting);
      const page = await panel.call('GET', '/v1/sites');
      const alone = [second, first].map(({ service_id: id }) => panel.call('GET', `/v1/sites/${id}`));
      assert.deepEqual(
        page.body.data,
        (await Promise.all(alone)).map(({ body }) => body),
      );
      assert.deepEqual(
        page.body.data.map(({ operation }: { operation: { kind: string } }) => operation.kind),
        ['site.create', 'site.suspend'],
      );
    });

    it('knows a customer by name, and shows others nothing', async () => {
      const site = await activeSite(app.panel, { customer_id: 'c1' });
      const path = `/v1/sites/${site.service_id}`;
      assert.equal((await app.panel.call('GET', `${path}?customer_id=c1`)).status, 200);
      for (const answer of [
        await app.panel.call('GET', `${path}?customer_id=c2`),
        await app.panel.call('DELETE', `${path}?customer_id=c2`),
        await post(`${path}/suspend`, { customer_id: 'c2' }),
        await post(`${path}/actions/stop`, { customer_id: 'c2' }),
        await post(`${path}/login-link`, { customer_id: 'c2' }),
      ]) {
        assert.equal(answer.status, 404);
      }
      assert.equal((await app.panel.call('GET', path)).body.state, 'active');
    });

    it('leaves nothing outside that no row knows, and no row without its object', async () => {
      const drift = await app.serving.provisor.sweep();
      assert.deepEqual(drift.orphans, []);
      assert.deepEqual(drift.missing, []);
    });
  });
}
