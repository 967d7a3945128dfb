import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../kit/errors.ts';
import type { Zone } from '../ports/dns.ts';
import { checkCompute, checkDnsProvider, checkProviderClocks, checkProxy } from './check-providers.ts';

const config = { PROVISOR_DNS: 'powerdns', PROVISOR_SITE_DOMAIN: 'sites.example.com' } as const;

const check = async (answer: Zone | ProviderErrorKind | null) => {
  const getZone = async (name: string) => {
    assert.equal(name, 'sites.example.com.');
    if (typeof answer === 'string') throw new ProviderError('dns/powerdns', answer, 'No answer (ECONNREFUSED)');
    return answer;
  };
  const [finding, ...more] = await checkDnsProvider(config, { id: 'dns/powerdns', getZone });
  assert.deepEqual(more, []);
  return finding;
};

test('a provider that answers is good, with or without the zone of the sites', async () => {
  assert.equal((await check({ name: 'sites.example.com.', nameservers: [] }))?.state, 'good');
  const missing = await check(null);
  assert.equal(missing?.state, 'note');
  assert.match(missing?.finding ?? '', /not there yet/);
});

test('a provider that does not let us in is told with what to do', async () => {
  const told = async (kind: ProviderErrorKind) => {
    const finding = await check(kind);
    assert.ok(finding?.state === 'bad');
    assert.match(finding.finding, /^dns\/powerdns does not let us work: No answer/);
    return finding.remedy ?? '';
  };
  assert.match(await told('auth'), /rights/);
  assert.match(await told('unavailable'), /address/);
  assert.match(await told('invalid'), /manual/);
});

test('the local provider is not asked here', async () => {
  const getZone = () => assert.fail('asked');
  assert.deepEqual(await checkDnsProvider({ ...config, PROVISOR_DNS: 'local' }, { id: 'dns/local', getZone }), []);
});

test('compute and proxy are asked for what is ours', async () => {
  const auth = new ProviderError('compute/proxmox', 'auth', '401 no');
  const compute = (list: () => Promise<{ name: string; createdAt: number }[]>) =>
    checkCompute({ PROVISOR_COMPUTE: 'proxmox' }, { id: 'compute/proxmox', list });
  assert.deepEqual(await compute(async () => [{ name: 'svc-a', createdAt: 0 }]), [
    { check: 'compute', state: 'good', finding: 'compute/proxmox answers and shows 1 site of ours.' },
  ]);
  const [refused] = await compute(() => Promise.reject(auth));
  assert.deepEqual([refused?.state, refused?.finding], ['bad', 'compute/proxmox does not let us work: 401 no.']);
  assert.match(refused?.remedy ?? '', /rights/);
  const listRoutes = async () => [];
  const [proxy] = await checkProxy({ PROVISOR_PROXY: 'caddy' }, { id: 'proxy/caddy', listRoutes });
  assert.equal(proxy?.finding, 'proxy/caddy answers and has 0 routes of ours.');
  assert.deepEqual(await checkProxy({ PROVISOR_PROXY: 'local' }, { id: 'proxy/local', listRoutes }), []);
});

test('a provider whose clock is wrong is told, by the Date of its answers', async (t) => {
  let offset = 0;
  const server = createServer((_request, response) => {
    response.writeHead(404, { date: new Date(Date.now() + offset).toUTCString() }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = {
    compute: {},
    proxy: { PROVISOR_CADDY_SITE_URL: 'http://*/', PROVISOR_CADDY_ADMIN_URL: 'http://127.0.0.1:1' },
    dns: { PROVISOR_POWERDNS_URL: url },
  };
  assert.deepEqual(await checkProviderClocks({ options }), []);
  offset = -600_000;
  const [finding] = await checkProviderClocks({ options });
  assert.equal(finding?.state, 'bad');
  assert.match(finding?.finding ?? '', /^The clock of PROVISOR_POWERDNS_URL is 10 minutes behind/);
});
