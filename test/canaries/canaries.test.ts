/**
 * Secrets are planted wherever one is held, calls are made that go well and that
 * fail in every way, and everything that left the program is searched for them.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { createPowerDns } from '../../src/adapters/dns/powerdns/index.ts';
import type { Database } from '../../src/database/database.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import { createScrub, scrubError } from '../../src/kit/secrets.ts';
import { waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type Echo, startEcho } from './echo.ts';
import { createCanaries } from './planted.ts';
import { openStage, type Stage } from './stage.ts';
import { startQuotingMailServer, walkTelling } from './telling.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const canaries = createCanaries();
const statuses = [200, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503];

/** What the operator types beside the server, with what it prints. The providers that it asks are in this process. */
const runCli = async (
  place: string,
  directory: string,
  environment: Record<string, string>,
  args: string[],
): Promise<number> => {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: directory,
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const told = (chunk: Buffer) => canaries.collect(`${place}: provisor ${args.slice(0, 2).join(' ')}`, String(chunk));
  child.stdout.on('data', told);
  child.stderr.on('data', told);
  const [code, signal] = await once(child, 'close');
  assert.equal(signal, null, `provisor ${args.join(' ')} does not end`);
  return code;
};

/** Every asynchronous method of a port, with values that get as far as the provider. */
const questions = (stage: Stage, limitMs: number): (() => Promise<unknown>)[] => {
  const { compute, dns, proxy } = stage.serving.provisor.providers;
  const signal = () => AbortSignal.timeout(limitMs);
  const ref = { name: 'svc-canary', vmid: 4242, privateIp: '192.168.1.150' };
  const route = {
    id: 'svc-canary',
    hostnames: ['canary.sites.example.com'],
    upstream: { scheme: 'http' as const, host: '192.0.2.1', port: 80 },
    page: 'site' as const,
    enabled: true,
    redirectHttps: false,
    tls: 'off' as const,
  };
  const rrset = { name: 'www.example.com.', type: 'A' as const, ttl: 300, rdata: ['192.0.2.1'] };
  return [
    () => compute.status(ref, signal()),
    () => compute.start(ref, signal()),
    () => compute.listSnapshots(ref, signal()),
    () => compute.destroy(ref, signal()),
    () => compute.list(signal()),
    () => dns.listZones(signal()),
    () => dns.getZone('example.com.', signal()),
    () => dns.createZone({ name: 'example.com.', owner: 'canary', nameservers: ['ns1.example.net.'] }, signal()),
    () => dns.applyChanges('example.com.', [{ op: 'create', new: rrset }], signal()),
    () => dns.deleteZone({ name: 'example.com.', owner: 'canary' }, signal()),
    () => proxy.listRoutes(signal()),
    () => proxy.putRoute(route, signal()),
    () => proxy.deleteRoute('svc-canary', signal()),
  ];
};

const walkProviders = async (stage: Stage, echoes: Echo[], limitMs = 3_000): Promise<void> => {
  for (const status of statuses) {
    for (const echo of echoes) echo.status = status;
    for (const ask of questions(stage, limitMs)) {
      const told = await ask().then(
        () => '',
        (error: unknown) => inspect(error, { depth: null, showHidden: true }),
      );
      canaries.collect(`${stage.name}: what providers throw`, told);
    }
  }
  // Through the engine: into the rows of operations and steps, the audit, the outbox and the log.
  for (const [at, status] of [400, 401].entries()) {
    for (const echo of echoes) echo.status = status;
    const wish = { service_id: `failing-${at}`, email: `failing-${at}@example.com`, plan: 'basic' };
    const answer = await stage.call('POST', '/v1/sites', wish, waiting);
    assert.ok(answer.status >= 200);
    await stage.call('GET', `/v1/sites/failing-${at}/status`);
  }
  assert.ok(
    echoes.every(({ asked }) => asked > 0),
    `${stage.name}: a provider was never asked`,
  );
  const { data } = (await stage.call('GET', '/v1/operations')).body;
  assert.ok(data.length > 0);
  const shared = { ...stage.environment, PROVISOR_LOG_LEVEL: 'debug' };
  await runCli(stage.name, stage.directory, shared, ['operations', 'list', '--json']);
  for (const { id } of data) await runCli(stage.name, stage.directory, shared, ['operations', 'show', id]);
  await runCli(stage.name, stage.directory, shared, ['doctor']);
};

