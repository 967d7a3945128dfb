/** What the server does to those who call too often, send too much or too slowly, or come from elsewhere. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import supertest from 'supertest';
import { expectProblem, sendAsIs } from '../support/answers.ts';
import { type Answer, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { noRateLimits } from '../support/rate-limits.ts';

const [database] = databases;
if (!database) throw new Error('There is no database to test on');

const unknownKey = `Bearer pvr_${'0'.repeat(12)}_${'0'.repeat(50)}`;

/** Calls until it is refused, which a slow machine puts off: buckets fill meanwhile. Returns how many went before. */
const untilRefused = async (
  most: number,
  call: () => Promise<Answer>,
): Promise<{ before: number; refused: Answer }> => {
  for (let before = 0; before < most; before += 1) {
    const answer = await call();
    if (answer.status === 429) return { before, refused: expectProblem(answer, 429, 'rate_limited') };
  }
  throw new Error(`Nothing was refused within ${most} calls`);
};

/** Sends these bytes over a connection of its own and returns all that comes back until it is closed. */
const raw = async (base: string, text: string): Promise<string> => {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk;
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return got;
};

describe('Limits of calls', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp(database, {
      environment: {
        PROVISOR_RATE_PER_ADDRESS: '200',
        PROVISOR_RATE_PER_KEY: '30',
        PROVISOR_RATE_REFUSED_KEYS: '5',
        PROVISOR_TRUSTED_PROXIES: '127.0.0.1',
      },
    });
  });
  after(() => app.stop());

  const from = (address: string, path: string, authorization?: string) =>
    sendAsIs(app.serving.url, {
      method: 'GET',
      path,
      headers: { 'X-Forwarded-For': address, ...(authorization ? { Authorization: authorization } : {}) },
    });

  it('refuse a key’s calls beyond its own, with when to come back, and nobody else’s', async () => {
    const busy = await app.newPanel();
    const other = await app.newPanel();
    const { before, refused } = await untilRefused(150, () => busy.call('GET', '/v1/whoami'));
    assert.ok(before >= 30, String(before));
    assert.match(refused.headers['retry-after'] ?? '', /^[1-9]\d*$/);
    assert.equal(refused.headers['ratelimit-policy'], '"key";q=30;w=60');
    assert.match(refused.headers.ratelimit ?? '', /^"key";r=0;t=\d+$/);
    assert.equal(refused.body.retryable, true);
    assert.equal((await other.call('GET', '/v1/whoami')).status, 200);
  });

  it('stop listening to an address that guesses keys, also when it then has a good one', async () => {
    const { before } = await untilRefused(20, () => from('198.51.100.7', '/v1/whoami', unknownKey));
    assert.ok(before >= 5, String(before));
    const { key } = await app.newPanel();
    expectProblem(await from('198.51.100.7', '/v1/whoami', `Bearer ${key}`), 429, 'rate_limited');
    assert.equal((await from('198.51.100.8', '/v1/whoami', `Bearer ${key}`)).status, 200);
  });

  it('are not got around by an address of the client’s own making', async () => {
    let made = 0;
    await untilRefused(20, () => from(`203.0.113.${made++}, 198.51.100.9`, '/v1/whoami', unknownKey));
  });

  it('count the calls of an address that sends no key, and leave the probes alone', async () => {
    let asked = 0;
    const { before } = await untilRefused(600, () => from('198.51.100.20', asked++ % 2 === 0 ? '/docs' : '/.env'));
    assert.ok(before >= 200, String(before));
    for (const probe of ['/health', '/ready']) assert.equal((await from('198.51.100.20', probe)).status, 200);
  });
});

