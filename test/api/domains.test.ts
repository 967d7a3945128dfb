import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ReverseProxy } from '../../src/ports/proxy.ts';
import { expectProblem } from '../support/answers.ts';
import { activeSite, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startDns, type TestDns } from '../support/dns-server.ts';
import { domainCalls, domainsPath, newName, tokenOf } from '../support/domains.ts';
import { until } from '../support/idle.ts';

const hour = 3600_000;

for (const database of databases) {
  describe(`custom domains on ${database.name}`, () => {
    let app: TestApp;
    let dns: TestDns;
    let offset = 0;
    /** The call of the proxy that is refused when it comes next, once: what takes it back may be the same call. */
    let refused: keyof ReverseProxy | null = null;
    /** Whether the proxy says that it takes wildcards. */
    let wildcards = true;
    const refusing = (adapter: Adapter<ReverseProxy>): Adapter<ReverseProxy> => ({
      ...adapter,
      port: new Proxy(adapter.port, {
        get: (target, name: keyof ReverseProxy) => {
          if (name === 'wildcards') return wildcards;
          if (name !== refused) return target[name];
          refused = null;
          throw new ProviderError('proxy/local', 'invalid', 'refused by the test');
        },
      }),
    });
    before(async () => {
      dns = await startDns();
      app = await startApp(database, {
        environment: { PROVISOR_RESOLVERS: dns.server, PROVISOR_PROXY_NAME: 'proxy.host.example' },
        replacements: {
          clockOffset: () => offset,
          adapters: (configured) => ({ ...configured, proxy: refusing(configured.proxy) }),
        },
      });
    });
    after(async () => {
      await app.stop();
      await dns.stop();
    });

    const { add, get, verify, remove, quota, active, counted } = domainCalls(() => ({ app, dns }));

    it('are told which records to set and what is there instead, and lead to the site once that is right', async () => {
      const site = await activeSite(app.panel);
      const { service_id: id, hostname: own } = site;
      const name = newName();
      dns.set(name, 'A', '198.51.100.7');
      const added = await add(id, name);
      assert.equal(added.status, 202, added.text);
      assert.equal(added.headers.location, domainsPath(id, `/${name}`));
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
      assert.match(verified.body.url, new RegExp(`^http://${name}[:/]`));
      assert.equal((await app.visit(name)).status, 200);
      assert.equal((await app.visit(name)).body, (await app.visit(own)).body);
      assert.equal((await add(id, name)).status, 200);
      assert.deepEqual(await quota(id), { used: 1, limit: 3, remaining: 2 });
    });

    it('are looked at in the background until they are right', async () => {
      const site = await activeSite(app.panel);
      const name = newName();
      const added = await add(site.service_id, name, { wait: false });
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
      const name = newName('org');
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
      wildcards = false;
      expectProblem(await add(id, '*.wild.example.com'), 409, 'not_supported');
      wildcards = true;
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

    it('of a stopped site show that it is stopped', async () => {
      const site = await activeSite(app.panel);
      await app.panel.call('POST', `/v1/sites/${site.service_id}/actions/stop`, {}, waiting);
      const name = await active(site);
      assert.equal((await app.visit(name)).status, 503);
      await app.panel.call('POST', `/v1/sites/${site.service_id}/actions/start`, {}, waiting);
      assert.equal((await app.visit(name)).status, 200);
    });

    it('that lead elsewhere later stay active, and say so when they are looked at', async () => {
      const site = await activeSite(app.panel);
      const name = await active(site);
      dns.set(name, 'CNAME', 'elsewhere.example.net');
      const { body } = await verify(site.service_id, name);
      assert.deepEqual([body.state, body.reason, body.next_check_at], ['active', 'not_pointing', null]);
      assert.match(body.message, /does not lead here: it leads to elsewhere\.example\.net/);
      assert.equal((await app.visit(name)).status, 200);
    });

    it('that cannot be set up wait and are tried again, up to their deadline', async () => {
      const site = await activeSite(app.panel);
      const id = site.service_id;
      const name = newName();
      dns.set(name, 'CNAME', site.hostname);
      refused = 'ensureCertificate';
      const added = await add(id, name);
      assert.deepEqual(
        [added.status, added.body.state, added.body.reason, added.body.operation.state],
        [202, 'pending_verification', 'infrastructure', 'failed'],
      );
      assert.ok(added.body.next_check_at !== null);
      assert.equal((await app.visit(name)).status, 404, 'the route was taken back');
      assert.deepEqual(await counted(id), [1, 1, 0]);
      offset += 73 * hour;
      refused = 'putRoute';
      const late = (await verify(id, name)).body;
      assert.deepEqual([late.state, late.reason, late.next_check_at], ['failed', 'infrastructure', null]);
      assert.deepEqual(await counted(id), [0, 0, 0]);
      assert.equal((await verify(id, name)).body.state, 'active');
      assert.equal((await app.visit(name)).status, 200);
    });

    it('that cannot be taken off stay as they were', async () => {
      const site = await activeSite(app.panel);
      const name = await active(site);
      refused = 'putRoute';
      expectProblem(await remove(site.service_id, name), 409, 'operation_failed');
      assert.equal((await get(site.service_id, name)).state, 'active');
      assert.equal((await app.visit(name)).status, 200);
      assert.deepEqual(await counted(site.service_id), [1, 1, 1]);
    });

    it('go with their site, and rest', async () => {
      const site = await activeSite(app.panel);
      const name = await active(site);
      await add(site.service_id, newName());
      const ended = await app.panel.call('DELETE', `/v1/sites/${site.service_id}`, undefined, waiting);
      assert.equal(ended.status, 200, ended.text);
      assert.equal((await app.visit(name)).status, 404);
      const left = (await app.panel.call('GET', domainsPath(site.service_id))).body;
      assert.deepEqual(left, { data: [], quota: { used: 0, limit: 0, remaining: 0 } });
      expectProblem(await add((await activeSite(app.panel)).service_id, name), 409, 'domain_taken');
      expectProblem(await add(site.service_id, newName()), 409, 'service_deleted');
    });

    it('leave no error in the log', () => assert.deepEqual(app.logged, []));
  });
}
