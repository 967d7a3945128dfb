import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { Upstream } from '../../../ports/compute.ts';
import type { Route } from '../../../ports/proxy.ts';
import { createLocalProxy } from './index.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const signal = new AbortController().signal;

const openProxy = async (t: TestContext, timeouts = { connectMs: 5_000, idleMs: 60_000 }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor proxy-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const adapter = createLocalProxy({ dataDir, host: '127.0.0.1', port: 0, log, timeouts });
  t.after(() => adapter.close?.());
  await adapter.open?.();
  const port = Number(new URL(adapter.port.urlFor('x')).port);

  const put = (upstream: Upstream, more: Partial<Route> = {}) =>
    adapter.port.putRoute(
      {
        id: 'svc-1',
        hostnames: ['shop.test'],
        upstream,
        page: 'site',
        enabled: true,
        redirectHttps: false,
        tls: 'off',
        ...more,
      },
      signal,
    );

  const get = async (
    host: string,
    path = '/',
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) => {
    const { method = 'GET', headers = {}, body } = options;
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { Host: host, ...headers },
      agent: false,
    });
    outgoing.end(body);
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: reply.statusCode, headers: reply.headers, body: await text(reply) };
  };

  /** Everything that comes back for these bytes, until the other side closes. */
  const raw = async (bytes: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    return text(socket);
  };

  return { adapter, port, put, get, raw, dataDir };
};

/** A site on loopback. */
const site = async (t: TestContext, listener: RequestListener, path?: string): Promise<Upstream> => {
  const server = createServer(listener);
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return path === undefined
    ? { scheme: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    : { scheme: 'unix', path };
};

const echo: RequestListener = async (incoming, response) => {
  const body = await text(incoming);
  response.setHeader('Set-Cookie', ['a=1', 'b=2']);
  response.setHeader('X-Hop', 'dropped');
  response.setHeader('Connection', 'X-Hop');
  response.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body }));
};

