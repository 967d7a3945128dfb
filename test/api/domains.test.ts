import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { int } from '../../src/database/rows.ts';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startDns, type TestDns } from '../support/dns-server.ts';
import { until } from '../support/idle.ts';

const hour = 3600_000;
let names = 0;

/** A domain that no other test uses. */
const newName = (): string => `www.customer-${++names}.example.com`;

for (const database of databases) {
  describe(`custom domains on ${database.name}`, () => {
    let app: TestApp;
    let dns: TestDns;
    let offset = 0;
    before(async () => {
      dns = await startDns();
      app = await startApp(database, {
        environment: { PROVISOR_RESOLVERS: dns.server, PROVISOR_PROXY_NAME: 'proxy.host.example' },
        replacements: { clockOffset: () => offset },
      });
    });
    after(async () => {
      await app.stop();
      await dns.stop();
    });

    const path = (id: string, rest = '') => `/v1/sites/${id}/domains${rest}`;
    const add = (id: string, hostname: string, headers = waiting, client = app.panel) =>
      client.call('POST', path(id), { hostname }, headers);
    const get = async (id: string, hostname: string) =>
      (await app.panel.call('GET', path(id, `/${encodeURIComponent(hostname)}`))).body;
    const verify = (id: string, hostname: string) =>
      app.panel.call('POST', path(id, `/${encodeURIComponent(hostname)}/verify`), {}, waiting);
    const remove = (id: string, hostname: string) =>
      app.panel.call('DELETE', path(id, `/${encodeURIComponent(hostname)}`), undefined, waiting);
    const quota = async (id: string) => (await app.panel.call('GET', path(id))).body.quota;
    const tokenOf = (answer: Answer['body']) =>
      answer.records.find((record: { purpose: string }) => record.purpose === 'ownership');
    /** Lets a site have a domain that leads to it. */
    const active = async (site: Answer['body'], hostname = newName(), client: Client = app.panel): Promise<string> => {
      dns.set(hostname, 'CNAME', site.hostname);
      const added = await add(site.service_id, hostname, waiting, client);
      assert.deepEqual([added.status, added.body.state], [201, 'active'], added.text);
      return hostname;
    };
    /** What is counted, and what there is, of a site. */
    const counted = async (id: string): Promise<[used: number, rows: number, held: number]> => {
      const { knex } = app.serving.provisor.db;
      const { id: site } = await knex('services').where({ service_id: id, panel_id: app.panel.panelId }).first('id');
      const [row] = await knex('quotas').where({ service_id: id, resource: 'domains', panel_id: app.panel.panelId });
      const rows = await knex('domains').where({ site }).whereNotIn('state', ['expired', 'failed']);
      return [int(row.used), rows.length, (await knex('domain_names').where({ site })).length];
    };

    it('are told which records to set and what is there instead, and lead to the site once that is right', async () => {
      const site = await activeSite(app.panel);
      const { service_id: id, hostname: own } = site;
      const name = newName();
      dns.set(name, 'A', '198.51.100.7');
      const added = await add(id, name);
      assert.equal(added.status, 202, added.text);
      assert.equal(added.headers.location, path(id, `/${name}`));
      const { body } = added;
      assert.deepEqual(
        [body.state, body.reason, body.url, body.operation],
        ['pending_verification', 'not_pointing', null, null],
      );
      assert.deepEqual(body.seen, { cname: [], addresses: ['198.51.100.7'], txt: [] });
      assert.deepEqual(body.records[0], { purpose: 'pointing', name, type: 'CNAME', value: own, required: true });
      assert.equal(tokenOf(body).name, `_provisor-challenge.${name}`);
      assert.match(body.message, /leads to 198\.51\.100\.7\. Set: .* CNAME /);
      assert.equal(Date.parse(body.verify_until) - Date.parse(body.created_at), 72 * hour);
      assert.ok(Date.parse(body.next_check_at) > Date.parse(body.checked_at));
      assert.equal((await app.visit(name)).status, 404);

      dns.set(name, 'A');
      dns.set(name, 'CNAME', own);
      const verified = await verify(id, name);
      assert.deepEqual(
        [verified.status, verified.body.state, verified.body.reason],
        [200, 'active', null],
        verified.text,
      );
      assert.equal(verified.body.operation.kind, 'site.domain-add');
      assert.match(verified.body.url, new RegExp(`^http://${name}:`));
      assert.equal((await app.visit(name)).status, 200);
      assert.equal((await app.visit(name)).body, (await app.visit(own)).body);
      assert.equal((await add(id, name)).status, 200);
      assert.deepEqual(await quota(id), { used: 1, limit: 3, remaining: 2 });
    });

    it('are looked at in the background until they are right', async () => {
      const site = await activeSite(app.panel);
      const name = newName();
      const added = await add(site.service_id, name, {} as typeof waiting);
      assert.deepEqual([added.status, added.body.state], [202, 'pending_verification']);
      await until('the first look', async () => (await get(site.service_id, name)).reason === 'not_pointing');
      dns.set(name, 'CNAME', site.hostname);
      offset += hour;
      app.serving.provisor.domainWatch.wake();
      await until('it is active', async () => (await get(site.service_id, name)).state === 'active');
      assert.equal((await app.visit(name)).status, 200);
    });

    it('are given up at the deadline, give their unit back, and can be begun anew', async () => {
      const site = await activeSite(app.panel);
      const id = site.service_id;
      const name = newName();
      await add(id, name);
      assert.deepEqual(await quota(id), { used: 1, limit: 3, remaining: 2 });
      offset += 73 * hour;
      app.serving.provisor.domainWatch.wake();
      await until('it has expired', async () => (await get(id, name)).state === 'expired');
      assert.deepEqual(await quota(id), { used: 0, limit: 3, remaining: 3 });
      const late = await get(id, name);
      assert.deepEqual([late.reason, late.next_check_at], ['not_pointing', null]);
      dns.set(name, 'CNAME', site.hostname);
      assert.equal((await verify(id, name)).body.state, 'active');
      assert.deepEqual(await quota(id), { used: 1, limit: 3, remaining: 2 });
    });

    it('need the token where pointing does not say whose they are', async () => {
      const site = await activeSite(app.panel);
      const name = `customer-${++names}.org`;
      dns.set(name, 'A', '127.0.0.1');
      const added = (await add(site.service_id, name)).body;
      assert.deepEqual([added.state, added.reason], ['pending_verification', 'not_owned']);
      assert.deepEqual(added.records[0], { purpose: 'pointing', name, type: 'A', value: '127.0.0.1', required: true });
      const token = tokenOf(added);
      assert.equal(token.required, true);
      assert.ok(added.message.includes(`${token.name} TXT ${token.value}`));
      dns.set(token.name, 'TXT', 'something else', token.value);
      assert.equal((await verify(site.service_id, name)).body.state, 'active');

      const shared = newName();
      dns.set(shared, 'CNAME', 'proxy.host.example');
      assert.equal((await add(site.service_id, shared)).body.reason, 'not_owned');
    });

    it('wait when the DNS does not answer, and say so', async () => {
      const site = await activeSite(app.panel);
      const name = newName();
      dns.behave('with SERVFAIL');
      const added = (await add(site.service_id, name)).body;
      dns.behave('properly');
      assert.deepEqual([added.state, added.reason], ['pending_verification', 'dns_silent']);
      assert.deepEqual(added.seen, { cname: null, addresses: null, txt: null });
    });

    it('may be wildcards, and names in any script', async () => {
      const site = await activeSite(app.panel);
      const id = site.service_id;
      dns.set('*.wild.example.com', 'CNAME', site.hostname);
      const wild = await add(id, '*.wild.example.com');
      assert.deepEqual([wild.status, wild.body.url], [201, null], wild.text);
      for (const [host, status] of [
        ['a.wild.example.com', 200],
        ['b.wild.example.com', 200],
        ['wild.example.com', 404],
        ['a.b.wild.example.com', 404],
      ] as const) {
        assert.equal((await app.visit(host)).status, status, host);
      }
      dns.set('xn--bcher-kva.example.com', 'CNAME', site.hostname);
      const idn = await add(id, 'Bücher.example.com');
      assert.deepEqual([idn.status, idn.body.hostname], [201, 'xn--bcher-kva.example.com']);
      assert.equal((await get(id, 'bücher.example.com')).state, 'active');
      assert.equal((await app.visit('xn--bcher-kva.example.com')).status, 200);
      assert.equal((await remove(id, '*.wild.example.com')).body.state, 'removed');
      assert.equal((await app.visit('a.wild.example.com')).status, 404);
    });

    it('that nobody may bring are refused', async () => {
      const { service_id: id } = await activeSite(app.panel);
      for (const name of ['a..b', '192.0.2.1', 'localhost', '_x.example.com']) {
        expectProblem(await add(id, name), 400, 'domain_invalid');
      }
      for (const name of [
        'co.uk',
        'github.io',
        'sites.localhost',
        'x.sites.localhost',
        '*.sites.localhost',
        'proxy.host.example',
      ]) {
        expectProblem(await add(id, name), 400, 'domain_reserved');
      }
      assert.equal((await add(id, 'a/b.example.com')).status, 400);
      expectProblem(await remove(id, 'not-there.example.com'), 404, 'not_found');
      assert.deepEqual(await counted(id), [0, 0, 0]);
    });

    it("that are somebody else's are refused without a word of whose, by wildcards too", async () => {
      const mine = await activeSite(app.panel);
      const name = await active(mine);
      const parent = name.slice(name.indexOf('.'));
      const other = await app.newPanel();
      const theirs = await activeSite(other);
      for (const [client, site] of [
        [app.panel, await activeSite(app.panel)],
        [other, theirs],
      ] as const) {
        const refused = expectProblem(await add(site.service_id, name, waiting, client), 409, 'domain_taken');
        assert.ok(!refused.text.includes(mine.service_id) && !refused.text.includes(app.panel.panelId));
        expectProblem(await add(site.service_id, `*${parent}`, waiting, client), 409, 'domain_taken');
      }
      assert.equal((await add(theirs.service_id, `other${parent}`, waiting, other)).status, 202);
      dns.set(`*${parent}`, 'CNAME', mine.hostname);
      assert.equal((await add(mine.service_id, `*${parent}`)).status, 201);
      expectProblem(await add(theirs.service_id, `third${parent}`, waiting, other), 409, 'domain_taken');
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
        const token = added.map((answer) => tokenOf(answer.body)).filter(Boolean);
        dns.set(`_provisor-challenge.${name}`, 'TXT', ...token.map((each) => each.value));
        dns.set(name, 'CNAME', 'proxy.host.example');
        await Promise.all(pair.map((site) => verify(site.service_id, name)));
        const states = await Promise.all(pair.map(async (site) => (await get(site.service_id, name)).state ?? 'none'));
        assert.equal(states.filter((state) => state === 'active').length, 1, states.join());
      }
    });

    it('of which 64 are added at once on a plan of three are three, and the rest is told the figures', async () => {
      const { service_id: id } = await activeSite(app.panel);
      const answers = await Promise.all(Array.from({ length: 64 }, () => add(id, newName(), {} as typeof waiting)));
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

    it('stay on the route whatever is done to the site, and show what the site shows', async () => {
      const site = await activeSite(app.panel);
      const name = await active(site);
      const base = `/v1/sites/${site.service_id}`;
      for (const [call, body, status] of [
        ['/suspend', {}, 503],
        ['/unsuspend', {}, 200],
        ['/actions/stop', {}, 503],
        ['/actions/start', {}, 200],
        ['/actions/restart', {}, 200],
        ['/actions/reset', {}, 200],
        ['/upgrade', { plan: 'premium' }, 200],
        ['/proxy', { enabled: false }, 404],
        ['/actions/restart', {}, 404],
        ['/proxy', { enabled: true }, 200],
      ] as const) {
        const answer = await app.panel.call('POST', `${base}${call}`, body, waiting);
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await app.visit(name)).status, status, call);
        assert.equal((await app.visit(site.hostname)).status, status, call);
      }
      await app.panel.call('POST', `${base}/suspend`, {}, waiting);
      assert.match((await app.visit(name)).body, /suspended/i);
      expectProblem(await add(site.service_id, newName()), 403, 'service_suspended');
      expectProblem(await remove(site.service_id, name), 403, 'service_suspended');
      expectProblem(await verify(site.service_id, name), 403, 'service_suspended');
      assert.equal((await get(site.service_id, name)).state, 'active');
    });

    it('that come right while the site is suspended wait for it, also past their deadline', async () => {
      const site = await activeSite(app.panel);
      const id = site.service_id;
      const name = newName();
      await add(id, name);
      await app.panel.call('POST', `/v1/sites/${id}/suspend`, {}, waiting);
      dns.set(name, 'CNAME', site.hostname);
      offset += 80 * hour;
      app.serving.provisor.domainWatch.wake();
      await until('it waits for the site', async () => (await get(id, name)).reason === 'site_suspended');
      await app.panel.call('POST', `/v1/sites/${id}/unsuspend`, {}, waiting);
      assert.equal((await verify(id, name)).body.state, 'active');
    });

    it('forbid a plan that is too small for them', async () => {
      const site = await activeSite(app.panel, { plan: 'standard' });
      for (let n = 0; n < 4; n += 1) await add(site.service_id, newName(), {} as typeof waiting);
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

    it('go with their site, and rest', async () => {
      const site = await activeSite(app.panel);
      const name = await active(site);
      await add(site.service_id, newName());
      const ended = await app.panel.call('DELETE', `/v1/sites/${site.service_id}`, undefined, waiting);
      assert.equal(ended.status, 200, ended.text);
      assert.equal((await app.visit(name)).status, 404);
      const left = (await app.panel.call('GET', path(site.service_id))).body;
      assert.deepEqual(left, { data: [], quota: { used: 0, limit: 0, remaining: 0 } });
      expectProblem(await add((await activeSite(app.panel)).service_id, name), 409, 'domain_taken');
      expectProblem(await add(site.service_id, newName()), 409, 'service_deleted');
    });

    it("are another customer's business only", async () => {
      const site = await activeSite(app.panel, { customer_id: 'c-9' });
      const name = await active(site);
      const as = (customer: string) => `?customer_id=${customer}`;
      for (const rest of ['', `/${name}`]) {
        assert.equal((await app.panel.call('GET', `${path(site.service_id, rest)}${as('c-9')}`)).status, 200);
        assert.equal((await app.panel.call('GET', `${path(site.service_id, rest)}${as('c-8')}`)).status, 404);
      }
      const wish = { hostname: newName(), customer_id: 'c-8' };
      assert.equal((await app.panel.call('POST', path(site.service_id), wish)).status, 404);
      assert.equal((await app.panel.call('DELETE', `${path(site.service_id, `/${name}`)}${as('c-8')}`)).status, 404);
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
