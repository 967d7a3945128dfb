import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { activeSite, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startDns, type TestDns } from '../support/dns-server.ts';
import { domainCalls, domainsPath, newName, tokenOf } from '../support/domains.ts';
import { until } from '../support/idle.ts';

const hour = 3600_000;

for (const database of databases) {
  describe(`how many domains there may be, and whose they are, on ${database.name}`, () => {
    let app: TestApp;
    let dns: TestDns;
    let offset = 0;
    before(async () => {
      dns = await startDns();
      app = await startApp(database, {
        environment: { PROVISOR_RESOLVERS: dns.server, PROVISOR_PROXY_NAME: 'proxy.host.example' },
        replacements: {
          clockOffset: () => offset,
        },
      });
    });
    after(async () => {
      await app.stop();
      await dns.stop();
    });

    const { add, get, verify, remove, quota, active, counted } = domainCalls(() => ({ app, dns }));

    it('that nobody may bring are refused', async () => {
      const { service_id: id } = await activeSite(app.panel);
      for (const name of ['a..b', '192.0.2.1', 'localhost', '_x.example.com', 'two words.com', 'https://a.com/b']) {
        const { body } = expectProblem(await add(id, name), 400, 'domain_invalid');
        assert.match(body.error, / is not a domain name\. Send one like www\.example\.com/);
      }
      for (const name of [
        'co.uk',
        'github.io',
        app.siteDomain,
        `x.${app.siteDomain}`,
        `*.${app.siteDomain}`,
        'proxy.host.example',
      ]) {
        expectProblem(await add(id, name), 400, 'domain_reserved');
      }
      expectProblem(await remove(id, 'not-there.example.com'), 404, 'not_found');
      assert.deepEqual(await counted(id), [0, 0, 0]);
    });

    it("that are somebody else's are refused without a word of whose", async () => {
      const mine = await activeSite(app.panel);
      const name = await active(mine);
      const other = await app.newPanel();
      const theirs = await activeSite(other);
      for (const [client, site] of [
        [app.panel, await activeSite(app.panel)],
        [other, theirs],
      ] as const) {
        const refused = expectProblem(await add(site.service_id, name, { client }), 409, 'domain_taken');
        assert.ok(!refused.text.includes(mine.service_id) && !refused.text.includes(app.panel.panelId));
      }
    });

    it("that are somebody else's cannot be had by wildcards either", async () => {
      const mine = await activeSite(app.panel);
      const name = await active(mine);
      const parent = name.slice(name.indexOf('.'));
      const other = await app.newPanel();
      const theirs = await activeSite(other);
      for (const [client, site] of [
        [app.panel, await activeSite(app.panel)],
        [other, theirs],
      ] as const)
        expectProblem(await add(site.service_id, `*${parent}`, { client }), 409, 'domain_taken');
      assert.equal((await add(theirs.service_id, `other${parent}`, { client: other })).status, 202);
      dns.set(`*${parent}`, 'CNAME', mine.hostname);
      assert.equal((await add(mine.service_id, `*${parent}`)).status, 201);
      expectProblem(await add(theirs.service_id, `third${parent}`, { client: other }), 409, 'domain_taken');
    });

    it('belong to the first whose DNS is right, and a mere wish keeps nobody from them', async () => {
      const [squatter, owner] = [await activeSite(app.panel), await activeSite(app.panel)];
      const name = newName();
      assert.equal((await add(squatter.service_id, name)).status, 202);
      await active(owner, name);
      // The one who waited would now be right as well, were it not taken.
      dns.set(name, 'CNAME', squatter.hostname);
      const token = tokenOf(await get(squatter.service_id, name));
      dns.set(token.name, 'TXT', token.value);
      const lost = await verify(squatter.service_id, name);
      assert.deepEqual([lost.body.state, lost.body.reason], ['failed', 'taken']);
      assert.deepEqual(await quota(squatter.service_id), { used: 0, limit: 3, remaining: 3 });
      assert.equal((await get(owner.service_id, name)).state, 'active');
    });

    it('that two sites are right for at once go to one of them', async () => {
      for (let round = 0; round < 5; round += 1) {
        const pair = [await activeSite(app.panel), await activeSite(app.panel)];
        const name = newName();
        dns.set(name, 'CNAME', pair[0].hostname);
        const added = await Promise.all(pair.map((site) => add(site.service_id, name)));
        const [known, late] = [true, false].map((is) => added.filter(({ status }) => status < 300 === is));
        // Where the other has it already, there is nothing more to be right for.
        for (const answer of late ?? []) expectProblem(answer, 409, 'domain_taken');
        const token = (known ?? []).map((answer) => tokenOf(answer.body)).filter(Boolean);
        dns.set(`_provisor-challenge.${name}`, 'TXT', ...token.map((each) => each.value));
        dns.set(name, 'CNAME', 'proxy.host.example');
        await Promise.all(pair.map((site) => verify(site.service_id, name)));
        const states = await Promise.all(pair.map(async (site) => (await get(site.service_id, name)).state ?? 'none'));
        assert.equal(states.filter((state) => state === 'active').length, 1, states.join());
      }
    });

    it('of which 64 are added at once on a plan of three are three, and the rest is told the figures', async () => {
      const { service_id: id } = await activeSite(app.panel);
      const answers = await Promise.all(Array.from({ length: 64 }, () => add(id, newName(), { wait: false })));
      assert.equal(answers.filter((answer) => answer.status === 202).length, 3);
      for (const answer of answers.filter(({ status }) => status !== 202)) {
        expectProblem(answer, 409, 'quota_exceeded');
        assert.equal(answer.body.error, 'Domains quota exceeded: 3 of 3 used');
        assert.deepEqual(answer.body.details, { resource: 'domains', used: 3, limit: 3 });
      }
      assert.deepEqual(await counted(id), [3, 3, 0]);
    });

    it('that are added and deleted all at once leave exact counters', async () => {
      const site = await activeSite(app.panel);
      const id = site.service_id;
      const some = [newName(), newName(), newName(), newName()];
      for (const name of some.slice(0, 2)) dns.set(name, 'CNAME', site.hostname);
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => {
          const name = some[n % 4]!;
          return n % 8 < 4 ? add(id, name) : remove(id, name);
        }),
      );
      for (const { status, text } of answers) assert.ok([200, 201, 202, 404, 409].includes(status), text);
      const { operations } = app.serving.provisor;
      const { body } = await app.panel.call('GET', `/v1/sites/${id}/operations?limit=1`);
      await operations.waitForRest(body.data[0].id, 20_000);
      const [used, rows] = await counted(id);
      assert.equal(used, rows);
      // One at a time now: whatever is left goes, and then nothing is counted.
      for (const name of some) {
        await until(`${name} is gone`, async () => [200, 404].includes((await remove(id, name)).status));
      }
      assert.deepEqual(await counted(id), [0, 0, 0]);
      const route = await app.serving.provisor.providers.proxy.listRoutes(AbortSignal.timeout(5_000));
      assert.deepEqual(route.find(({ hostnames }) => hostnames[0] === site.hostname)?.hostnames, [site.hostname]);
    });

    it('forbid a plan that is too small for them', async () => {
      const site = await activeSite(app.panel, { plan: 'standard' });
      for (let n = 0; n < 4; n += 1) await add(site.service_id, newName(), { wait: false });
      const refused = await app.panel.call('POST', `/v1/sites/${site.service_id}/upgrade`, { plan: 'basic' });
      expectProblem(refused, 409, 'plan_too_small');
      assert.match(refused.body.error, /4 domains \(3 granted\)/);
    });

    it('rest when they were removed: their customer gets them at once, another later', async () => {
      const site = await activeSite(app.panel, { customer_id: 'c-1' });
      const name = await active(site);
      const gone = await remove(site.service_id, name);
      assert.deepEqual([gone.status, gone.body.state], [200, 'removed'], gone.text);
      assert.equal((await app.visit(name)).status, 404);
      assert.deepEqual(await counted(site.service_id), [0, 0, 0]);
      expectProblem(await remove(site.service_id, name), 404, 'not_found');

      const stranger = await activeSite(app.panel, { customer_id: 'c-2' });
      expectProblem(await add(stranger.service_id, name), 409, 'domain_taken');
      const again = await activeSite(app.panel, { customer_id: 'c-1' });
      await active(again, name);
      await remove(again.service_id, name);

      offset += 73 * hour;
      // The CNAME may be a leftover, so the next customer has to show that the domain is theirs.
      dns.set(name, 'CNAME', stranger.hostname);
      const later = (await add(stranger.service_id, name)).body;
      assert.deepEqual([later.reason, tokenOf(later).required], ['not_owned', true]);
      dns.set(tokenOf(later).name, 'TXT', tokenOf(later).value);
      assert.equal((await verify(stranger.service_id, name)).body.state, 'active');
    });

    it("are another customer's business only", async () => {
      const site = await activeSite(app.panel, { customer_id: 'c-9' });
      const name = await active(site);
      const as = (customer: string) => `?customer_id=${customer}`;
      for (const rest of ['', `/${name}`]) {
        assert.equal((await app.panel.call('GET', `${domainsPath(site.service_id, rest)}${as('c-9')}`)).status, 200);
        assert.equal((await app.panel.call('GET', `${domainsPath(site.service_id, rest)}${as('c-8')}`)).status, 404);
      }
      const wish = { hostname: newName(), customer_id: 'c-8' };
      assert.equal((await app.panel.call('POST', domainsPath(site.service_id), wish)).status, 404);
      assert.equal(
        (await app.panel.call('DELETE', `${domainsPath(site.service_id, `/${name}`)}${as('c-8')}`)).status,
        404,
      );
    });

    it('answer existing clients as they expect', async () => {
      const { service_id, hostname } = await activeSite(app.panel);
      const [one, two] = [newName(), newName()];
      dns.set(one, 'CNAME', hostname);
      const post = (call: string, domain: string) => app.panel.call('POST', call, { service_id, domain, extra: 1 });
      const list = async () => (await app.panel.call('GET', `/action/getdomain?service_id=${service_id}`)).body;
      const success = { success: true, service_id };
      assert.deepEqual(await list(), { ...success, domains: [], quota: '0/3', remaining: 3, details: [] });

      const set = await post('/action/setdomain', one);
      const message = `${one} leads to the site.`;
      assert.deepEqual(set.body, { ...success, domain: one, status: 'active', message, remaining: 2 });
      assert.equal((await app.visit(one)).status, 200);
      const waits = await post('/customdomain/add', two);
      assert.deepEqual([waits.status, waits.body.success, waits.body.remaining], [200, true, 1]);
      assert.match(waits.body.message, /Set: .* CNAME /);
      const { domains, quota: figures } = await list();
      assert.deepEqual([domains, figures], [[one, two], '2/3']);
      const status = (await app.panel.call('GET', `/status?service_id=${service_id}`)).body;
      assert.deepEqual(status.domains, [one]);

      const gone = await post('/action/deldomain', one);
      assert.deepEqual([gone.status, gone.body.success, gone.body.remaining], [200, true, 2], gone.text);
      assert.equal((await app.visit(one)).status, 404);
      assert.equal((await post('/action/deldomain', one)).status, 404);
      await post('/action/setdomain', newName());
      await post('/action/setdomain', newName());
      const full = await post('/action/setdomain', newName());
      assert.deepEqual([full.status, full.body.error], [409, 'Domains quota exceeded: 3 of 3 used']);
      await app.panel.call('POST', '/suspend', { service_id });
      assert.equal((await post('/action/setdomain', newName())).status, 401);
      assert.equal((await post('/action/deldomain', two)).status, 401);
    });

    it('leave no error in the log', () => assert.deepEqual(app.logged, []));
  });
}
