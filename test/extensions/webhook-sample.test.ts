/** The sample in PHP of deploy/webhooks.md, run as it is written there: what it lets in, and what not. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeSecret, sealSecret, sign } from '../../src/features/webhooks/signature.ts';
import { newId } from '../../src/kit/ids.ts';
import { read } from '../support/sources.ts';

const pepper = 'a pepper for tests only';
const samples = [...read('deploy/webhooks.md').matchAll(/^```php\n([\s\S]*?)^```/gm)].map(([, code]) => code);

describe('The sample in PHP that checks a call of a webhook', () => {
  const folder = mkdtempSync(join(tmpdir(), 'provisor-sample-'));
  const [webhook, secret] = [newId(), makeSecret()];
  const body = '{"type":"site.create.done","timestamp":"2026-01-02T03:04:05.000Z","data":{"service_id":"ș-1"}}';
  let server: ReturnType<typeof spawn>;
  let url = '';

  const start = async (withSecret: string): Promise<void> => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    await once(probe.close(), 'close');
    server = spawn('php', ['-S', `127.0.0.1:${port}`, join(folder, 'hook.php')], {
      env: { ...process.env, PROVISOR_WEBHOOK_SECRET: withSecret },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    for await (const chunk of server.stderr!.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (said.includes('started')) break;
    }
    assert.match(said, /started/);
    server.stderr!.resume();
    url = `http://127.0.0.1:${port}/`;
  };
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  };

  before(async () => {
    assert.equal(samples.length, 1);
    writeFileSync(join(folder, 'hook.php'), `<?php\n${samples[0]}`);
    await start(secret);
  });
  after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const seal = (text: string) => sealSecret(pepper, webhook, text);
  const signed = (options: { at?: number; by?: string; old?: string } = {}): Record<string, string> => {
    const at = options.at ?? Date.now();
    const keys = {
      id: webhook,
      secret: seal(options.by ?? secret),
      oldSecret: options.old === undefined ? null : seal(options.old),
      oldSecretUntil: at + 1_000,
    };
    return sign(pepper, keys, { id: 'evt-1', at, body });
  };
  const send = async (headers: Record<string, string>, text = body) =>
    (await fetch(url, { method: 'POST', headers, body: text })).status;

  it('lets in what we have signed, also while two secrets hold', async () => {
    assert.equal(await send(signed()), 204);
    assert.equal(await send(signed({ by: makeSecret(), old: secret })), 204);
  });

  it('refuses what is forged: by another secret, with another body, id or time, or none', async () => {
    assert.equal(await send(signed({ by: makeSecret() })), 400);
    assert.equal(await send(signed(), body.replace('done', 'gone')), 400);
    assert.equal(await send({ ...signed(), 'webhook-id': 'evt-2' }), 400);
    const good = signed();
    assert.equal(await send({ ...good, 'webhook-timestamp': String(Number(good['webhook-timestamp']) + 1) }), 400);
    const { 'webhook-signature': signature, ...bare } = good;
    assert.equal(await send(bare), 400);
    for (const bad of ['', 'v1,', signature!.slice(3), `v2,${signature!.slice(3)}`])
      assert.equal(await send({ ...bare, 'webhook-signature': bad }), 400, bad);
  });

  it('refuses what is stale, though we have signed it', async () => {
    assert.equal(await send(signed({ at: Date.now() - 310_000 })), 400);
    assert.equal(await send(signed({ at: Date.now() + 310_000 })), 400);
    assert.equal(await send(signed({ at: Date.now() - 290_000 })), 204);
  });

  it('lets nothing in while it has no secret, which anybody could sign with', async () => {
    await stop();
    await start('');
    const at = Math.floor(Date.now() / 1000);
    const forged = createHmac('sha256', '').update(`evt-1.${at}.${body}`).digest('base64');
    const headers = { 'webhook-id': 'evt-1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${forged}` };
    assert.equal(await send(headers), 500);
  });
});
