import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCaddyProxy } from '../../src/adapters/proxy/caddy/index.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import type { Route } from '../../src/ports/proxy.ts';
import { proxyConformance } from '../conformance/proxy.suite.ts';
import { startCaddy, type TestCaddy } from '../support/caddy.ts';
import { startUpstream, visitAt } from '../support/upstream.ts';
import { startWay, type WayMode } from '../support/way.ts';

const never = new AbortController().signal;
const secret = 'admin-secret-of-caddy';

const proxyOf = (caddy: TestCaddy, more: { adminPort?: number; listen?: string[] } = {}) =>
  createCaddyProxy({
    adminUrl: `http://operator:${secret}@127.0.0.1:${more.adminPort ?? caddy.adminPort}`,
    server: 'sites',
    listen: more.listen,
    siteUrl: `http://*:${caddy.sitesPort}/`,
  }).port;

/** As an operator has it: a server with a site of his own, and a catch-all behind it. */
const withCatchAll = (port: number) => ({
  sites: {
    listen: [`127.0.0.1:${port}`],
    automatic_https: { disable: true },
    routes: [
      { match: [{ host: ['own.test'] }], handle: [{ handler: 'static_response', body: 'of the operator' }] },
      { handle: [{ handler: 'static_response', status_code: 404, body: 'caught' }] },
    ],
  },
});

const routesPath = '/config/apps/http/servers/sites/routes';

proxyConformance('caddy', async () => {
  const caddy = await startCaddy(withCatchAll);
  const isChange = (bytes: Buffer) => /^(PUT|PATCH|POST|DELETE) /.test(bytes.toString('latin1'));
  const way = await startWay({ port: caddy.adminPort, wayPort: caddy.wayPort }, isChange);
  const over = proxyOf(caddy, { adminPort: way.port });
  return {
    proxy: proxyOf(caddy),
    other: proxyOf(caddy),
    dump: caddy.config,
    occupy: (id) =>
      caddy.change('PUT', `${routesPath}/0`, { '@id': `provisor:${id}`, match: [{ host: ['else.test'] }], handle: [] }),
    claim: (hostname) =>
      caddy.change('PUT', `${routesPath}/0`, { match: [{ path: ['/x'] }, { host: [hostname] }], handle: [] }),
    clearForeign: async () => {
      if (JSON.parse(await caddy.config()).apps.http.servers.sites.routes.length > 2) {
        await caddy.change('DELETE', `${routesPath}/0`);
      }
    },
    spoil: async (how: WayMode) => {
      await way.set(how);
      return { proxy: over, swallowed: way.swallowed, mend: () => way.set('open') };
    },
    secrets: [secret],
    hostHeaders: true,
    socketDir: caddy.dir,
    traffic: { port: caddy.sitesPort, upgrades: true, oneLabel: true },
    stop: async () => {
      await way.stop();
      await caddy.stop();
    },
  };
});

