/** E-mail, with the whole program and a real SMTP server: who is written to, how often, and what failures lead to. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Replacements } from '../../src/app.ts';
import { maxAttempts } from '../../src/deliveries/retry.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import { activeSite, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { figure, readFigures } from '../support/figures.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';

const day = 24 * 3_600_000;
const login = { user: 'provisor', pass: 'a pass/word' };

for (const database of databases) {
  describe(`E-mail, on ${database.name}`, () => {
    let app: TestApp;
    let server: MailServer;
    let compute: Breakable;
    /** Added to the database's clock. */
    let later = 0;

    const replacements: Replacements = {
      clockOffset: () => later,
      deliveries: { timing: { pollMs: 20 } },
      adapters: (configured) => {
        compute = breakable(configured.compute);
        return { ...configured, compute: compute.adapter };
      },
    };
    before(async () => {
      server = await startMailServer({ login });
      const telemetry = await createTelemetry({ clock: systemClock, version: '0.0.0', standard: false });
      app = await startApp(database, {
        environment: {
          PROVISOR_SMTP_URL: `smtp://provisor:${encodeURIComponent(login.pass)}@127.0.0.1:${server.port}`,
          PROVISOR_MAIL_FROM: 'Example Hosting <post@example.net>',
          PROVISOR_MAIL_CUSTOMERS: 'on',
          PROVISOR_MAIL_OPERATOR: 'operator@example.net',
          PROVISOR_METRICS_PORT: '0',
        },
        replacements: { ...replacements, telemetry },
      });
    });
    after(async () => {
      await app.stop();
      await server.stop();
    });
    afterEach(() => {
      server.refuse = null;
      server.received.length = 0;
    });

    const knex = () => app.serving.provisor.db.knex;
    const rows = (serviceId: string) =>
      knex()('deliveries').where({ channel: 'mail', service_id: serviceId }).orderBy('seq').orderBy('target');
    const until = async (what: string, wished: () => Promise<boolean>): Promise<void> => {
      const limit = AbortSignal.timeout(15_000);
      while (!(await wished())) {
        assert.ok(!limit.aborted, `it did not come to pass: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const ended = (serviceId: string, count: number) =>
      until(`${count} letters of ${serviceId} have ended`, async () => {
        const all = await rows(serviceId);
        return all.length === count && all.every(({ state }) => state !== 'pending');
      });
    const told = () => server.received.map(({ to, header }) => `${to} ${header('subject')}`);
    const call = async (serviceId: string, verb: string) => {
      const answer = await app.panel.call('POST', `/v1/sites/${serviceId}/${verb}`, {}, waiting);
      assert.ok(answer.status < 300, answer.text);
    };
    const pass = (ms: number) => {
      later += ms;
      app.serving.provisor.deliveries.wake();
    };
    const audited = async (serviceId: string) =>
      (await app.panel.call('GET', `/v1/audit?service_id=${serviceId}&action=mail.give-up`)).body.data;

    it('tells a customer once that the site is there, suspended, back and gone, and nothing of a backup', async () => {
      const site = await activeSite(app.panel);
      const { service_id: id, hostname } = site;
      await call(id, 'suspend');
      await call(id, 'unsuspend');
      const backup = await app.panel.call('POST', `/v1/sites/${id}/backups`, {}, { ...waiting, 'Idempotency-Key': id });
      assert.equal(backup.status, 201, backup.text);
      assert.ok((await app.panel.call('DELETE', `/v1/sites/${id}`, undefined, waiting)).status < 300);
      await ended(id, 4);
      const to = `${id}@example.com`;
      assert.deepEqual(told(), [
        `${to} Your site is ready: ${hostname}`,
        `${to} Your site is suspended: ${hostname}`,
        `${to} Your site is back: ${hostname}`,
        `${to} Your site has been deleted: service ${id}`,
      ]);
      const [first] = server.received;
      assert.ok(first?.text.includes(app.serving.provisor.providers.proxy.urlFor(hostname)));
      assert.deepEqual([first?.from, first?.user], ['post@example.net', 'provisor']);
      assert.deepEqual(
        (await rows(id)).map(({ state, attempts }) => [state, attempts]),
        Array.from({ length: 4 }, () => ['delivered', 1]),
      );
      assert.equal(new Set(server.received.map(({ header }) => header('message-id'))).size, 4);
    });

    it('tells customer and operator of a failure, each what is for them', async () => {
      const id = newServiceId();
      compute.before('create', async () => {
        throw new ProviderError('local', 'invalid', 'the disk of node-7 <broke>');
      });
      const wish = { service_id: id, email: 'ana@example.com', plan: 'basic' };
      await app.panel.call('POST', '/v1/sites', wish, waiting);
      compute.before('create', null);
      const { operation } = (await app.panel.call('GET', `/v1/sites/${id}`)).body;
      assert.equal(operation.state, 'failed');
      await ended(id, 2);
      const [customer, operator] = [...server.received].sort((a, b) => (a.to[0]! < b.to[0]! ? -1 : 1));
      assert.equal(customer?.header('subject'), `Setting up your site did not succeed: service ${id}`);
      assert.ok(customer.text.includes(operation.error.message), customer.text);
      assert.deepEqual(operator?.to, ['operator@example.net']);
      assert.equal(operator.header('subject'), `[Provisor] site.create failed: service ${id}`);
      assert.ok(operator.text.includes(`provisor operations show ${operation.id}`));
      for (const { text, html } of server.received) assert.doesNotMatch(text + html, /node-7/);
      assert.doesNotMatch(customer.text, /provisor|panel-/i);
    });

    it('holds up nobody while the server is down, and sends all in order when it is back', async () => {
      const { port } = server;
      await server.stop();
      const { service_id: id, hostname } = await activeSite(app.panel);
      await call(id, 'suspend');
      await until('a try has failed', async () => (await rows(id))[0]?.attempts === 1);
      const [waits] = await rows(id);
      assert.deepEqual(
        [waits.state, waits.error],
        ['pending', 'The mail server cannot be used: it refused the connection.'],
      );
      server = await startMailServer({ login, onPort: port });
      pass(10_000);
      await ended(id, 2);
      assert.deepEqual(told(), [
        `${id}@example.com Your site is ready: ${hostname}`,
        `${id}@example.com Your site is suspended: ${hostname}`,
      ]);
    });

    it('says the same to the byte when a server puts it off, and when it may have taken it', async () => {
      const seen: string[] = [];
      server.refuse = (at, value) => {
        if (at !== 'data') return null;
        seen.push(value);
        return seen.length === 1 ? { status: 451, text: '4.7.1 later' } : null;
      };
      const { service_id: id } = await activeSite(app.panel);
      await until('a try has failed', async () => (await rows(id))[0]?.attempts === 1);
      // The site has other names by now; the letter has not.
      await knex()('sites')
        .where({ email: `${id}@example.com` })
        .update({ email: 'other@example.com' });
      pass(10_000);
      await ended(id, 1);
      assert.equal(seen.length, 2);
      assert.equal(seen[0], seen[1]);
      assert.deepEqual(
        server.received.map(({ to }) => to),
        [[`${id}@example.com`]],
      );
    });

    it('ends with an address that is refused, and says so in the trail and the figures', async () => {
      server.refuse = (at) => (at === 'recipient' ? { status: 550, text: '5.1.1 no such user ana' } : null);
      const { service_id: id } = await activeSite(app.panel);
      await ended(id, 1);
      const [row] = await rows(id);
      const error = 'The mail server refuses the address (550 5.1.1).';
      assert.deepEqual([row.state, row.attempts, Number(row.response_status), row.error], ['failed', 1, 550, error]);
      const [entry] = await audited(id);
      assert.deepEqual(
        [entry.actor, entry.outcome, entry.details],
        ['engine', 'failed', { to: 'customer', event: 'site.create.done', error }],
      );
      const figures = readFigures(await (await fetch(app.serving.metricsUrl!)).text());
      const count = (outcome: string) => figure(figures, 'provisor_deliveries_total', { channel: 'mail', outcome });
      assert.equal(count('given-up'), 1);
      assert.ok((count('delivered') ?? 0) >= 4 && (count('put-off') ?? 0) >= 2);
      // What comes after it is sent.
      server.refuse = null;
      await call(id, 'suspend');
      await ended(id, 2);
      assert.equal(server.received.length, 1);
    });

    it('gives up after its last try, and says so', async () => {
      server.refuse = (at) => (at === 'recipient' ? { status: 450, text: '4.2.0 busy' } : null);
      const { service_id: id } = await activeSite(app.panel);
      for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
        await until(`try ${attempt}`, async () => (await rows(id))[0]?.attempts === attempt);
        await knex()('delivery_lanes').where('lane', 'like', `%:${id}`).update({ due_at: 0 });
        app.serving.provisor.deliveries.wake();
      }
      await ended(id, 1);
      assert.equal((await rows(id))[0].attempts, maxAttempts);
      assert.equal((await audited(id)).length, 1);
    });

    it('sends nothing that is a week old, and nothing to what is no address', async () => {
      const tidings = async (email: string, prepare: () => void): Promise<string> => {
        server.refuse = () => ({ status: 421, text: 'not now' });
        const { service_id: id } = await activeSite(app.panel);
        await until('a try has failed', async () => (await rows(id))[0]?.attempts === 1);
        const [row] = await rows(id);
        await knex()('deliveries')
          .where({ id: row.id })
          .update({ facts: JSON.stringify({ ...JSON.parse(row.facts), to: email }) });
        server.refuse = null;
        prepare();
        pass(10_000);
        await ended(id, 1);
        return (await rows(id))[0].error;
      };
      const hostile = 'ana@example.com>\r\nRCPT TO:<all@example.org';
      assert.match(await tidings(hostile, () => {}), /none that e-mail can be sent to/);
      assert.match(await tidings('ana@example.com', () => pass(8 * day)), /too old to be news/);
      assert.equal(server.received.length, 0);
    });
  });
}
