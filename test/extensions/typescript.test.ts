/** The client for TypeScript, against a live Provisor, and as it is published. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { load } from 'js-yaml';
import { buildClient } from '../../extensions/clients/typescript/build.ts';
import {
  ApiError,
  createProvisor,
  OperationFailed,
  type ProvisorSettings,
  UnexpectedAnswer,
  Unreachable,
} from '../../extensions/clients/typescript/src/provisor.ts';
import { isRepeatable, takesKey } from '../../extensions/clients/typescript/src/transport.ts';
import { type Stage, startStage } from './stage.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the client for TypeScript', () => {
  let stage: Stage;
  before(async () => {
    stage = await startStage();
  });
  after(() => stage.stop());

  const tell = async (what: string, order: object = {}) => {
    const answer = await fetch(`${stage.url}/stage/${what}`, { method: 'POST', body: JSON.stringify(order) });
    // biome-ignore lint/suspicious/noExplicitAny: what the stage says
    return (await answer.json()) as any;
  };
  const fault = (match: string, how: string, times = 1, answer: object = {}) =>
    tell('fault', { match, how, times, answer });
  const callsTo = async (match: string): Promise<{ call: string; key: string | null }[]> =>
    (await tell('calls')).calls.filter(({ call }: { call: string }) => call.startsWith(match));
  beforeEach(() => tell('reset'));

  const client = (more: Partial<ProvisorSettings> = {}) =>
    createProvisor({ baseUrl: `${stage.url}/`, key: stage.app.panel.key, ...more });
  let ids = 0;
  const newWish = (plan = 'basic') => {
    ids += 1;
    return { service_id: `ts-${ids}`, email: `ts-${ids}@example.com`, plan };
  };
  const order = async (provisor = client(), wish = newWish()) => {
    const site = await provisor.call(({ POST }) => POST('/v1/sites', { body: wish }));
    await provisor.wait(site.operation);
    return wish.service_id;
  };

  it('takes a site through its life, each call typed by the contract', async () => {
    const provisor = client();
    const id = await order(provisor);
    const params = { path: { service_id: id } };
    const site = await provisor.call(({ GET }) => GET('/v1/sites/{service_id}', { params }));
    assert.equal(site.state, 'active');
    const suspended = await provisor.call(({ POST }) =>
      POST('/v1/sites/{service_id}/suspend', { params, body: { reason: 'Unpaid' } }),
    );
    const ended = await provisor.wait(suspended.operation);
    assert.deepEqual([ended?.kind, ended?.state], ['site.suspend', 'done']);
    const gone = await provisor.call(({ DELETE }) => DELETE('/v1/sites/{service_id}', { params }));
    await provisor.wait(gone.operation);
    assert.equal(await provisor.wait(null), null);
    // @ts-expect-error No such call.
    assert.rejects(provisor.call(({ GET }) => GET('/v1/nothing')));
    // @ts-expect-error A body that the contract does not have.
    const wrong = provisor.call(({ POST }) => POST('/v1/sites', { body: { service_id: '1' } }));
    await assert.rejects(wrong, ({ violations }: ApiError) => violations.some(({ path }) => path.includes('email')));
  });

  it('makes one key for all attempts of a call, and another for the next call', async () => {
    const provisor = client();
    const wish = newWish();
    await fault('POST /v1/sites', 'loses the answer', 2);
    await provisor.call(({ POST }) => POST('/v1/sites', { body: wish }));
    const path = `POST /v1/sites/${wish.service_id}/suspend`;
    const params = { path: { service_id: wish.service_id } };
    await provisor.wait((await provisor.call(({ GET }) => GET('/v1/sites/{service_id}', { params }))).operation);
    await provisor.call(({ POST }) => POST('/v1/sites/{service_id}/suspend', { params }));
    const own = { header: { 'Idempotency-Key': 'mine' }, ...params };
    await provisor.call(({ POST }) => POST('/v1/sites/{service_id}/unsuspend', { params: own }));
    const first = (await callsTo('POST /v1/sites')).filter(({ call }) => call === 'POST /v1/sites');
    assert.equal(first.length, 3);
    assert.equal(new Set(first.map(({ key }) => key)).size, 1);
    assert.match(first[0]!.key!, /^[0-9a-f-]{36}$/);
    assert.notEqual((await callsTo(path))[0]!.key, first[0]!.key);
    assert.ok((await callsTo(path.replace('/suspend', '/unsuspend'))).every(({ key }) => key === 'mine'));
    const made = await stage.app.panel.call('GET', `/v1/sites/${wish.service_id}/operations`);
    assert.equal(made.body.data.filter(({ kind }: { kind: string }) => kind === 'site.create').length, 1);
  });

  it('sends once what is not safe to send twice', async () => {
    const provisor = client();
    const id = await order(provisor);
    await provisor.call(({ POST }) => POST('/v1/support', { body: { service_id: id, email: 'a@example.com' } }));
    const params = { path: { service_id: id } };
    await fault(`POST /v1/support/${id}/rotate`, 'loses the answer');
    const rotate = provisor.call(({ POST }) => POST('/v1/support/{service_id}/rotate', { params }));
    await assert.rejects(rotate, Unreachable);
    assert.deepEqual(
      (await callsTo(`POST /v1/support/${id}/rotate`)).map(({ key }) => key),
      [null],
    );
    await fault('POST /v1/support', 'loses the answer');
    await provisor.call(({ POST }) => POST('/v1/support', { body: { service_id: id, email: 'a@example.com' } }));
  });

  it('knows which POSTs the contract gives a key', async () => {
    const { paths } = load(await readFile(join(root, 'openapi.yaml'), 'utf8')) as {
      paths: Record<string, { post?: { parameters?: { $ref?: string; name?: string }[] } }>;
    };
    const posts = Object.entries(paths).filter(([path, { post }]) => path.startsWith('/v1/') && post);
    assert.ok(posts.length > 20);
    for (const [path, { post }] of posts) {
      const isKey = ({ $ref, name }: { $ref?: string; name?: string }) =>
        $ref === '#/components/parameters/IdempotencyKey' || name === 'Idempotency-Key';
      const has = (post!.parameters ?? []).some(isKey);
      assert.equal(takesKey(path.replaceAll(/\{.*?\}/g, 'x')), has, path);
    }
    const ask = (method: string, url: string) => isRepeatable(new Request(`https://a.example/${url}`, { method }));
    assert.deepEqual([ask('PUT', 'v1/x'), ask('DELETE', 'v1/x'), ask('POST', 'v1/sites')], [true, true, false]);
  });

  it('waits for what is in the way', async () => {
    const provisor = client();
    const id = await order(provisor);
    const params = { path: { service_id: id } };
    await tell('hold', { method: 'stop' });
    await provisor.call(({ POST }) => POST('/v1/sites/{service_id}/suspend', { params }));
    const back = provisor.call(({ POST }) => POST('/v1/sites/{service_id}/unsuspend', { params }));
    while ((await callsTo(`POST /v1/sites/${id}/unsuspend`)).length === 0) await new Promise(setImmediate);
    await tell('release');
    await provisor.wait((await back).operation);
    const hasty = client({ patienceSeconds: 0 });
    await tell('hold', { method: 'stop' });
    await hasty.call(({ POST }) => POST('/v1/sites/{service_id}/suspend', { params }));
    await assert.rejects(
      hasty.call(({ POST }) => POST('/v1/sites/{service_id}/unsuspend', { params })),
      ({ code, details }: ApiError) => code === 'operation_in_progress' && typeof details.operation_id === 'string',
    );
    await tell('release');
  });

  it('throws the sentence, the code and the request of a refusal, and does not repeat it', async () => {
    const ask = client().call(({ GET }) => GET('/v1/sites/{service_id}', { params: { path: { service_id: 'no' } } }));
    await assert.rejects(ask, (error: ApiError) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.code, error.retryable], [404, 'not_found', false]);
      assert.match(error.requestId, /^[0-9A-Z]{26}$/);
      assert.match(error.message, /no/);
      return true;
    });
    assert.equal((await callsTo('GET /v1/sites/no')).length, 1);
    // A missing DNS record is called retryable, and passes not by itself.
    const zone = client().call(({ POST }) => POST('/v1/zones', { body: { name: 'ts-client.com' } }));
    await assert.rejects(zone, ({ code, retryable }: ApiError) => code === 'challenge_missing' && retryable);
    assert.equal((await callsTo('POST /v1/zones')).length, 1);
  });

  it('says what became of an operation that failed', async () => {
    await tell('refuse', { method: 'install' });
    const provisor = client();
    const site = await provisor.call(({ POST }) => POST('/v1/sites', { body: newWish() }));
    await assert.rejects(provisor.wait(site.operation), (error: OperationFailed) => {
      assert.ok(error instanceof OperationFailed);
      assert.deepEqual([error.code, error.operation.state], ['provider_refused', 'failed']);
      return true;
    });
  });

  it('gives up in time, and at once when it is told to', async () => {
    const slow = client({ timeoutSeconds: 0.2, patienceSeconds: 0 });
    await fault('GET /v1/whoami', 'is slow', 9);
    const begun = performance.now();
    const late = slow.call(({ GET }) => GET('/v1/whoami'));
    // A time-out that hangs on the request alone is gone after this.
    while ((await callsTo('GET /v1/whoami')).length < 1) collectGarbage();
    await assert.rejects(
      late,
      (error: Unreachable) => error instanceof Unreachable && !/127\.0\.0\.1/.test(error.message),
    );
    assert.ok(performance.now() - begun < 4_000);
    const stop = new AbortController();
    const why = new Error('The page was closed');
    const call = client().call(({ GET }) => GET('/v1/whoami', { signal: stop.signal }));
    while ((await callsTo('GET /v1/whoami')).length < 2) await new Promise(setImmediate);
    stop.abort(why);
    await assert.rejects(call, (error) => error === why);
    // Also in the pause between two attempts.
    const refused = createProvisor({ baseUrl: 'http://127.0.0.1:9', key: 'pvr_a_b' });
    const pausing = refused.call(({ GET }) => GET('/v1/whoami', { signal: AbortSignal.timeout(50) }));
    await assert.rejects(pausing, { name: 'TimeoutError' });
    await tell('hold', { method: 'install' });
    const site = await client().call(({ POST }) => POST('/v1/sites', { body: newWish() }));
    await assert.rejects(client().wait(site.operation, { timeoutSeconds: 0.2 }), { name: 'TimeoutError' });
  });

  it('asks again on 503 and 429, as late as it is told, and no later than its patience', async () => {
    const busy = { success: false, error: 'Busy.', code: 'database_unavailable', retryable: true, request_id: 'x' };
    await fault('GET /v1/whoami', 'answers', 2, { status: 503, body: busy });
    assert.equal((await client().call(({ GET }) => GET('/v1/whoami'))).panel.id, stage.app.panel.panelId);
    let asked = 0;
    const limited = createServer((_, response) => {
      asked += 1;
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '60' }).end(JSON.stringify(busy));
    }).listen(0, '127.0.0.1');
    await once(limited, 'listening');
    const { port } = limited.address() as AddressInfo;
    const other = createProvisor({ baseUrl: `http://127.0.0.1:${port}`, key: 'pvr_a_b' });
    await assert.rejects(
      other.call(({ GET }) => GET('/v1/whoami')),
      ({ retryAfter }: ApiError) => retryAfter === 60,
    );
    assert.equal(asked, 1);
    limited.close();
  });

  it('takes nothing for an answer that is none, and follows no redirect with the key', async () => {
    const once = client({ patienceSeconds: 0 });
    const garbage = ['answers garbage', 'answers null', 'answers a page'];
    for (const how of garbage) {
      await fault('GET /v1/whoami', how);
      await assert.rejects(
        once.call(({ GET }) => GET('/v1/whoami')),
        (error) => error instanceof UnexpectedAnswer && !error.message.includes('502'),
        how,
      );
    }
    for (const [status, body] of [
      [302, { moved: true }],
      [500, { success: false }],
      [200, [][0]],
    ] as const) {
      await fault('GET /v1/whoami', 'answers', 1, { status, body });
      await assert.rejects(
        once.call(({ GET }) => GET('/v1/whoami')),
        UnexpectedAnswer,
        String(status),
      );
    }
  });

  it('walks through all pages', async () => {
    const provisor = client();
    for (let at = 0; at < 3; at += 1) await order(provisor);
    const seen = [];
    const list = provisor.all((api, cursor) => api.GET('/v1/sites', { params: { query: { limit: 2, ...cursor } } }));
    for await (const { service_id: id } of list) seen.push(id);
    assert.ok(seen.length >= 3);
    assert.equal(new Set(seen).size, seen.length);
    const document = await provisor.call(({ GET }) => GET('/openapi.json'));
    assert.ok(document);
  });

  it('refuses an address or a key that cannot be one', () => {
    for (const baseUrl of ['', 'provisor', 'ftp://a.example', 'http://u:p@a.example', 'https://a.example/?x=1'])
      assert.throws(() => createProvisor({ baseUrl, key: 'pvr_a_b' }), /address/);
    for (const key of ['', 'pvr a', 'pvr_a\r\nX: 1'])
      assert.throws(() => createProvisor({ baseUrl: 'https://a.example', key }), /key/);
  });

  it('is installed from its tarball, compiles with a consumer, and runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'provisor consumer '));
    try {
      const tarball = buildClient(folder);
      assert.equal(tarball, 'provisor-client-1.0.0.tgz');
      const again = join(folder, 'again');
      assert.deepEqual(await readFile(join(again, buildClient(again))), await readFile(join(folder, tarball)));
      // What it depends on comes from our own installation, so that no registry is asked.
      const pack = (name: string) =>
        execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
          cwd: join(root, 'node_modules', name),
          encoding: 'utf8',
        }).trim();
      const consumer = join(folder, 'consumer');
      await mkdir(consumer);
      await writeFile(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
      const needed = [tarball, pack('openapi-fetch'), pack('openapi-typescript-helpers')];
      const install = ['install', '--offline', '--no-audit', '--no-fund', ...needed.map((file) => join(folder, file))];
      execFileSync('npm', install, { cwd: consumer, stdio: 'pipe' });
      await writeFile(
        join(consumer, 'main.ts'),
        `import { ApiError, createProvisor, type Schema } from 'provisor-client';
        const [baseUrl = '', key = ''] = process.argv.slice(2);
        const provisor = createProvisor({ baseUrl, key });
        const body = { service_id: 'packed', email: 'packed@example.com', plan: 'basic' };
        const site: Schema<'Site'> = await provisor.call((api) => api.POST('/v1/sites', { body }));
        const ended = await provisor.wait(site.operation, { timeoutSeconds: 20 });
        const other = { ...body, plan: 'premium' };
        const refused = await provisor.call((api) => api.POST('/v1/sites', { body: other })).catch((error) => error);
        console.log(JSON.stringify([ended?.state, refused instanceof ApiError && refused.code]));
        // @ts-expect-error The types are there: no such call.
        void (() => provisor.call((api) => api.GET('/v1/nothing')));
        `,
      );
      const config = {
        compilerOptions: {
          strict: true,
          module: 'nodenext',
          target: 'es2022',
          lib: ['es2023', 'dom', 'dom.iterable'],
          types: ['node'],
          typeRoots: [join(root, 'node_modules/@types')],
          outDir: 'out',
          exactOptionalPropertyTypes: true,
        },
        include: ['main.ts'],
      };
      await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify(config));
      const compiled = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], {
        cwd: consumer,
        encoding: 'utf8',
      });
      assert.equal(compiled.status, 0, compiled.stdout);
      // Not `spawnSync`: the server that it calls lives in this process.
      const main = ['out/main.js', stage.app.serving.url, stage.app.panel.key];
      const ran = await promisify(execFile)(process.execPath, main, { cwd: consumer, timeout: 60_000 });
      assert.equal(ran.stdout.trim(), '["done","service_exists"]', ran.stderr);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
