/** The audit trail over HTTP: who did what, also what was refused, and whether it is whole. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { watchQueries } from '../support/asked.ts';
import { databases } from '../support/databases.ts';
import { localOnly } from '../support/sites-elsewhere.ts';

for (const database of databases) {
  describe(`The audit trail over HTTP, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;

    before(async () => {
      app = await startApp(database);
      panel = app.panel;
    });
    after(() => app.stop());

    const entries = async (query = '', client = panel): Promise<Answer['body'][]> => {
      const answer = await client.call('GET', `/v1/audit${query}`);
      assert.equal(answer.status, 200, answer.text);
      return answer.body.data;
    };
    const told = (all: Answer['body'][]) => all.map(({ action, outcome }) => `${action} ${outcome}`);
    const actor = () => panel.key.split('_')[1];

    it('holds every call on a site with its key, its request and its outcome', async () => {
      const site = await activeSite(panel);
      const path = `/v1/sites/${site.service_id}`;
      const asked = await panel.call('POST', `${path}/suspend`, { reason: 'late' }, waiting);
      assert.equal(asked.status, 200);
      await panel.call('POST', `${path}/unsuspend`, {}, waiting);
      const all = await entries(`?service_id=${site.service_id}`);
      assert.deepEqual(told(all).reverse(), [
        'site.create accepted',
        'site.create done',
        'site.suspend accepted',
        'site.suspend done',
        'site.unsuspend accepted',
        'site.unsuspend done',
      ]);
      const [suspended] = await entries(`?service_id=${site.service_id}&action=site.suspend&outcome=accepted`);
      assert.deepEqual(
        [suspended.actor, suspended.kind, suspended.service_id, suspended.seq, suspended.request_id],
        [actor(), 'site', site.service_id, 3, asked.headers['x-request-id']],
      );
      for (const [newer, older] of all.slice(0, -1).map((entry, at) => [entry, all[at + 1]]))
        assert.equal(newer.prev_hash, older.hash);
      assert.equal((await entries(`?service_id=${site.service_id}&actor=engine`)).length, 3);
    });

    it(
      'holds each look into a site: links to sign in, and passwords',
      localOnly('sign-in needs a program inside of the site'),
      async () => {
        const site = await activeSite(panel);
        const path = `/v1/sites/${site.service_id}`;
        assert.equal((await panel.call('POST', `${path}/login-link`, {})).status, 201);
        assert.equal((await panel.call('POST', `${path}/password`, {})).status, 200);
        await panel.call('POST', `${path}/suspend`, {}, waiting);
        expectProblem(await panel.call('POST', `${path}/login-link`, {}), 403, 'service_suspended');
        const kept = told(await entries(`?service_id=${site.service_id}`)).filter(
          (each) => !/create|suspend/.test(each),
        );
        assert.deepEqual(kept.reverse(), [
          'site.login_link accepted',
          'site.login_link done',
          'site.password accepted',
          'site.password done',
          'site.login_link refused',
        ]);
      },
    );

    it('holds what was done to support, domains, zones and plans', async () => {
      const site = await activeSite(panel);
      const host = `www.${site.service_id}.example`;
      await panel.call('POST', `/v1/sites/${site.service_id}/domains`, { hostname: host });
      await panel.call('DELETE', `/v1/sites/${site.service_id}/domains/${host}`);
      assert.deepEqual(told(await entries(`?service_id=${site.service_id}&kind=site`)).slice(0, 2), [
        'domain.remove done',
        'domain.add accepted',
      ]);
      await panel.call('POST', '/v1/support', { service_id: site.service_id, email: 'a@example.com' });
      assert.deepEqual(told(await entries(`?service_id=${site.service_id}&kind=support`)), ['support.created done']);
      const zone = await panel.call('POST', '/v1/zones', { name: `${site.service_id}.com` }, waiting);
      assert.equal(zone.status, 201, zone.text);
      assert.deepEqual(told(await entries('?kind=zone')), ['zone.create done', 'zone.create accepted']);
      const plan = { memory_mb: 1024, disk_mb: 10240, backups: 1, domains: 1 };
      assert.equal((await panel.call('PUT', '/v1/plans/audited', plan)).status, 200);
      assert.equal((await panel.call('DELETE', '/v1/plans/audited')).status, 204);
      const system = await app.serving.provisor.db.knex('audit').where({ chain: 'system' }).orderBy('seq');
      assert.deepEqual(
        system.slice(-2).map((row) => [row.action, row.actor]),
        [
          ['plan.put', actor()],
          ['plan.delete', actor()],
        ],
      );
    });

    it('holds what became of the panel’s keys, and what they were refused, once in a while', async () => {
      const narrow = await app.newPanel({ scopes: ['audit:read'] });
      for (let n = 0; n < 3; n += 1)
        expectProblem(await narrow.call('DELETE', '/v1/plans/basic'), 403, 'scope_missing');
      expectProblem(await narrow.call('GET', '/v1/sites'), 403, 'scope_missing');
      const keyId = narrow.key.split('_')[1]!;
      const { key: fresh } = await app.serving.provisor.panels.rotate(keyId, 60_000);
      await app.serving.provisor.panels.revoke(fresh.id);
      await app.serving.provisor.panels.revoke(fresh.id);
      const all = await entries('?kind=panel', narrow);
      assert.deepEqual(told(all).reverse(), [
        'panel.create done',
        'key.create done',
        'deletePlan refused',
        'listSites refused',
        'key.create done',
        'key.rotate done',
        'key.revoke done',
      ]);
      assert.equal(all[4].actor, keyId);
      expectProblem(await (await app.newPanel({ scopes: [] })).call('GET', '/v1/audit'), 403, 'scope_missing');
    });

    it('is read in pages, newest first, and none of another panel’s', async () => {
      const other = await app.newPanel();
      for (let n = 0; n < 5; n += 1)
        await other.call('POST', '/v1/support', { service_id: `s:${n}`, email: 'a@example.com' });
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: Answer = await other.call('GET', `/v1/audit?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
        seen.push(...page.body.data.map((entry: Answer['body']) => `${entry.kind} ${entry.service_id} ${entry.seq}`));
        cursor = page.body.next_cursor;
      }
      assert.equal(seen.length, 7);
      assert.deepEqual(new Set(seen).size, 7);
      assert.deepEqual(seen.filter((each) => each.startsWith('support')).sort(), [
        'support s:0 1',
        'support s:1 1',
        'support s:2 1',
        'support s:3 1',
        'support s:4 1',
      ]);
      assert.deepEqual(await entries('?service_id=s:1'), []);
      const [newest] = await entries('', other);
      assert.deepEqual(await entries(`?since=${new Date(Date.parse(newest.at) + 1).toISOString()}`, other), []);
      assert.equal((await entries(`?until=${new Date(Date.parse(newest.at) + 1).toISOString()}`, other)).length, 7);
      for (const bad of ['?cursor=YWJj', '?limit=0', '?kind=nonsense', '?since=yesterday', '?service_id=a b'])
        expectProblem(await other.call('GET', `/v1/audit${bad}`), 400, 'invalid_request');
    });

    it('is read along the index that has what is asked for in its order', async () => {
      const { db } = app.serving.provisor;
      const cursor = (await panel.call('GET', '/v1/audit?limit=2')).body.next_cursor;
      const seen = watchQueries(db);
      for (const [query, index] of [
        ['', 'audit_by_panel'],
        ['&since=2026-01-01T00:00:00Z', 'audit_by_panel'],
        ['&actor=engine', 'audit_by_actor'],
        [`&actor=${actor()}&until=2999-01-01T00:00:00Z`, 'audit_by_actor'],
        ['&action=site.create', 'audit_by_action'],
        ['&action=site.reset', 'audit_by_action'],
        ['&outcome=refused', 'audit_by_panel'],
        [`&actor=${actor()}&outcome=refused`, 'audit_by_actor'],
        ['&actor=engine&action=site.create', 'audit_by_action'],
      ] as const) {
        for (const from of ['', `&cursor=${cursor}`]) {
          seen.clear();
          await entries(`?limit=2${query}${from}`);
          const asked = seen.list().filter(({ sql }) => /\baudit\b/.test(sql));
          assert.ok(asked.length > 0);
          for (const { sql, bindings } of asked) {
            const explain = db.dialect === 'sqlite' ? 'explain query plan' : 'explain';
            const plan = JSON.stringify(await db.knex.raw(`${explain} ${sql}`, bindings));
            assert.match(plan, new RegExp(index), `${query}: ${plan}`);
            assert.doesNotMatch(plan, /filesort|TEMP B-TREE/, query);
          }
        }
      }
    });

    it('is looked through a thousand entries at a time for what has no index, and to its end', async () => {
      const { knex } = app.serving.provisor.db;
      const reader = await app.newPanel({ scopes: ['audit:read'] });
      const many = Array.from({ length: 4_500 }, (_, n) => ({
        chain: `${reader.panelId}:${n % 2 === 0 ? 'site' : 'zone'}:s-${n % 7}`,
        seq: Math.floor(n / 7) * 2 + (n % 2),
        // Some at the same instant, all before the panel was made.
        at: 1_000_000 + Math.floor(n / 5),
        actor: n % 3 === 0 ? 'engine' : 'bench',
        action: 'site.create',
        outcome: n % 1_100 === 3 ? 'failed' : 'done',
        details: '{}',
        prev_hash: '',
        hash: String(n),
      }));
      try {
        await knex.batchInsert('audit', many, 500);
        for (const [query, isAskedFor, pages] of [
          ['outcome=failed', ({ outcome }) => outcome === 'failed', 5],
          ['outcome=stuck', () => false, 5],
          ['actor=engine&kind=zone', ({ actor, chain }) => actor === 'engine' && chain.includes(':zone:'), 8],
          ['action=site.create&outcome=failed&since=1970-01-01T00:30:00Z', () => false, 1],
        ] as [string, (entry: (typeof many)[number]) => boolean, number][]) {
          const seen: string[] = [];
          let asked = 0;
          for (let cursor: string | null = ''; cursor !== null; asked += 1) {
            const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
            const page: Answer = await reader.call('GET', `/v1/audit?limit=100&${query}${from}`);
            assert.equal(page.status, 200, page.text);
            seen.push(...page.body.data.map(({ hash }: { hash: string }) => hash));
            cursor = page.body.next_cursor;
          }
          assert.equal(asked, pages, query);
          const wished = many.filter(isAskedFor);
          wished.sort((a, b) => b.at - a.at || (a.chain < b.chain ? 1 : a.chain > b.chain ? -1 : b.seq - a.seq));
          assert.deepEqual(
            seen,
            wished.map(({ hash }) => hash),
            query,
          );
        }
      } finally {
        await knex('audit')
          .whereIn(
            'hash',
            many.map(({ hash }) => hash),
          )
          .delete();
      }
    });

    it('is whole after all of this', async () => {
      const { faults, chains } = await app.serving.provisor.audit.verify();
      assert.deepEqual(faults, []);
      assert.ok(chains > 5);
    });
  });
}