describe('Canaries', { concurrency: 1 }, () => {
  let directory: string;
  let plain: Echo;
  let overTls: Echo;
  let certificate: ReturnType<typeof selfSigned>;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'provisor-canaries-'));
    certificate = selfSigned(directory);
    plain = await startEcho();
    overTls = await startEcho(certificate);
  });
  after(async () => {
    await plain.stop();
    await overTls.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const keyFile = async (name: string): Promise<string> => {
    const file = join(directory, name);
    const inside = canaries.plant(`private key of ${name}`, (random) => `canary${random}`);
    await writeFile(file, `-----BEGIN OPENSSH PRIVATE KEY-----\n${inside}\n-----END OPENSSH PRIVATE KEY-----\n`);
    return file;
  };
  const hostKey = `SHA256:${'A'.repeat(43)}`;

  it('are not quoted by Cloudflare and Nginx Proxy Manager', async () => {
    const stage = await openStage(canaries, 'cloudflare', {
      PROVISOR_DNS: 'cloudflare',
      PROVISOR_CLOUDFLARE_URL: plain.url,
      PROVISOR_CLOUDFLARE_TOKEN: canaries.plant('token of Cloudflare'),
      PROVISOR_CLOUDFLARE_ACCOUNT_ID: '0'.repeat(32),
      PROVISOR_PROXY: 'nginx-proxy-manager',
      PROVISOR_NPM_URL: plain.url,
      PROVISOR_NPM_IDENTITY: 'operator@example.com',
      PROVISOR_NPM_SECRET: canaries.plant('password of Nginx Proxy Manager'),
    });
    await walkProviders(stage, [plain]);
    await stage.close();
  });

  it('are not quoted by PowerDNS and Proxmox', async () => {
    const stage = await openStage(canaries, 'powerdns', {
      PROVISOR_DNS: 'powerdns',
      PROVISOR_POWERDNS_URL: plain.url,
      PROVISOR_POWERDNS_API_KEY: canaries.plant('key of PowerDNS'),
      PROVISOR_COMPUTE: 'proxmox',
      PROVISOR_PROXMOX_URL: overTls.url,
      PROVISOR_PROXMOX_TOKEN_ID: 'provisor@pve!one',
      PROVISOR_PROXMOX_TOKEN_SECRET: canaries.plant('token of Proxmox'),
      PROVISOR_PROXMOX_FINGERPRINT: certificate.fingerprint,
      PROVISOR_PROXMOX_TEMPLATE: 'local:vztmpl/wordpress.tar.zst',
      PROVISOR_PROXMOX_SSH_KEY_FILE: await keyFile('proxmox'),
      PROVISOR_PROXMOX_SSH_HOST_KEY: hostKey,
    });
    await walkProviders(stage, [plain, overTls]);
    await stage.close();
  });

  it('are not quoted by ISPConfig, Kubernetes and nginx over SSH', async () => {
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'one', cluster: { server: overTls.url, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'one', user: { token: canaries.plant('token of Kubernetes') } }],
        contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
        'current-context': 'one',
      }),
    );
    const stage = await openStage(canaries, 'kubernetes', {
      PROVISOR_DNS: 'ispconfig',
      PROVISOR_ISPCONFIG_URL: plain.url,
      PROVISOR_ISPCONFIG_USER: 'provisor',
      PROVISOR_ISPCONFIG_PASSWORD: canaries.plant('password of ISPConfig'),
      PROVISOR_COMPUTE: 'kubernetes',
      PROVISOR_KUBERNETES_CONFIG: kubeconfig,
      PROVISOR_PROXY: 'nginx-ssh',
      PROVISOR_NGINX_SSH_HOST: '127.0.0.1',
      PROVISOR_NGINX_SSH_PORT: new URL(plain.url).port,
      PROVISOR_NGINX_SSH_KEY_FILE: await keyFile('nginx'),
      PROVISOR_NGINX_SSH_HOST_KEY: hostKey,
    });
    // What waits for a cluster or for a machine would wait long.
    await walkProviders(stage, [plain, overTls], 300);
    await stage.close();
  });

  for (const database of databases) {
    it(`leave a panel's calls nowhere, on ${database.name}`, async () => {
      const name = `panel on ${database.name}`;
      const target = await database.open({ migrate: false });
      const url = database.name === 'sqlite' ? target.url : await withPassword(target.db, target.url);
      const mail = await startQuotingMailServer(canaries, name);
      const stage = await openStage(canaries, name, { ...mail.settings, DATABASE_URL: url });
      plain.status = 400;
      await walkTelling(canaries, stage, { mail, webhookUrl: plain.url }, (args) =>
        runCli(name, stage.directory, stage.environment, args),
      );
      await walkPanel(stage);
      await stage.close();
      await mail.stop();
      // Everything is wrong with these; each is told, and none of it is quoted.
      await runCli(
        name,
        directory,
        { ...stage.environment, PROVISOR_PEPPER: canaries.plant('short pepper', (r) => r.slice(0, 12)) },
        ['doctor'],
      );
      const password = canaries.plant('password of a wrong URL');
      for (const wrong of [
        `postgres://canary:${password}@127.0.0.1/x`,
        `mysql://canary:${password}@127.0.0.1:1/x?ssl=1`,
        `mysql://canary:${password}@127.0.0.1:1/x`,
      ]) {
        for (const args of [['doctor'], ['sites', 'list'], ['serve']]) {
          assert.notEqual(await runCli(name, directory, { ...stage.environment, DATABASE_URL: wrong }, args), 0);
        }
      }
      for (const wrong of [`smtp://canary:${password}@127.0.0.1/x`, `canary:${password}@127.0.0.1`]) {
        const environment = { ...stage.environment, PROVISOR_SMTP_URL: wrong };
        assert.notEqual(await runCli(name, directory, environment, ['doctor']), 0);
      }
      await target.drop();
    });
  }

  /** A user of its own for this database, whose password is a secret. */
  const withPassword = async (db: Database, url: string): Promise<string> => {
    const through = new URL(url);
    const password = canaries.plant('password of the database', (random) => `canary/${random}+%`);
    const user = `canary${Math.floor(performance.now())}`;
    await db.knex.raw(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
    await db.knex.raw(`GRANT ALL ON \`${through.pathname.slice(1)}\`.* TO '${user}'@'%'`);
    through.username = user;
    through.password = encodeURIComponent(password);
    return through.href;
  };

  const walkPanel = async (stage: Stage): Promise<void> => {
    const { name } = stage;
    const wish = { service_id: '1', email: 'canary@example.com', plan: 'basic' };
    const idempotencyKey = canaries.plant(`${name}: Idempotency-Key`);
    const made = await stage.call('POST', '/v1/sites', wish, { ...waiting, 'Idempotency-Key': idempotencyKey });
    assert.equal(made.status, 201, made.text);
    await stage.call('POST', '/v1/sites', wish, { 'Idempotency-Key': idempotencyKey });
    await stage.call('POST', '/v1/sites', { ...wish, plan: 'premium' }, { 'Idempotency-Key': idempotencyKey });
    const link = await stage.call('POST', '/v1/sites/1/login-link');
    assert.equal(link.status, 201, link.text);
    const { search } = new URL(link.body.url);
    canaries.notice(`${name}: login link`, search.slice(search.indexOf('=') + 1));
    const password = canaries.plant(`${name}: password of a site`);
    assert.equal((await stage.call('POST', '/v1/sites/1/password', { password })).status, 200);
    const tooShort = canaries.plant(`${name}: short password`, (random) => random.slice(0, 9));
    // Values only: a refusal tells whoever sent a field that is not known its name.
    for (const body of [
      { password: tooShort },
      { password: [password] },
      `{"password":"${password}"`,
      `"${password}"`,
    ]) {
      assert.equal((await stage.call('POST', '/v1/sites/1/password', body)).status, 400);
    }
    const support = { service_id: '2', email: 'canary@example.com', firstname: 'Ana' };
    const bought = await stage.call('POST', '/v1/support', support);
    assert.equal(bought.status, 201, bought.text);
    canaries.notice(`${name}: support key`, bought.body.support_key);
    await stage.call('POST', '/v1/support/verify', { support_key: bought.body.support_key });
    const guess = canaries.plant(
      `${name}: guessed support key`,
      (random) => `SUP-${random.slice(0, 16).toUpperCase()}`,
    );
    await stage.call('POST', '/v1/support/verify', { support_key: guess });
    await stage.call('POST', '/v1/support/verify', { support_key: `${guess}!` });
    const unknown = canaries.plant(
      `${name}: unknown key`,
      (random) => `pvr_${'0'.repeat(12)}_${random}${random}0123456789`,
    );
    for (const header of [`Bearer ${unknown}`, `Basic ${unknown}`, unknown]) {
      assert.equal((await stage.call('GET', '/v1/sites', undefined, { Authorization: header })).status, 401);
    }
    for (const path of ['/v1/sites/nobody', '/no/such/address', '/v1/sites?limit=0']) await stage.call('GET', path);
    for (const args of [
      ['doctor'],
      ['doctor', '--json'],
      ['sites', 'list'],
      ['keys', 'list', 'canary'],
      ['operations', 'list', '--json'],
    ]) {
      await runCli(name, stage.directory, stage.environment, args);
    }
    // A table is gone: every call is our fault, with a stack in the log.
    const { db } = stage.serving.provisor;
    await db.knex.schema.renameTable('quotas', 'quotas_away');
    assert.equal(
      (
        await stage.call(
          'POST',
          '/v1/sites',
          { ...wish, service_id: '3' },
          { 'Idempotency-Key': `${idempotencyKey}-2` },
        )
      ).status,
      500,
    );
    await stage.call('POST', '/v1/sites/1/upgrade', { plan: 'premium' });
    await db.knex.schema.renameTable('quotas_away', 'quotas');
    // And the database is: nothing can be asked.
    await db.knex.destroy();
    for (const [method, path, body] of [
      ['GET', '/v1/sites', undefined],
      ['POST', '/v1/sites/1/password', { password }],
    ] as const) {
      const answer = await stage.call(method, path, body, { 'Idempotency-Key': `${idempotencyKey}-3` });
      assert.ok(answer.status >= 500, answer.text);
    }
    db.knex.initialize();
  };

  it('would be found: the search finds each in each spelling, and the providers do give them away', async () => {
    for (const [secret, value] of canaries.planted) {
      for (const spelt of [
        value,
        JSON.stringify({ value }),
        encodeURIComponent(value),
        Buffer.from(value).toString('base64'),
      ]) {
        assert.ok(
          canaries.findIn(`before ${spelt} after`, 'here').some((hit) => hit.secret === secret),
          secret,
        );
      }
    }
    plain.status = 422;
    const apiKey = canaries.planted.get('key of PowerDNS')!;
    const { port } = await createPowerDns({ url: plain.url, apiKey, serverId: 'localhost' });
    const thrown = await port.getZone('example.com.', AbortSignal.timeout(3_000)).catch((error: unknown) => error);
    assert.ok(thrown instanceof ProviderError);
    const found = () => canaries.findIn(inspect(thrown, { depth: null }), 'here').map(({ secret }) => secret);
    assert.deepEqual(found(), ['key of PowerDNS'], 'without the defence it is quoted');
    scrubError(createScrub([apiKey]), thrown);
    assert.deepEqual(found(), []);
  });

  it('are nowhere', () => {
    const { hits, places, bytes, empty } = canaries.search();
    assert.ok(
      canaries.planted.size > 25 && places > 60 && bytes > 100_000,
      `${canaries.planted.size} ${places} ${bytes}`,
    );
    assert.ok(!empty.some((place) => /log|refusals|traces|metrics/.test(place)), String(empty));
    process.stdout.write(
      `canaries: ${canaries.planted.size} planted, ${places} places searched (${Math.round(bytes / 1024)} kB), ${hits.length} hits\n`,
    );
    assert.deepEqual(hits, []);
  });
});
