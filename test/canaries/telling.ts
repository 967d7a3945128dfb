/** Secrets of those whom others are told by: of webhooks, and of a mail server that quotes whatever it was sent. */
import assert from 'node:assert/strict';
import { startMailServer } from '../support/mail-server.ts';
import type { Canaries } from './planted.ts';
import type { Stage } from './stage.ts';

export interface QuotingMailServer {
  settings: Record<string, string>;
  /** Lets in whoever has the password from now on, and refuses each address with it. */
  open(): void;
  /** How often a letter was refused with all that the server knows. */
  refused(): number;
  stop(): Promise<void>;
}

/** A server that refuses whatever comes, and says why with the password in it. */
export const startQuotingMailServer = async (canaries: Canaries, name: string): Promise<QuotingMailServer> => {
  const user = 'canary';
  const pass = canaries.plant(`${name}: password of the mail server`, (random) => `canary/${random}+%`);
  const sent = Buffer.from(`\0${user}\0${pass}`).toString('base64');
  canaries.notice(`${name}: what lets in at the mail server`, sent);
  const server = await startMailServer({ login: { user, pass } });
  let refused = 0;
  const quote = (status: number) => {
    refused += 1;
    return { status, text: `5.7.1 you sent ${pass} as ${sent}` };
  };
  server.refuse = () => quote(535);
  return {
    settings: {
      PROVISOR_SMTP_URL: `smtp://${user}:${encodeURIComponent(pass)}@127.0.0.1:${server.port}`,
      PROVISOR_MAIL_FROM: 'post@example.net',
      PROVISOR_MAIL_CUSTOMERS: 'on',
      PROVISOR_MAIL_OPERATOR: 'operator@example.net',
      PROVISOR_WEBHOOK_HTTP: 'on',
      PROVISOR_WEBHOOK_ALLOW: '127.0.0.1',
    },
    open: () => {
      server.refuse = (at) => (at === 'recipient' ? quote(550) : null);
    },
    refused: () => refused,
    stop: server.stop,
  };
};

const until = async (what: string, wished: () => Promise<boolean>): Promise<void> => {
  const limit = AbortSignal.timeout(20_000);
  while (!(await wished())) {
    assert.ok(!limit.aborted, `it did not come to pass: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Makes webhooks and events, and has them told to those who quote. */
export const walkTelling = async (
  canaries: Canaries,
  stage: Stage,
  others: { mail: QuotingMailServer; webhookUrl: string },
  runCli: (args: string[]) => Promise<number>,
): Promise<void> => {
  const { name, call } = stage;
  const { db, deliveries } = stage.serving.provisor;
  const note = (which: string, { secret }: { secret: string }) => {
    assert.match(secret, /^whsec_/);
    canaries.notice(`${name}: ${which} of a webhook`, secret.slice('whsec_'.length));
  };
  const made = await call('POST', '/v1/webhooks', { url: others.webhookUrl }, { 'Idempotency-Key': `webhook-${name}` });
  assert.equal(made.status, 201, made.text);
  note('secret', made.body);
  const { id } = made.body;
  const rotated = await call('POST', `/v1/webhooks/${id}/rotate`, {});
  note('new secret', rotated.body);
  assert.equal((await call('POST', `/v1/webhooks/${id}/test`)).status, 202);
  const wish = { service_id: 'told', email: 'told@example.com', plan: 'basic' };
  assert.equal((await call('POST', '/v1/sites', wish, { Prefer: 'wait=20' })).status, 201);
  const tried = async (channel: string) =>
    (await db.knex('deliveries').where({ channel }).where('attempts', '>', 0)).length > 0;
  await until('a webhook was called', () => tried('webhook'));
  await until('a mail server was asked', () => tried('mail'));
  await runCli(['doctor']);
  assert.notEqual(await runCli(['mail', 'test', 'told@example.com']), 0);
  // From now on it gets as far as the address.
  others.mail.open();
  await db.knex('delivery_lanes').where({ channel: 'mail' }).whereNotNull('due_at').update({ due_at: 0 });
  deliveries.wake();
  await until(
    'a letter was given up',
    async () => (await db.knex('audit').where({ action: 'mail.give-up' })).length > 0,
  );
  assert.ok(others.mail.refused() > 2);
  assert.notEqual(await runCli(['mail', 'test', 'told@example.com', '--json']), 0);
  for (const path of [`/v1/webhooks/${id}`, `/v1/webhooks/${id}/deliveries`, '/v1/webhooks', '/v1/audit']) {
    const answer = await call('GET', path);
    assert.equal(answer.status, 200);
    canaries.collect(`${name}: webhooks and trail as they are read`, answer.text);
  }
  for (const args of [
    ['webhooks', 'list', 'canary'],
    ['webhooks', 'show', 'canary', id],
    ['webhooks', 'deliveries', 'canary', id, '--json'],
  ])
    assert.equal(await runCli(args), 0);
};
