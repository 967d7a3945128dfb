import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createNginxProxyManager } from '../../src/adapters/proxy/nginx-proxy-manager/index.ts';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import { visitorPages } from '../../src/kit/visitor-page.ts';
import type { Route } from '../../src/ports/proxy.ts';
import { type FakeNginxProxyManager, startFakeNginxProxyManager } from '../support/fake-nginx-proxy-manager.ts';
import { startWay } from '../support/way.ts';
import { proxyConformance } from './proxy.suite.ts';

const never = new AbortController().signal;

const proxyOf = (
  fake: FakeNginxProxyManager,
  more: { port?: number; siteUrl?: string; secret?: string; email?: string } = {},
) =>
  createNginxProxyManager({
    url: `http://127.0.0.1:${more.port ?? fake.port}/`,
    identity: fake.identity,
    secret: more.secret ?? fake.secret,
    letsencryptEmail: more.email,
    siteUrl: more.siteUrl ?? 'http://*/',
  }).port;

proxyConformance('nginx-proxy-manager (a fake of it)', async () => {
  const fake = await startFakeNginxProxyManager();
  const isChange = (bytes: Buffer) => /^(PUT|POST|DELETE) \/api\/nginx\//.test(bytes.toString('latin1'));
  const way = await startWay({ port: fake.port }, isChange);
  const foreign: number[] = [];
  return {
    proxy: proxyOf(fake),
    other: proxyOf(fake),
    dump: async () => JSON.stringify([[...fake.hosts.values()], [...fake.certificates.values()]]),
    // It numbers its hosts itself, so none can have a name of ours.
    occupy: null,
    claim: async (hostname) => void foreign.push(fake.addHost([hostname, 'else.test'])),
    clearForeign: async () => {
      for (const id of foreign.splice(0)) fake.hosts.delete(id);
    },
    spoil: async (how) => {
      await way.set(how);
      return { proxy: proxyOf(fake, { port: way.port }), swallowed: way.swallowed, mend: () => way.set('open') };
    },
    secrets: [fake.secret],
    hostHeaders: false,
    socketDir: null,
    traffic: null,
    stop: async () => {
      await way.stop();
      await fake.stop();
    },
  };
});

describe('nginx-proxy-manager', () => {
  let fake: FakeNginxProxyManager;
  before(async () => {
    fake = await startFakeNginxProxyManager();
  });
  after(() => fake.stop());

  const route: Route = {
    id: 'svc-1',
    hostnames: ['shop.test', 'www.shop.test'],
    upstream: { scheme: 'http', host: '10.0.0.9', port: 80 },
    page: 'site',
    enabled: true,
    redirectHttps: true,
    tls: 'auto',
  };
  const refusal = (kind: ProviderErrorKind, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ProviderError && error.kind === kind && words.test(error.message), String(error));
    return true;
  };

  it('signs in again when its token has expired, or cannot be read any more', async () => {
    const proxy = proxyOf(fake);
    await proxy.putRoute(route, never);
    for (const how of ['expired', 'malformed'] as const) {
      fake.spoilTokens(how);
      await proxy.putRoute({ ...route, page: 'stopped' }, never);
    }
    await proxy.deleteRoute('svc-1', never);
  });

  it('tells wrong credentials, and does not repeat them', async () => {
    await assert.rejects(
      proxyOf(fake, { secret: 'wrong-one' }).listRoutes(never),
      refusal('auth', /PROVISOR_NPM_SECRET/),
    );
  });

  it('believes nginx and not the 201', async () => {
    const proxy = proxyOf(fake);
    fake.refuse('shop.test');
    await assert.rejects(proxy.putRoute(route, never), refusal('invalid', /\[emerg\] no/));
    assert.equal(fake.hosts.size, 0);
    await proxy.putRoute({ ...route, hostnames: ['other.test'] }, never);
    await assert.rejects(proxy.putRoute(route, never), refusal('invalid', /\[emerg\] no/));
    assert.deepEqual(await proxy.getRoute('svc-1', never), { ...route, hostnames: ['other.test'] });
    fake.refuse(null);
    await proxy.deleteRoute('svc-1', never);
  });

  it('reads older versions, which say 0 and 1', async () => {
    const proxy = proxyOf(fake);
    fake.useNumbers(true);
    for (const enabled of [true, false]) {
      await proxy.putRoute({ ...route, enabled }, never);
      assert.deepEqual(await proxy.listRoutes(never), [{ ...route, enabled }]);
    }
    fake.useNumbers(false);
    await proxy.deleteRoute('svc-1', never);
  });

  it('answers for a suspended site with lines of its own, in which nothing is a customer’s', async () => {
    const proxy = proxyOf(fake);
    const lines = async (more: Partial<Route>) => {
      await proxy.putRoute({ ...route, ...more }, never);
      return String([...fake.hosts.values()][0]!.advanced_config);
    };
    const shown = await lines({ page: 'suspended' });
    // What makes it leave out its own location: backend/internal/nginx.js.
    assert.match(shown, /^(?:.*;)?\s*?location\s*?\/\s*?{/im);
    assert.match(shown, /add_header Retry-After "3600" always;/);
    assert.ok(shown.includes(visitorPages.suspended.title) && /return 503 "/.test(shown));
    assert.equal(await lines({ page: 'suspended', hostnames: ['another.test'] }), shown);
    assert.equal(await lines({ page: 'site' }), '');
    await proxy.deleteRoute('svc-1', never);
  });

  it('refuses another host name on the way to the site', async () => {
    const upstream = { ...route.upstream, hostHeader: 'inner.test' } as Route['upstream'];
    await assert.rejects(proxyOf(fake).putRoute({ ...route, upstream }, never), refusal('invalid', /host name/));
  });

  it('has one certificate made, uses it, and leaves none behind', async () => {
    const proxy = proxyOf(fake, { siteUrl: 'https://*/', email: 'ops@example.com' });
    const theirs = fake.addHost(['theirs.test']);
    fake.certificates.set(900, { id: 900, provider: 'letsencrypt', nice_name: '', domain_names: ['theirs.test'] });
    await proxy.putRoute(route, never);
    for (const _attempt of [1, 2]) await proxy.ensureCertificate('svc-1', never);
    assert.equal(fake.certificates.size, 2);
    const host = () => [...fake.hosts.values()].find(({ id }) => id !== theirs)!;
    assert.ok(fake.certificates.has(Number(host().certificate_id)) && host().ssl_forced === true);
    await proxy.putRoute({ ...route, page: 'suspended' }, never);
    assert.ok(fake.certificates.has(Number(host().certificate_id)));
    // Made by a call whose answer was lost, before the host was told of it.
    Object.assign(host(), { certificate_id: 0, ssl_forced: false });
    await proxy.ensureCertificate('svc-1', never);
    assert.equal(fake.certificates.size, 2);
    await proxy.putRoute({ ...route, hostnames: ['shop.test'] }, never);
    assert.deepEqual([fake.certificates.size, host().certificate_id, host().ssl_forced], [1, 0, false]);
    await proxy.ensureCertificate('svc-1', never);
    await proxy.deleteRoute('svc-1', never);
    assert.deepEqual([...fake.certificates.keys(), ...fake.hosts.keys()], [900, theirs]);
    fake.hosts.delete(theirs);
    fake.certificates.clear();
  });
});
