import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSiteDomain, checkVisit, checkZones } from './check-names.ts';

const ours = ['ns1.example.net.', 'ns2.example.net.'];

const parent = (delegations: Record<string, string[] | null>) => ({
  nameserversOf: async (zone: string) => {
    const found = delegations[zone];
    if (found === null) throw new Error('No answer');
    return found ?? [];
  },
});

const site = async (domain: string, found: string[] | null) => {
  const config = { PROVISOR_SITE_DOMAIN: domain, PROVISOR_NAMESERVERS: ours };
  const [finding] = await checkSiteDomain(config, parent({ [`${domain}.`]: found }));
  return finding!;
};

test('the domain of the sites must be delegated to our nameservers, in any order', async () => {
  assert.equal((await site('sites.example.com', [...ours].reverse())).state, 'good');
  const others = await site('sites.example.com', ['ns.elsewhere.example.']);
  assert.equal(others.state, 'bad');
  assert.match(others.finding, /^sites\.example\.com is delegated to ns\.elsewhere\.example\., and not to ns1/);
  assert.match(others.remedy ?? '', /PROVISOR_NAMESERVERS/);
  assert.equal((await site('sites.example.com', [])).state, 'note');
  assert.match((await site('sites.example.com', null)).finding, /could not be asked/);
  assert.equal((await site('sites.localhost', ours)).state, 'note');
});

test('zones that are delegated elsewhere are named', async () => {
  const zones = ['a.example.', 'b.example.', 'c.example.'].map((name) => ({ name, nameservers: ours }));
  const check = async (found: Record<string, string[] | null>) => (await checkZones(zones, parent(found)))[0]!;
  assert.equal((await check({ 'a.example.': ours, 'b.example.': ours, 'c.example.': null })).state, 'good');
  const away = await check({ 'a.example.': ours, 'b.example.': ['ns.elsewhere.example.'], 'c.example.': [] });
  assert.equal(away.state, 'note');
  assert.match(away.finding, /not seen: b\.example\., c\.example\.\.$/);
  assert.match(
    (await check({ 'a.example.': null, 'b.example.': null, 'c.example.': null })).finding,
    /could not be asked/,
  );
  assert.deepEqual(await checkZones([], parent({})), []);
});

test('a site is visited by its name; without one there is nothing to visit', async () => {
  assert.equal((await checkVisit(null))[0]?.state, 'note');
  assert.deepEqual(await checkVisit({ hostname: 'alice.sites.localhost', url: 'http://alice.sites.localhost/' }), []);
  const [nowhere] = await checkVisit({ hostname: 'no-such-name.example', url: 'http://no-such-name.example/' });
  assert.equal(nowhere?.state, 'bad');
  assert.match(nowhere?.finding ?? '', /has no address/);
});