describe('caddy', () => {
  const route = (id: string, more: Partial<Route> = {}): Route => ({
    id,
    hostnames: [`${id}.test`],
    upstream: { scheme: 'http', host: '127.0.0.1', port: 9 },
    page: 'suspended',
    enabled: true,
    redirectHttps: true,
    tls: 'auto',
    ...more,
  });

  const beginnings: [string, (port: number) => unknown][] = [
    ['nothing but its admin API', () => undefined],
    ['other servers only', () => ({})],
    [
      'the server, without a route',
      (port) => ({ sites: { listen: [`127.0.0.1:${port}`], automatic_https: { disable: true } } }),
    ],
  ];
  for (const [what, servers] of beginnings) {
    it(`serves from ${what}, and goes back to it`, async (t) => {
      const caddy = await startCaddy(servers);
      t.after(caddy.stop);
      const begun = await caddy.config();
      const proxy = proxyOf(caddy, { listen: [`127.0.0.1:${caddy.sitesPort}`] });
      await Promise.all(['a', 'b'].map((id) => proxy.putRoute(route(id), never)));
      assert.equal((await visitAt(caddy.sitesPort, 'a.test')).status, 503);
      assert.deepEqual((await proxy.listRoutes(never)).map(({ id }) => id).sort(), ['a', 'b']);
      await Promise.all(['a', 'b'].map((id) => proxy.deleteRoute(id, never)));
      assert.equal(await caddy.config(), begun);
    });
  }

  it('leaves what was put beside a server that it made', async (t) => {
    const caddy = await startCaddy(() => undefined);
    t.after(caddy.stop);
    const proxy = proxyOf(caddy, { listen: [`127.0.0.1:${caddy.sitesPort}`] });
    await proxy.putRoute(route('a'), never);
    await caddy.change('PUT', '/config/apps/http/servers/theirs', { listen: ['127.0.0.1:0'] });
    await proxy.deleteRoute('a', never);
    const { apps } = JSON.parse(await caddy.config());
    assert.deepEqual(apps, { http: { servers: { theirs: { listen: ['127.0.0.1:0'] } } } });
  });

  it('says what to set when the server is not there', async (t) => {
    const caddy = await startCaddy(() => ({}));
    t.after(caddy.stop);
    await assert.rejects(
      proxyOf(caddy).putRoute(route('a'), never),
      (error: ProviderError) => error.kind === 'invalid' && /PROVISOR_CADDY_SERVER/.test(error.message),
    );
    assert.deepEqual(await proxyOf(caddy).listRoutes(never), []);
  });

  it('tells what Caddy refuses, in its words, and has changed nothing', async (t) => {
    const caddy = await startCaddy(withCatchAll);
    t.after(caddy.stop);
    const begun = await caddy.config();
    const upstream = { scheme: 'unix', path: '/tmp/{http.request.host}.sock' } as const;
    await assert.rejects(
      proxyOf(caddy).putRoute(route('a', { upstream, page: 'site' }), never),
      (error) => error instanceof ProviderError && error.kind === 'invalid',
    );
    const nowhere = createCaddyProxy({
      adminUrl: caddy.adminUrl,
      server: 'another',
      listen: ['127.0.0.1:no-port'],
      siteUrl: 'http://*/',
    }).port;
    await assert.rejects(
      nowhere.putRoute(route('b'), never),
      (error: ProviderError) => error.kind === 'invalid' && /no-port/.test(error.message),
    );
    assert.equal(await caddy.config(), begun);
  });

  it('stands in front of a catch-all and beside the routes of others', async (t) => {
    const caddy = await startCaddy(withCatchAll);
    const site = await startUpstream('ours');
    t.after(async () => {
      await site.stop();
      await caddy.stop();
    });
    const proxy = proxyOf(caddy);
    await proxy.putRoute(route('a', { page: 'site', upstream: site.upstream }), never);
    assert.equal((await visitAt(caddy.sitesPort, 'a.test')).status, 200);
    assert.equal((await visitAt(caddy.sitesPort, 'own.test')).body, 'of the operator');
    assert.equal((await visitAt(caddy.sitesPort, 'b.test')).body, 'caught');
  });

  it('sends visitors of plain HTTP on, where sites have HTTPS', async (t) => {
    const caddy = await startCaddy(withCatchAll);
    t.after(caddy.stop);
    const proxy = createCaddyProxy({ adminUrl: caddy.adminUrl, server: 'sites', siteUrl: 'https://*:8443/' }).port;
    await proxy.putRoute(route('a'), never);
    const { status, headers } = await visitAt(caddy.sitesPort, `a.test:${caddy.sitesPort}`, { path: '/x?y=1' });
    assert.deepEqual([status, headers.location], [308, 'https://a.test:8443/x?y=1']);
    await proxy.putRoute(route('a', { redirectHttps: false }), never);
    assert.equal((await visitAt(caddy.sitesPort, 'a.test')).status, 503);
    assert.equal(proxy.urlFor('a.test'), 'https://a.test:8443/');
    await assert.rejects(
      proxy.putRoute(route('a', { tls: 'off' }), never),
      (error) => error instanceof ProviderError && error.kind === 'invalid',
    );
  });
});
