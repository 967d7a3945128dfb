import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import type { Route } from '../../../ports/proxy.ts';
import { createLocalProxy } from './index.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const signal = new AbortController().signal;

const fails = (kind: ProviderErrorKind) => (error: unknown) => error instanceof ProviderError && error.kind === kind;

const route: Route = {
  id: 'svc-1',
  hostnames: ['shop.test', 'www.shop.test'],
  upstream: { scheme: 'unix', path: '/run/site.sock', hostHeader: 'svc-1.compute.local' },
  page: 'site',
  enabled: true,
  redirectHttps: false,
  tls: 'off',
};

const temporaryDir = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'provisor proxy-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

const proxyIn = (t: TestContext, dataDir: string) => {
  const proxy = createLocalProxy({ dataDir, host: '127.0.0.1', port: 0, log });
  t.after(() => proxy.close?.());
  return proxy;
};

test('a route is put, replaced and deleted, each twice', async (t) => {
  const { port: proxy } = proxyIn(t, await temporaryDir(t));
  const replaced: Route = {
    ...route,
    hostnames: ['www.shop.test', 'new.test'],
    upstream: { scheme: 'http', host: '127.0.0.1', port: 81 },
    page: 'stopped',
  };
  for (const wished of [route, replaced]) {
    for (const _attempt of [1, 2]) {
      await proxy.putRoute(wished, signal);
      assert.deepEqual(await proxy.listRoutes(signal), [wished]);
    }
  }
  for (const _attempt of [1, 2]) {
    await proxy.deleteRoute(route.id, signal);
    assert.equal(await proxy.getRoute(route.id, signal), null);
  }
  await proxy.putRoute({ ...route, id: 'svc-2' }, signal);
  await proxy.ensureCertificate('svc-2', signal);
});

test('a host name belongs to one route, and the refused route is left as it was', async (t) => {
  const { port: proxy } = proxyIn(t, await temporaryDir(t));
  await proxy.putRoute(route, signal);
  const other: Route = { ...route, id: 'svc-2', hostnames: ['other.test'] };
  await proxy.putRoute(other, signal);
  const grabbing = { ...other, hostnames: ['fresh.test', 'www.shop.test'] };
  await assert.rejects(proxy.putRoute(grabbing, signal), fails('conflict'));
  assert.deepEqual(await proxy.listRoutes(signal), [route, other]);
});

test('of two adapters that put one name at the same time, exactly one wins', async (t) => {
  const dataDir = await temporaryDir(t);
  const adapters = [proxyIn(t, dataDir), proxyIn(t, dataDir)];
  for (let round = 0; round < 20; round++) {
    const attempts = adapters.map(({ port }, index) =>
      port.putRoute({ ...route, id: `svc-${round}-${index}`, hostnames: [`n${round}.test`] }, signal),
    );
    const results = await Promise.allSettled(attempts);
    const lost = results.filter((result) => result.status === 'rejected');
    assert.equal(lost.length, 1);
    assert.ok(lost.every(({ reason }) => fails('conflict')(reason)));
  }
  assert.equal((await adapters[0]!.port.listRoutes(signal)).length, 20);
});

test('odd routes are invalid', async (t) => {
  const { port: proxy } = proxyIn(t, await temporaryDir(t));
  const odd: Partial<Route>[] = [
    { id: '../up' },
    { id: '' },
    { hostnames: ['Upper.test'] },
    { hostnames: ['a..b'] },
    { hostnames: ['dot.test.'] },
    { hostnames: ['a b'] },
    { hostnames: ['*'] },
    { hostnames: ['*.*.test'] },
    { hostnames: ['a.*.test'] },
    { upstream: { scheme: 'unix', path: 'relative.sock' } },
    { upstream: { scheme: 'http', host: 'a', port: 0 } },
    { upstream: { scheme: 'http', host: 'a', port: 80, hostHeader: 'a\r\nX: y' } },
  ];
  for (const change of odd) {
    await assert.rejects(proxy.putRoute({ ...route, ...change }, signal), fails('invalid'), JSON.stringify(change));
  }
  await assert.rejects(proxy.setEnabled('svc-1', true, signal), fails('not_found'));
  await assert.rejects(proxy.putRoute(route, AbortSignal.abort()), fails('unavailable'));
  assert.deepEqual(await proxy.listRoutes(signal), []);
});

test('routes survive a restart', async (t) => {
  const dataDir = await temporaryDir(t);
  const first = proxyIn(t, dataDir);
  await first.open?.();
  await first.port.putRoute(route, signal);
  await first.port.setEnabled(route.id, false, signal);
  await first.close?.();
  await first.close?.();
  const second = proxyIn(t, dataDir);
  await second.open?.();
  assert.deepEqual(await second.port.getRoute(route.id, signal), { ...route, enabled: false });
});

test('the address of a site names the port that visitors use', async (t) => {
  const dataDir = await temporaryDir(t);
  const on = (port: number, domainPort?: number) =>
    createLocalProxy({ dataDir, host: '::', port, domainPort, log }).port;
  assert.equal(on(80).urlFor('a.test'), 'http://a.test/');
  assert.equal(on(8080).urlFor('a.test'), 'http://a.test:8080/');
  assert.equal(on(8080, 80).urlFor('a.test'), 'http://a.test/');
  const opened = proxyIn(t, dataDir);
  await opened.open?.();
  assert.match(opened.port.urlFor('a.test'), /^http:\/\/a\.test:[1-9]\d+\/$/);
});

test('a port that is taken is told in a sentence', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const proxy = createLocalProxy({ dataDir: await temporaryDir(t), host: '127.0.0.1', port, log });
  await assert.rejects(proxy.open!(), new RegExp(`${port}.*PROVISOR_SITES_PORT`));
});
