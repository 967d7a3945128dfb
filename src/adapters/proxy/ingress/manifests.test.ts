import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Route } from '../../../ports/proxy.ts';
import { ingressOf, placementOf } from './manifests.ts';

describe('the Ingress of a route', () => {
  const settings = {
    managedBy: 'provisor',
    clusterDomain: 'cluster.local',
    namespace: 'provisor-routes',
    ingressClass: 'nginx',
    issuer: 'letsencrypt',
    pagesHost: 'pages.provisor.svc.cluster.local',
    pagePorts: { suspended: 8081, stopped: 8082 },
  };
  const route: Route = {
    id: 'svc-1',
    hostnames: ['one.example.com', 'shop.example.org', '*.example.net'],
    upstream: { scheme: 'http', host: 'site.svc-1.svc.cluster.local', port: 80 },
    page: 'site',
    enabled: true,
    redirectHttps: true,
    tls: 'auto',
  };
  const tlsOf = (of: Route, given: typeof settings | Omit<typeof settings, 'issuer'> = settings) =>
    ingressOf(of, placementOf(of, given)!, given).spec?.tls;

  it('asks for a certificate for each name, so that one that cannot be had keeps no other back', () => {
    const tls = tlsOf(route) ?? [];
    assert.deepEqual(
      tls.map(({ hosts }) => hosts),
      route.hostnames.map((host) => [host]),
    );
    assert.equal(new Set(tls.map(({ secretName }) => secretName)).size, 3);
    for (const { secretName } of tls) assert.match(secretName ?? '', /^[a-z0-9-]{1,63}$/);
    const [first] = tlsOf({ ...route, hostnames: route.hostnames.slice(0, 1) }) ?? [];
    assert.equal(first?.secretName, tls[0]?.secretName, 'a certificate is kept when other names come and go');
  });

  it('asks for none where none is wished for, or nobody makes any', () => {
    assert.equal(tlsOf({ ...route, tls: 'off' }), undefined);
    const { issuer: _none, ...plain } = settings;
    assert.equal(tlsOf(route, plain), undefined);
  });
});