test('a request reaches the site with our headers instead of forged ones', async (t) => {
  const { put, get } = await openProxy(t);
  await put({ ...(await site(t, echo)), hostHeader: 'svc-1.compute.local' });
  const headers = {
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Host': 'bank.test',
    'X-Forwarded-User': 'admin',
    Forwarded: 'for=6.6.6.6',
    'X-Secret-Hop': 'x',
    Connection: 'close, X-Secret-Hop',
    Cookie: 'kept=1',
  };
  const reply = await get('Shop.Test.:8080', '/a%20b?c=d&c=e', { method: 'POST', headers, body: 'some words' });
  const seen = JSON.parse(reply.body);
  assert.deepEqual([seen.method, seen.url, seen.body], ['POST', '/a%20b?c=d&c=e', 'some words']);
  assert.equal(seen.headers.host, 'svc-1.compute.local');
  assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(seen.headers['x-forwarded-host'], 'Shop.Test.:8080');
  assert.equal(seen.headers['x-forwarded-proto'], 'http');
  assert.equal(seen.headers.cookie, 'kept=1');
  for (const name of ['x-forwarded-user', 'forwarded', 'x-secret-hop'])
    assert.equal(seen.headers[name], undefined, name);
  assert.deepEqual(reply.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(reply.headers['x-hop'], undefined);
});

test('a body keeps its frame, whatever Connection lists', async (t) => {
  const { put, raw } = await openProxy(t);
  await put(await site(t, echo));
  const head = 'Host: shop.test\r\n';
  const bodyOf = (reply: string) => /"body":"([^"]*)"/.exec(reply)?.[1];
  const chunked = `DELETE / HTTP/1.1\r\n${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
  assert.equal(bodyOf(await raw(chunked)), 'abc');
  const listed = `POST / HTTP/1.1\r\n${head}Connection: close, Content-Length\r\nContent-Length: 3\r\n\r\nabc`;
  assert.equal(bodyOf(await raw(listed)), 'abc');
  const both = `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n`;
  assert.match(await raw(both), /^HTTP\/1\.1 400 /);
});

test('a site behind a unix socket is reached, and large bodies stream both ways', async (t) => {
  const { put, get, dataDir } = await openProxy(t);
  await put(await site(t, (incoming, response) => void incoming.pipe(response), join(dataDir, 'site.sock')));
  const body = 'x'.repeat(3_000_000);
  assert.equal((await get('shop.test', '/', { method: 'PUT', body })).body, body);
  const head = await get('shop.test', '/', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [200, '']);
});

test('the switch, the pages and the routes count at the next request', async (t) => {
  const { adapter, put, get } = await openProxy(t);
  const upstream = await site(t, (_incoming, response) => response.end('the site'));
  assert.equal((await get('shop.test')).status, 404);
  await put(upstream);
  assert.equal((await get('shop.test')).body, 'the site');
  for (const page of ['suspended', 'stopped'] as const) {
    await put(upstream, { page });
    const reply = await get('shop.test');
    assert.equal(reply.status, 503);
    assert.ok(Number(reply.headers['retry-after']) > 0);
    assert.equal(reply.headers['cache-control'], 'no-store');
    assert.match(reply.body, /shop\.test/);
    assert.equal((await get('shop.test', '/', { method: 'HEAD' })).body, '');
  }
  await put(upstream);
  await adapter.port.setEnabled('svc-1', false, signal);
  assert.equal((await get('shop.test')).status, 404);
  await adapter.port.setEnabled('svc-1', true, signal);
  assert.equal((await get('shop.test')).status, 200);
  await adapter.port.deleteRoute('svc-1', signal);
  assert.equal((await get('shop.test')).status, 404);
});

test('odd Host headers are answered cleanly', async (t) => {
  const { put, get, raw } = await openProxy(t);
  await put(await site(t, (_incoming, response) => response.end('the site')));
  const status = async (lines: string[], target = '/') => {
    const reply = await raw(
      `GET ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`,
    );
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1]);
  };
  const bad = [
    '',
    'a b',
    'shop.test, shop.test',
    'shop.test/x',
    'a..b',
    '..',
    '[::1]',
    '[::1]:80',
    'shop.test:x',
    'user@shop.test',
    'a'.repeat(300),
    '<b>',
  ];
  for (const host of bad) assert.equal(await status([`Host: ${host}`]), 400, host);
  assert.equal(await status([]), 400, 'none');
  assert.equal(await status(['Host: shop.test', 'Host: shop.test']), 400, 'two');
  assert.equal(await status(['Host: shop.test'], 'http://shop.test/'), 400, 'an absolute target');
  for (const host of ['127.0.0.1', 'unknown.test', 'sub.shop.test', "' OR 1=1"]) {
    assert.ok([400, 404].includes(await status([`Host: ${host}`])), host);
  }
  for (const host of ['shop.test', 'SHOP.test', 'shop.test.', 'shop.test:1234', 'shop.test.:80']) {
    assert.equal(await status([`Host: ${host}`]), 200, host);
  }
  assert.equal((await get('shop.test')).body, 'the site');
});

test('a site that is not there, breaks off or is silent', async (t) => {
  const { put, get } = await openProxy(t, { connectMs: 5_000, idleMs: 200 });
  await put({ scheme: 'unix', path: '/nowhere/site.sock' });
  assert.equal((await get('shop.test')).status, 502);
  assert.equal((await get('shop.test', '/', { method: 'POST', body: 'x'.repeat(200_000) })).status, 502);

  const breaking = createTcpServer((socket) => socket.on('data', () => socket.destroy()).on('error', () => {}));
  breaking.listen(0, '127.0.0.1');
  await once(breaking, 'listening');
  t.after(() => breaking.close());
  await put({ scheme: 'http', host: '127.0.0.1', port: (breaking.address() as AddressInfo).port });
  assert.equal((await get('shop.test')).status, 502);

  await put(await site(t, () => {}));
  assert.equal((await get('shop.test')).status, 504);

  await put(
    await site(t, (_incoming, response) => {
      response.writeHead(200, { 'Content-Length': '10' });
      response.write('half', () => response.destroy());
    }),
  );
  await assert.rejects(get('shop.test'), { code: 'ECONNRESET' });
});

test('a site that answers before it has read the upload is heard', async (t) => {
  const { put, get } = await openProxy(t);
  await put(await site(t, (_incoming, response) => response.writeHead(413).end('too large')));
  const reply = await get('shop.test', '/', { method: 'POST', body: 'x'.repeat(100_000) });
  assert.deepEqual([reply.status, reply.body], [413, 'too large']);
});

test('close lets a running answer finish and takes no new request', async (t) => {
  const { adapter, put, get, port } = await openProxy(t);
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  await put(
    await site(t, async (_incoming, response) => {
      response.write('first ');
      arrived.resolve();
      await release.promise;
      response.end('last');
    }),
  );
  const idle = connect(port, '127.0.0.1');
  await once(idle, 'connect');
  const running = get('shop.test');
  await arrived.promise;
  const closed = adapter.close!();
  await assert.rejects(get('shop.test'), { code: 'ECONNREFUSED' });
  release.resolve();
  assert.equal((await running).body, 'first last');
  await closed;
  idle.destroy();
});

test('a wildcard stands for every name right beneath it that has no route of its own', async (t) => {
  const { put, get, adapter } = await openProxy(t);
  const [all, one] = await Promise.all(
    ['all', 'one'].map((name) => site(t, (_incoming, response) => response.end(name))),
  );
  await put(all!, { id: 'svc-1', hostnames: ['*.shop.test'] });
  await put(one!, { id: 'svc-2', hostnames: ['one.shop.test'] });
  for (const [host, wished] of [
    ['a.shop.test', 'all'],
    ['B.Shop.Test.:8080', 'all'],
    ['one.shop.test', 'one'],
    ['shop.test', null],
    ['a.b.shop.test', null],
    ['test', null],
  ] as const) {
    const { status, body } = await get(host);
    assert.deepEqual([status, wished === null ? null : body], [wished === null ? 404 : 200, wished], host);
  }
  // A name that is switched off does not fall to the wildcard: it answers as if there were no route.
  await adapter.port.setEnabled('svc-2', false, signal);
  assert.equal((await get('one.shop.test')).status, 404);
});
