import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { quiet, startApp, type TestApp } from '../../test/support/app.ts';
import { databases } from '../../test/support/databases.ts';
import { startMailServer } from '../../test/support/mail-server.ts';
import { createMail } from '../features/mail/mail.ts';
import type { SmtpServer } from '../features/mail/smtp.ts';
import { checkBacklog } from './check-deliveries.ts';
import { checkMail, checkMailBacklog } from './check-mail.ts';
import { checkWebhooks } from './check-webhooks.ts';

const hour = 3_600_000;
const words = { what: 'Events', remedy: 'look' };

const login = { user: 'provisor', pass: 'canary-password' };
const mailAt = (server: Partial<SmtpServer> & { port: number }) =>
  createMail(
    {
      server: { host: '127.0.0.1', secure: false, startTls: 'required', login, ...server },
      from: { name: '', address: 'post@example.net' },
      customers: true,
      operator: null,
      language: 'en',
    },
    {
      now: async () => 0,
      log: quiet,
      trail: { append: async () => 1 },
      siteOf: async () => null,
      panelNameOf: async () => null,
      urlOf: (hostname) => hostname,
    },
  );

describe('what waits', () => {
  it('is fine for a while, and then is not', () => {
    const check = (services: number, oldestMs: number, overdueMs: number) =>
      checkBacklog('webhooks', { services, oldestMs, overdueMs }, words).map(
        ({ state, finding }) => `${state} ${finding}`,
      );
    assert.deepEqual(check(0, 0, 0), []);
    assert.deepEqual(check(3, hour, 1_000), []);
    assert.deepEqual(check(3, 5 * hour, 0), ['bad Events of 3 services wait, the oldest for 5 hours.']);
    assert.deepEqual(check(1, 5 * hour, 0), ['bad Events of 1 service wait, the oldest for 5 hours.']);
    assert.deepEqual(check(1, 5 * hour, 10 * 60_000), [
      'bad Events have been due for 10 minutes, and nobody sends them.',
    ]);
  });

  for (const database of databases) {
    describe(`is read from the database, on ${database.name}`, () => {
      let app: TestApp;
      let later = 0;
      before(async () => {
        app = await startApp(database, {
          environment: { PROVISOR_WORKERS: '0', PROVISOR_WEBHOOK_HTTP: 'on', PROVISOR_WEBHOOK_ALLOW: '127.0.0.1' },
          replacements: { clockOffset: () => later },
        });
      });
      after(() => app.stop());

      it('names webhooks that are disabled, that fail, and what nobody sends', async () => {
        const { provisor } = app.serving;
        const found = async () =>
          (await checkWebhooks(provisor)).map(({ state, finding, remedy = '' }) => [state, finding, remedy]);
        assert.deepEqual(await found(), [['good', 'Nothing is disabled, failing or late.', '']]);
        const make = async (): Promise<string> =>
          (await app.panel.call('POST', '/v1/webhooks', { url: 'http://127.0.0.1:1/' })).body.id;
        const [dead, gone, failing, off] = [await make(), await make(), await make(), await make()];
        const set = (id: string, patch: object) => provisor.db.knex('webhooks').where({ id }).update(patch);
        await set(dead, { enabled: 0, disabled_reason: 'failing' });
        await set(gone, { enabled: 0, disabled_reason: 'gone' });
        await set(failing, { failing_since: (await provisor.db.now()) - 2 * hour });
        await set(off, { enabled: 0, disabled_reason: 'panel' });
        const [first, second, third, ...rest] = await found();
        assert.deepEqual(rest, []);
        assert.deepEqual(first?.slice(0, 2), [
          'bad',
          `Nothing could be delivered for three days, so these are disabled: ${dead}.`,
        ]);
        const panel = await provisor.panels.nameOf(provisor.db.knex, app.panel.panelId);
        assert.ok(first?.[2]?.includes(`provisor webhooks enable ${panel} ${dead}`));
        assert.deepEqual(second?.slice(0, 2), ['note', `These answered that they want no more events: ${gone}.`]);
        assert.match(
          third?.[1] ?? '',
          new RegExp(
            `^These do not take events now, for up to 2 hours.*: ${failing}\\. provisor webhooks deliveries ${panel} ${failing}`,
          ),
        );

        assert.equal((await app.panel.call('POST', `/v1/webhooks/${failing}/test`)).status, 202);
        assert.equal((await found()).length, 3);
        later = 10 * 60_000;
        assert.match((await found())[3]?.[1] ?? '', /^Events have been due for 10 minutes, and nobody sends them/);
        // It was tried meanwhile, and is tried again tomorrow.
        await provisor.db.knex('delivery_lanes').update({ due_at: (await provisor.db.now()) + 24 * hour });
        later = 3 * hour;
        assert.match((await found())[3]?.[1] ?? '', /^Events of 1 service wait, the oldest for 3 hours/);
        await provisor.db.knex('deliveries').update({ channel: 'mail' });
        await provisor.db.knex('delivery_lanes').update({ channel: 'mail' });
        assert.equal((await found()).length, 3);
        assert.deepEqual(await checkMailBacklog(provisor), []);
        const on = { channel: mailAt({ port: 1 }).channel };
        const [mail] = await checkMailBacklog({ mail: on, deliveries: provisor.deliveries });
        assert.match(mail?.finding ?? '', /^Messages of 1 service wait, the oldest for 3 hours/);
      });
    });
  }
});

describe('the mail server', () => {
  const found = async (mail: ReturnType<typeof mailAt>, timeoutMs = 5_000, tls: 'required' | 'off' = 'required') => {
    const [finding, ...rest] = await checkMail({ PROVISOR_SMTP_TLS: tls }, mail, timeoutMs);
    assert.deepEqual(rest, []);
    assert.doesNotMatch(JSON.stringify(finding), /canary/);
    return finding!;
  };

  it('is asked to let us in, and what stands in the way is said with what to do', async () => {
    const server = await startMailServer({ login });
    const { port } = server;
    try {
      assert.deepEqual((await found(mailAt({ port }))).finding, 'The mail server on this machine lets us in.');
      assert.equal((await found(mailAt({ port, startTls: 'off' }), 5_000, 'off')).state, 'note');
      const wrong = await found(mailAt({ port, login: { ...login, pass: 'canary-other' } }));
      assert.deepEqual(
        [wrong.state, wrong.finding],
        ['bad', 'The mail server does not take the user and password (535 5.7.8).'],
      );
      assert.match(wrong.remedy ?? '', /user and password of PROVISOR_SMTP_URL/);
      const plain = await found(mailAt({ port, host: '::ffff:127.0.0.1' }));
      assert.match(plain.remedy ?? '', /smtps:\/\//);
      assert.equal(server.received.length, 0);
    } finally {
      await server.stop();
    }
    const away = await found(mailAt({ port }));
    assert.deepEqual([away.state, away.finding], ['bad', 'The mail server cannot be used: it refused the connection.']);
  });

  it('is not waited for without an end', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    assert.equal((await found(mailAt({ port }), 200)).finding, 'The mail server did not answer in time.');
    silent.close();
  });
});
