import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../kit/errors.ts';
import type { Zone } from '../ports/dns.ts';
import { checkDnsProvider } from './check-dns-provider.ts';

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