describe('Limits of calls, as they are by default', () => {
  let app: TestApp;
  before(async () => {
    // An empty value counts as not set.
    const asByDefault = Object.fromEntries(Object.keys(noRateLimits).map((name) => [name, '']));
    app = await startApp(database, { environment: asByDefault });
  });
  after(() => app.stop());

  it('let 500 calls of a month’s start through at once', async () => {
    const calls = Array.from({ length: 500 }, (_, n) =>
      app.panel.call('POST', `/v1/sites/nobody-${n}/suspend`, { reason: 'The month is over' }),
    );
    const statuses = new Set((await Promise.all(calls)).map(({ status }) => status));
    assert.deepEqual([...statuses], [404]);
  });

  it('do not believe a client’s X-Forwarded-For', async () => {
    let made = 0;
    await untilRefused(500, () =>
      sendAsIs(app.serving.url, {
        method: 'GET',
        path: '/v1/whoami',
        headers: { Authorization: unknownKey, 'X-Forwarded-For': `198.51.100.${made++}` },
      }),
    );
  });
});

describe('The connection', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp(database, { environment: { PROVISOR_CORS_ORIGINS: 'https://panel.example.com' } });
  });
  after(() => app.stop());
  const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

  it('refuses headers and addresses that are too long', async () => {
    for (const request of [
      get('/health', `X-Long: ${'a'.repeat(17_000)}\r\n`),
      get(`/health?${'a'.repeat(17_000)}`),
      get('/health', 'X-Many: 1\r\n'.repeat(120)),
    ]) {
      const answer = await raw(app.serving.url, request);
      assert.match(answer, /^HTTP\/1\.1 431 /);
      assert.match(answer, /"code":"invalid_request"/);
    }
    assert.match(await raw(app.serving.url, get('/health', 'X-Many: 1\r\n'.repeat(90))), /^HTTP\/1\.1 200 /);
  });

  it('cuts off who sends a request byte by byte, while others are served', async () => {
    const { hostname, port } = new URL(app.serving.url);
    const slow: Socket[] = [];
    const closed: Promise<string>[] = [];
    for (let n = 0; n < 20; n += 1) {
      const socket = connect(Number(port), hostname);
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk;
      });
      socket.on('error', () => undefined);
      socket.write('GET /health HTTP/1.1\r\nHost: x\r\n');
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 500);
      slow.push(socket);
      closed.push(
        once(socket, 'close').then(() => {
          clearInterval(timer);
          return got;
        }),
      );
    }
    assert.equal((await app.panel.call('GET', '/v1/whoami')).status, 200);
    const began = performance.now();
    for (const answer of await Promise.all(closed)) assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.ok(performance.now() - began < 25_000, `${performance.now() - began} ms`);
  });

  it('says on every answer what a browser may not do with it', async () => {
    for (const path of ['/health', '/nothing', '/v1/whoami', '/docs', '/openapi.json']) {
      const { headers } = await supertest(app.serving.url).get(path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.equal(headers['referrer-policy'], 'no-referrer', path);
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin', path);
      assert.match(headers['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/, path);
      assert.equal(headers['x-powered-by'], undefined, path);
    }
  });

  it('lets pages of named origins call, and no others', async () => {
    const ask = (origin: string) =>
      supertest(app.serving.url)
        .options('/v1/sites')
        .set('Origin', origin)
        .set('Access-Control-Request-Method', 'POST')
        .set('Access-Control-Request-Headers', 'authorization');
    const good = await ask('https://panel.example.com');
    assert.equal(good.status, 204);
    assert.equal(good.headers['access-control-allow-origin'], 'https://panel.example.com');
    assert.match(good.headers['access-control-allow-headers'] ?? '', /Authorization/);
    assert.equal(good.headers['access-control-allow-credentials'], undefined);
    for (const origin of ['https://panel.example.com.evil.test', 'http://panel.example.com', 'null', '*']) {
      const bad = await ask(origin);
      assert.equal(bad.status, 405);
      assert.equal(bad.headers['access-control-allow-origin'], undefined);
    }
    const read = await supertest(app.serving.url).get('/health').set('Origin', 'https://panel.example.com');
    assert.equal(read.headers['access-control-allow-origin'], 'https://panel.example.com');
  });
});
