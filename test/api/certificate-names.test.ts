/** What a reverse proxy is told that asks, without a key, whether a name may have a certificate. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createCertificateNames } from '../../src/features/domains/certificate-names.ts';
import { createSiteStore } from '../../src/features/sites/site-store.ts';
import { AppError } from '../../src/kit/errors.ts';
import { expectProblem, sendAsIs } from '../support/answers.ts';
import { activeSite, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startDns, type TestDns } from '../support/dns-server.ts';
import { domainCalls, newName } from '../support/domains.ts';
import { handClock } from '../support/hand-clock.ts';

for (const database of databases) {
  describe(`certificates, on ${database.name}`, () => {
    let app: TestApp;
    let dns: TestDns;
    before(async () => {
      dns = await startDns();
      app = await startApp(database, {
        environment: { PROVISOR_RESOLVERS: dns.server, PROVISOR_PUBLIC_IP: '203.0.113.10' },
      });
    });
    after(async () => {
      await app.stop();
      await dns.stop();
    });
    const domains = domainCalls(() => ({ app, dns }));
    const ask = (name: string) =>
      sendAsIs(app.serving.url, { method: 'GET', path: `/certificates/ask?domain=${encodeURIComponent(name)}` });
    const may = async (name: string): Promise<boolean> => {
      const answer = await ask(name);
      // What can be no name does not fit the contract.
      if (answer.status !== 200 && answer.status !== 400) expectProblem(answer, 404, 'not_found');
      return answer.status === 200;
    };

    it('are for names that lead to a site, in any case and with the last dot', async () => {
      const site = await activeSite(app.panel);
      const custom = await domains.active(site);
      assert.deepEqual((await ask(custom)).body, { hostname: custom, certificate: true });
      for (const name of [site.hostname, custom.toUpperCase(), `${custom}.`]) assert.equal(await may(name), true, name);
    });

    it('are for nothing else', async () => {
      const site = await activeSite(app.panel);
      const [wished, removed] = [newName(), await domains.active(site)];
      await domains.add(site.service_id, wished);
      await domains.remove(site.service_id, removed);
      const parent = newName('example.org');
      dns.set(`*.${parent}`, 'CNAME', site.hostname);
      dns.set(`_provisor-challenge.${parent}`, 'TXT', '');
      const wild = await domains.add(site.service_id, `*.${parent}`);
      const { value } = wild.body.records.find(({ purpose }: { purpose: string }) => purpose === 'ownership');
      dns.set(`_provisor-challenge.${parent}`, 'TXT', value);
      await domains.verify(site.service_id, `*.${parent}`);
      assert.equal((await app.visit(`any.${parent}`)).status, 200);
      const [label, ...suffix] = site.hostname.split('.');
      for (const name of [
        wished,
        removed,
        `any.${parent}`,
        `*.${parent}`,
        `x.${site.hostname}`,
        suffix.join('.'),
        label,
        `.${suffix.join('.')}`,
        'nowhere.test',
        '127.0.0.1',
        '..',
        "a' OR 1=1 --",
        '%',
        `_.${suffix.join('.')}`,
      ]) {
        assert.equal(await may(name), false, name);
      }
      for (const path of [
        '/certificates/ask',
        '/certificates/ask?domain=',
        `/certificates/ask?domain=${'a'.repeat(300)}`,
      ]) {
        expectProblem(await sendAsIs(app.serving.url, { method: 'GET', path }), 400, 'invalid_request');
      }
    });

    it('come and go with the site, and with its way in', async () => {
      const site = await activeSite(app.panel);
      const custom = await domains.active(site);
      const call = async (rest: string, body: object = {}) => {
        const answer = await app.panel.call('POST', `/v1/sites/${site.service_id}${rest}`, body, waiting);
        assert.equal(answer.status, 200, answer.text);
      };
      const both = async () => [await may(site.hostname), await may(custom)];
      await call('/suspend');
      // Its page says so over HTTPS too.
      assert.deepEqual(await both(), [true, true]);
      await call('/unsuspend');
      await call('/proxy', { enabled: false });
      assert.deepEqual(await both(), [false, false]);
      await call('/proxy', { enabled: true });
      assert.deepEqual(await both(), [true, true]);
      await app.panel.call('DELETE', `/v1/sites/${site.service_id}`, undefined, waiting);
      assert.deepEqual(await both(), [false, false]);
    });

    it('are asked for so many times a second', async () => {
      const { hostname } = await activeSite(app.panel);
      const clock = handClock();
      const { db, config } = app.serving.provisor;
      const sites = createSiteStore({ domain: config.PROVISOR_SITE_DOMAIN });
      const names = createCertificateNames({ db, clock, sites, mostPerSecond: 3 });
      const wait = (error: unknown) => error instanceof AppError && error.code === 'rate_limited';
      for (let at = 0; at < 3; at += 1) assert.equal(await names.require(hostname), hostname);
      await assert.rejects(names.require(hostname), wait);
      clock.advance(400);
      assert.equal(await names.require(hostname), hostname);
      await assert.rejects(names.require(hostname), wait);
      clock.advance(60_000);
      for (let at = 0; at < 3; at += 1) await names.require(hostname);
      await assert.rejects(names.require(hostname), wait);
    });

    it('leave no error in the log', () => assert.deepEqual(app.logged, []));
  });
}
