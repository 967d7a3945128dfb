/** dns/ispconfig against a fake of ISPConfig's remote API: the port's promises, and the traps of that API. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createIspConfigDns } from '../../src/adapters/dns/ispconfig/index.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import type { DnsProvider, RRset } from '../../src/ports/dns.ts';
import { type FakeIspConfig, startFakeIspConfig } from '../support/fake-ispconfig.ts';
import { creations, dnsConformance, fails, freshName, listed, madeZone, nameservers, signal } from './dns.suite.ts';
import { dnsOverHttpConformance } from './dns-over-http.suite.ts';

const adapterOf = ({ user, password }: FakeIspConfig, url: string): DnsProvider =>
  createIspConfigDns({ url, user, password, serverId: 1 }).port;

const cannotHold = [
  'quotes',
  'backslashes',
  'quotes at the joint',
  'non-ASCII text',
  'control characters',
  'empty text',
];

dnsConformance('dns/ispconfig', { cannotHold, batch: 250, keepsNameservers: true }, async () => {
  const fake = await startFakeIspConfig();
  return {
    dns: adapterOf(fake, fake.url),
    other: adapterOf(fake, fake.url),
    putForeignZone: async (zone, { name, type, ttl, rdata }) => {
      fake.putZone(
        zone.name,
        rdata.map((data) => ({ name, type, ttl: String(ttl), data })),
      );
    },
    stop: fake.stop,
  };
});

dnsOverHttpConformance('dns/ispconfig', async () => {
  const fake = await startFakeIspConfig();
  return {
    url: fake.url,
    at: (url) => adapterOf(fake, url),
    changes: ({ path }) => /_(add|update|delete)$/.test(path),
    secrets: [fake.password],
    stop: fake.stop,
  };
});

describe('the traps of the API of ISPConfig', () => {
  let fake: FakeIspConfig;
  let dns: DnsProvider;
  before(async () => {
    fake = await startFakeIspConfig();
  });
  beforeEach(() => {
    fake.meanwhile = () => {};
    fake.faultOf = () => undefined;
    dns = adapterOf(fake, fake.url);
    fake.calls.length = 0;
  });
  after(() => fake?.stop());

  const www = (zone: string, ...rdata: string[]): RRset => ({ name: `www.${zone}`, type: 'A', ttl: 300, rdata });
  const rowsOf = (zone: string) => {
    const id = fake.zones.find(({ origin }) => origin === zone)?.id;
    return fake.records.filter((row) => row.zone === id);
  };

  it('logs in once for many calls, and once more when the session has ended', async () => {
    const zone = await madeZone(dns);
    const logins = () => fake.calls.filter((method) => method === 'login').length;
    assert.equal(logins(), 1);
    fake.expireSessions();
    await Promise.all(Array.from({ length: 8 }, () => dns.listRRsets(zone, signal)));
    assert.equal(logins(), 2);
    fake.meanwhile = (method) => {
      if (method.endsWith('_add')) {
        fake.meanwhile = () => {};
        fake.expireSessions();
      }
    };
    await dns.applyChanges(zone, creations([www(zone, '192.0.2.1', '192.0.2.2')]), signal);
    assert.equal(rowsOf(zone).filter(({ type }) => type === 'A').length, 2, 'in the middle of a batch, nothing twice');
    assert.equal(logins(), 3);
  });

  it('gives up on sessions that end at once', async () => {
    fake.meanwhile = (method) => {
      if (method !== 'login') fake.expireSessions();
    };
    await assert.rejects(dns.listZones(signal), fails('unavailable'));
    assert.deepEqual(fake.calls, ['login', 'dns_zone_get', 'login', 'dns_zone_get']);
  });

  it('leaves the login to the others when one caller gives up', async () => {
    const controller = new AbortController();
    fake.meanwhile = (method) => {
      if (method === 'login') controller.abort();
    };
    const [mine, others] = await Promise.allSettled([dns.listZones(controller.signal), dns.listZones(signal)]);
    assert.equal(mine.status, 'rejected');
    assert.equal(others.status, 'fulfilled');
    assert.deepEqual(fake.calls, ['login', 'dns_zone_get', 'dns_ns_get']);
  });

  it('understands faults that come with status 200', async () => {
    const other = createIspConfigDns({ url: fake.url, user: 'provisor', password: 'wrong', serverId: 1 }).port;
    await assert.rejects(other.listZones(signal), fails('auth'));
    fake.faultOf = (method) =>
      method === 'dns_zone_get' ? 'You do not have the permissions to access this function.' : undefined;
    await assert.rejects(dns.listZones(signal), fails('auth'));
    fake.faultOf = (method) => (method === 'dns_zone_get' ? 'something else' : undefined);
    await assert.rejects(dns.listZones(signal), fails('invalid'));
  });

  it('leaves no record behind when a zone is deleted', async () => {
    const zone = await madeZone(dns);
    await dns.applyChanges(zone, creations([www(zone, '192.0.2.1', '192.0.2.2')]), signal);
    const { id } = fake.zones.find(({ origin }) => origin === zone)!;
    assert.equal(rowsOf(zone).length, 5, 'two addresses, two nameservers and the mark');
    await dns.deleteZone({ name: zone, owner: 'panel:1' }, signal);
    assert.deepEqual(
      fake.records.filter((row) => row.zone === id),
      [],
    );
  });

  it('finishes a zone that an earlier attempt has made and not marked', async () => {
    const name = freshName();
    fake.putZone(name);
    await dns.createZone({ name, owner: 'panel:1', nameservers }, signal);
    assert.deepEqual((await dns.getZone(name, signal))?.nameservers, nameservers);
    await assert.rejects(dns.createZone({ name, owner: 'panel:2', nameservers }, signal), fails('conflict'));
  });

  it('writes names and priorities as the panel does, and raises the serial', async () => {
    const zone = await madeZone(dns);
    const serial = () => Number(fake.zones.find(({ origin }) => origin === zone)?.serial);
    const before = serial();
    const mail: RRset = { name: zone, type: 'MX', ttl: 300, rdata: ['10 mail.test.'] };
    const sip: RRset = { name: `_sip._tcp.${zone}`, type: 'SRV', ttl: 300, rdata: ['1 2 5060 sip.test.'] };
    await dns.applyChanges(zone, creations([www(zone, '192.0.2.1'), mail, sip]), signal);
    const told = rowsOf(zone).map(({ name, type, aux, data }) => `${name} ${type} ${aux} ${data}`);
    assert.deepEqual(told.slice(3), [
      'www A 0 192.0.2.1',
      `${zone} MX 10 mail.test.`,
      '_sip._tcp SRV 1 2 5060 sip.test.',
    ]);
    assert.equal(serial(), before + 3);
  });

  it('reads names as people write them there', async () => {
    const zone = freshName();
    fake.putZone(zone, [
      { name: '@', type: 'MX', aux: '5', data: 'mail' },
      { name: `full.${zone}`, type: 'CNAME', data: 'www' },
      { name: '', type: 'A', data: '192.0.2.1' },
      { name: 'off', type: 'A', data: '192.0.2.2', active: 'N' },
      { name: 'ptr', type: 'PTR', data: 'x.test.' },
      { name: 'two', type: 'A', data: '192.0.2.3', ttl: '600' },
      { name: 'two', type: 'A', data: '192.0.2.4', ttl: '300' },
    ]);
    assert.deepEqual(await listed(dns, zone), [
      { name: `full.${zone}`, type: 'CNAME', ttl: 300, rdata: [`www.${zone}`] },
      { name: `two.${zone}`, type: 'A', ttl: 300, rdata: ['192.0.2.3', '192.0.2.4'] },
      { name: zone, type: 'A', ttl: 300, rdata: ['192.0.2.1'] },
      { name: zone, type: 'MX', ttl: 300, rdata: [`5 mail.${zone}`] },
    ]);
  });

  it('says how far it got when a batch stops half way, and goes on from there', async () => {
    const zone = await madeZone(dns);
    const first = www(zone, '192.0.2.1', '192.0.2.2', '192.0.2.3');
    const moved = { ...www(zone, '192.0.2.3', '192.0.2.4', '192.0.2.5'), ttl: 600 };
    const steps = [
      { changes: creations([first]), expected: [first], calls: 3 },
      { changes: [{ op: 'update', old: first, new: moved } as const], expected: [moved], calls: 5 },
      { changes: [{ op: 'delete', old: moved } as const], expected: [], calls: 3 },
    ];
    for (const { changes, expected, calls } of steps) {
      // At every step another of the calls fails, after those before it were done.
      for (let left = calls; left > 0; left--) {
        let writes = 0;
        fake.faultOf = (method) =>
          /_(add|update|delete)$/.test(method) && ++writes === 2 ? 'The database has gone away' : undefined;
        const outcome = await dns.applyChanges(zone, changes, signal).then(
          () => null,
          (error: unknown) => error,
        );
        fake.faultOf = () => undefined;
        if (left === 1) {
          assert.equal(outcome, null);
          break;
        }
        assert.ok(outcome instanceof ProviderError);
        assert.match(outcome.message, new RegExp(`1 of ${left} record changes`));
      }
      assert.deepEqual(await listed(dns, zone), expected);
    }
  });

  it('checks everything before it begins', async () => {
    const zone = await madeZone(dns);
    await dns.applyChanges(zone, creations([www(zone, '192.0.2.1')]), signal);
    const fine = { ...www(zone, '192.0.2.7'), name: `a.${zone}` };
    await assert.rejects(dns.applyChanges(zone, creations([fine, www(zone, '192.0.2.9')]), signal), fails('conflict'));
    assert.deepEqual(await listed(dns, zone), [www(zone, '192.0.2.1')]);
  });

  it('holds text beyond ASCII', async () => {
    const zone = await madeZone(dns);
    const text: RRset = { name: `t.${zone}`, type: 'TXT', ttl: 300, rdata: ['Grüße ☃ 日本'] };
    await dns.applyChanges(zone, creations([text]), signal);
    assert.deepEqual(await listed(dns, zone), [text]);
  });

  it('says what its forms refuse', () => {
    const reasons = (rrset: Partial<RRset>) =>
      dns.audit([{ ...www('example.test.', '192.0.2.1'), ...rrset } as RRset]).map(({ reason }) => reason);
    const srv = (target: string): Partial<RRset> => ({
      name: '_s._tcp.example.test.',
      type: 'SRV',
      rdata: [`1 2 3 ${target}`],
    });
    assert.deepEqual(reasons(srv(`${'a'.repeat(58)}.test.`)), []);
    assert.match(reasons(srv(`${'a'.repeat(60)}.test.`)).join(), /64 characters/);
    assert.match(reasons({ ...srv('a.test.'), name: '*.example.test.' }).join(), /wildcard/);
    assert.match(reasons({ name: '_x.example.test.', type: 'MX', rdata: ['1 a.test.'] }).join(), /underscore/);
    assert.match(reasons({ ttl: 59 }).join(), /from 60/);
  });
});
