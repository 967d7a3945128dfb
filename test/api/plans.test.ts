import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';

const small = { memory_mb: 512, disk_mb: 1024, backups: 1, domains: 1 };

for (const database of databases) {
  describe(`Plans, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;

    before(async () => {
      app = await startApp(database);
      panel = app.panel;
    });
    after(() => app.stop());

    const put = (name: string, body: unknown, client = panel) => client.call('PUT', `/v1/plans/${name}`, body);
    const remove = (name: string) => panel.call('DELETE', `/v1/plans/${name}`);
    const names = ({ body }: Answer): string[] => body.data.map((plan: { name: string }) => plan.name);

    it('are at first the three that the panels know', async () => {
      const { body } = await panel.call('GET', '/v1/plans');
      assert.deepEqual(body, {
        data: [
          { name: 'basic', memory_mb: 2048, disk_mb: 20480, backups: 2, domains: 3 },
          { name: 'premium', memory_mb: 8192, disk_mb: 81920, backups: 5, domains: 10 },
          { name: 'standard', memory_mb: 4096, disk_mb: 40960, backups: 3, domains: 5 },
        ],
        next_cursor: null,
      });
    });

    it('are made, shown, changed and removed by their names', async () => {
      const made = await put('small', small);
      assert.deepEqual([made.status, made.body], [200, { name: 'small', ...small }]);
      assert.deepEqual((await put('small', small)).body, made.body);
      const changed = { ...small, domains: 0, backups: 0 };
      assert.deepEqual((await put('small', changed)).body, { name: 'small', ...changed });
      assert.deepEqual((await panel.call('GET', '/v1/plans/small')).body, { name: 'small', ...changed });
      const removed = await remove('small');
      assert.deepEqual([removed.status, removed.text], [204, '']);
      assert.equal((await remove('small')).status, 204);
      expectProblem(await panel.call('GET', '/v1/plans/small'), 404, 'not_found');
    });

    it('are listed by name, in pages that miss none and repeat none', async () => {
      const made = ['0', '10', '9', 'a-b', 'a.b', 'a_b', 'ab', 'z'.repeat(64)];
      for (const name of made) assert.equal((await put(name, small)).status, 200);
      const all = await panel.call('GET', '/v1/plans?limit=200');
      assert.equal(all.body.next_cursor, null);
      assert.deepEqual(names(all), [...made, 'basic', 'premium', 'standard'].sort());
      for (const limit of [1, 2, 3, 11, 12]) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await panel.call('GET', `/v1/plans?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`);
          assert.ok(page.body.data.length <= limit);
          seen.push(...names(page));
          cursor = page.body.next_cursor;
        } while (cursor);
        assert.deepEqual(seen, names(all));
      }

      const first = await panel.call('GET', '/v1/plans?limit=3');
      // The one that the cursor names may go, and another come before it.
      await remove(names(first)[2] ?? '');
      await put('1', small);
      const second = await panel.call('GET', `/v1/plans?limit=200&cursor=${first.body.next_cursor}`);
      assert.deepEqual(names(second), names(all).slice(3));
      for (const name of [...made, '1']) await remove(name);
    });

    it('are changed by those only who may', async () => {
      const reader = await app.newPanel({ scopes: ['sites:read', 'sites:write', 'plans:read'] });
      assert.equal((await reader.call('GET', '/v1/plans')).status, 200);
      assert.equal((await reader.call('GET', '/v1/plans/basic')).status, 200);
      for (const answer of [await put('basic', small, reader), await reader.call('DELETE', '/v1/plans/premium')]) {
        assert.match(expectProblem(answer, 403, 'scope_missing').body.error, /plans:write/);
      }
      const writer = await app.newPanel({ scopes: ['plans:write'] });
      expectProblem(await writer.call('GET', '/v1/plans'), 403, 'scope_missing');
      assert.equal((await panel.call('GET', '/v1/plans/basic')).body.memory_mb, 2048);
    });

    it('are not removed while a site has them, of whichever panel', async () => {
      await put('kept', small);
      const other = await app.newPanel();
      const { service_id: id } = await activeSite(other, { plan: 'kept' });
      const { body } = expectProblem(await remove('kept'), 409, 'plan_in_use');
      assert.equal(body.retryable, false);
      await other.call('POST', `/v1/sites/${id}/suspend`, {}, waiting);
      expectProblem(await remove('kept'), 409, 'plan_in_use');
      assert.equal((await panel.call('GET', '/v1/plans/kept')).status, 200);
      await other.call('DELETE', `/v1/sites/${id}`, undefined, waiting);
      assert.equal((await remove('kept')).status, 204);
      expectProblem(await panel.call('GET', '/v1/plans/kept'), 404, 'not_found');
    });

    it('do not change what a site was granted, until it is upgraded', async () => {
      await put('growing', small);
      const site = await activeSite(panel, { plan: 'growing' });
      assert.deepEqual([site.memory_mb, site.disk_mb, site.quotas.domains.limit], [512, 1024, 1]);
      await put('growing', { memory_mb: 1024, disk_mb: 512, backups: 4, domains: 5 });
      const before = (await panel.call('GET', `/v1/sites/${site.service_id}`)).body;
      assert.deepEqual([before.memory_mb, before.disk_mb, before.quotas], [512, 1024, site.quotas]);
      const path = `/v1/sites/${site.service_id}/upgrade`;
      const { body } = await panel.call('POST', path, { plan: 'growing' }, waiting);
      // Memory follows the plan; a disk never shrinks.
      assert.deepEqual([body.memory_mb, body.disk_mb], [1024, 1024]);
      assert.deepEqual([body.quotas.backups.limit, body.quotas.domains.limit], [4, 5]);
    });

    it('are refused when they are not whole or beyond reason', async () => {
      const { backups: _backups, ...partial } = small;
      for (const [body, path] of [
        [partial, '/body/backups'],
        [{ ...small, name: 'other' }, '/body/name'],
        [{ ...small, cpu: 1 }, '/body/cpu'],
        [{ ...small, memory_mb: 63 }, '/body/memory_mb'],
        [{ ...small, memory_mb: 1_048_577 }, '/body/memory_mb'],
        [{ ...small, memory_mb: '512' }, '/body/memory_mb'],
        [{ ...small, memory_mb: null }, '/body/memory_mb'],
        [{ ...small, disk_mb: 0 }, '/body/disk_mb'],
        [{ ...small, disk_mb: 104_857_601 }, '/body/disk_mb'],
        [{ ...small, backups: -1 }, '/body/backups'],
        [{ ...small, backups: 1.5 }, '/body/backups'],
        [{ ...small, domains: 1001 }, '/body/domains'],
        [{ ...small, domains: true }, '/body/domains'],
        [{}, '/body/memory_mb'],
        [[], '/body'],
      ] as const) {
        const { body: problem } = expectProblem(await put('wrong', body), 400, 'invalid_request');
        assert.equal(problem.errors[0].path, path);
      }
      expectProblem(await put('wrong', undefined), 415, 'unsupported_media_type');
      for (const name of ['Upper', '-a', '.a', '_a', 'a%20b', 'a%2Fb', '%C3%A9', 'x'.repeat(65)]) {
        expectProblem(await put(name, small), 400, 'invalid_request');
      }
      expectProblem(await panel.call('GET', '/v1/plans/wrong'), 404, 'not_found');
      assert.deepEqual(names(await panel.call('GET', '/v1/plans')), ['basic', 'growing', 'premium', 'standard']);
    });

    it('can be put by many at once', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => put('raced', { ...small, domains: at })));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      assert.deepEqual(app.logged, []);
    });
  });
}
