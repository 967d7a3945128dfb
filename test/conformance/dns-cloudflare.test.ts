/** dns/cloudflare against a fake of Cloudflare's API: the port's promises, and the traps of that API. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createCloudflareDns } from '../../src/adapters/dns/cloudflare/index.ts';
import type { DnsProvider, RRset, RRsetChange } from '../../src/ports/dns.ts';
import { type FakeCloudflare, startFakeCloudflare } from '../support/fake-cloudflare.ts';
import { creations, dnsConformance, fails, freshName, listed, madeZone, nameservers, signal } from './dns.suite.ts';
import { dnsOverHttpConformance } from './dns-over-http.suite.ts';

const adapterOf = ({ token, accountId }: FakeCloudflare, url: string): DnsProvider =>
  createCloudflareDns({ url, token, accountId }).port;

dnsConformance('dns/cloudflare', { cannotHold: [], batch: 1_000, keepsNameservers: false }, async () => {
  const fake = await startFakeCloudflare();
  return {
    dns: adapterOf(fake, fake.url),
    other: adapterOf(fake, fake.url),
    putForeignZone: async (zone, { name, type, ttl, rdata }) => {
      fake.putZone(
        zone.name.slice(0, -1),
        rdata.map((content) => ({ name, type, ttl, content })),
      );
    },
    stop: fake.stop,
  };
});

dnsOverHttpConformance('dns/cloudflare', async () => {
  const fake = await startFakeCloudflare();
  return {
    url: fake.url,
    at: (url) => adapterOf(fake, url.endsWith('/client/v4') ? url : `${url}/client/v4`),
    changes: ({ method }) => method !== 'GET',
    secrets: [fake.token],
    stop: fake.stop,
  };
});

describe('the traps of the API of Cloudflare', () => {
  let fake: FakeCloudflare;
  let dns: DnsProvider;
  before(async () => {
    fake = await startFakeCloudflare();
    dns = adapterOf(fake, fake.url);
  });
  beforeEach(() => {
    fake.requests.length = 0;
    fake.meanwhile = () => {};
    fake.mostInBatch = 3_500;
  });
  after(() => fake?.stop());

  const www = (zone: string, ...rdata: string[]): RRset => ({ name: `www.${zone}`, type: 'A', ttl: 300, rdata });
  const recordsOf = (zone: string) => fake.zones.find(({ name }) => `${name}.` === zone)!.records;

  it('takes a refusal with status 200 for no empty list', async () => {
    const refused = {
      status: 200,
      body: { success: false, errors: [{ code: 7500, message: 'try later' }], result: null },
    };
    const zone = await madeZone(dns);
    fake.next = refused;
    await assert.rejects(dns.getZone(zone, signal), fails('invalid'));
    fake.next = { status: 200, body: { success: false, errors: [], result: null } };
    await assert.rejects(dns.listZones(signal), fails('unavailable'));
    fake.next = { ...refused, body: { ...refused.body, errors: [{ code: 10000, message: 'Authentication error' }] } };
    await assert.rejects(dns.listZones(signal), fails('auth'));
  });

  it('repeats no call by itself', async () => {
    const zone = await madeZone(dns);
    for (const status of [408, 409, 429, 500, 503]) {
      fake.requests.length = 0;
      fake.meanwhile = ({ method }) => {
        if (method === 'GET') fake.next = { status, body: { success: false, errors: [], result: null } };
      };
      await assert.rejects(dns.applyChanges(zone, creations([www(zone, '192.0.2.1')]), signal));
      fake.meanwhile = () => {};
      fake.next = null;
      assert.deepEqual(
        fake.requests.map(({ method }) => method),
        ['GET', 'GET'],
      );
    }
  });

  it('reads all pages and asks for no more', async () => {
    const many = await startFakeCloudflare();
    try {
      for (let count = 0; count < 101; count++) many.putZone(`page-${count}.test`);
      const zones = await adapterOf(many, many.url).listZones(signal);
      assert.equal(new Set(zones.map(({ name }) => name)).size, 101);
      assert.equal(many.requests.length, 3);
    } finally {
      await many.stop();
    }
  });

  it('finishes a zone that an earlier attempt has made and not marked', async () => {
    const name = freshName();
    fake.putZone(name.slice(0, -1));
    await dns.createZone({ name, owner: 'panel:1', nameservers }, signal);
    await assert.rejects(dns.createZone({ name, owner: 'panel:2', nameservers }, signal), fails('conflict'));
  });

  it('leaves zones of other accounts alone', async () => {
    const name = freshName();
    fake.putZone(name.slice(0, -1), [], 'b'.repeat(32));
    await assert.rejects(dns.createZone({ name, owner: 'panel:1', nameservers }, signal), fails('conflict'));
    assert.equal(await dns.getZone(name, signal), null);
    await dns.deleteZone({ name, owner: 'panel:1' }, signal);
    assert.ok(fake.zones.some((zone) => `${zone.name}.` === name));
  });

  it('marks a zone without naming its owner, and keeps the mark from customers', async () => {
    const zone = freshName();
    await dns.createZone({ name: zone, owner: 'alice@example.com', nameservers }, signal);
    assert.ok(!JSON.stringify(recordsOf(zone)).includes('alice'));
    const mark: RRset = { name: `_provisor-zone.${zone}`, type: 'TXT', ttl: 300, rdata: ['owner=me'] };
    await assert.rejects(dns.applyChanges(zone, creations([mark]), signal), fails('invalid'));
    await assert.rejects(dns.applyChanges(zone, [{ op: 'delete', old: mark }], signal), fails('invalid'));
  });

  it('looks again when the same record came in between, and finds it done', async () => {
    const zone = await madeZone(dns);
    fake.meanwhile = ({ path }) => {
      if (!path.endsWith('/batch')) return;
      fake.meanwhile = () => {};
      fake.zones
        .find(({ name }) => `${name}.` === zone)!
        .records.push({
          id: 'x'.repeat(32),
          name: `www.${zone}`.slice(0, -1),
          type: 'A',
          ttl: 300,
          content: '192.0.2.1',
          proxied: false,
        });
    };
    await dns.applyChanges(zone, creations([www(zone, '192.0.2.1')]), signal);
    assert.deepEqual(await listed(dns, zone), [www(zone, '192.0.2.1')]);
  });

  it('looks again when a record has gone in between', async () => {
    const zone = await madeZone(dns);
    await dns.applyChanges(zone, creations([www(zone, '192.0.2.1')]), signal);
    fake.meanwhile = ({ path }) => {
      if (!path.endsWith('/batch')) return;
      fake.meanwhile = () => {};
      const records = recordsOf(zone);
      records.splice(
        records.findIndex(({ type }) => type === 'A'),
        1,
      );
    };
    await dns.applyChanges(zone, [{ op: 'delete', old: www(zone, '192.0.2.1') }], signal);
    assert.deepEqual(await listed(dns, zone), []);
  });

  describe('on a plan that allows 200 changes at once', () => {
    const many = (zone: string, count: number): RRset[] =>
      Array.from({ length: count }, (_, index) => ({ ...www(zone, '192.0.2.1'), name: `n${1000 + index}.${zone}` }));
    const batches = () => fake.requests.filter(({ path }) => path.endsWith('/batch')).length;
    let zone: string;
    beforeEach(async () => {
      fake.mostInBatch = 200;
      zone = await madeZone(dns);
      fake.requests.length = 0;
    });

    it('sends a larger one in parts, removals first', async () => {
      await dns.applyChanges(zone, creations(many(zone, 450)), signal);
      assert.equal(batches(), 3);
      assert.equal((await listed(dns, zone)).length, 450);
      // Every name turns from an address into an alias: the address is gone before.
      const aliases = many(zone, 450).map((old) => ({ ...old, type: 'CNAME' as const, rdata: ['x.test.'] }));
      const turned = many(zone, 450).flatMap((old, index) => [
        { op: 'create' as const, new: aliases[index]! },
        { op: 'delete' as const, old },
      ]);
      await dns.applyChanges(zone, turned.reverse(), signal);
      assert.deepEqual(await listed(dns, zone), aliases);
    });

    it('changes nothing when one RRset alone is larger', async () => {
      const large = www(zone, ...Array.from({ length: 201 }, (_, index) => `192.0.2.${index}`));
      await assert.rejects(dns.applyChanges(zone, creations([...many(zone, 3), large]), signal), (error: Error) => {
        assert.match(error.message, /^www\..* A needs 201 changes, and the plan of the zone allows 200 at once$/);
        return fails('invalid')(error);
      });
      assert.deepEqual(await listed(dns, zone), []);
      assert.equal(batches(), 0);
    });

    it('says how far it got when a part is refused, and goes on from there', async () => {
      const wish = creations(many(zone, 450));
      const refuseSecond = () => {
        let seen = 0;
        fake.meanwhile = ({ path }) => {
          seen += Number(path.endsWith('/batch'));
          if (seen !== 2) return;
          fake.meanwhile = () => {};
          fake.mostInBatch = 0;
        };
      };
      refuseSecond();
      await assert.rejects(dns.applyChanges(zone, wish, signal), (error: Error) => {
        assert.match(error.message, /; 1 of 3 parts of the change had been made before$/);
        return fails('invalid')(error);
      });
      fake.mostInBatch = 200;
      assert.equal((await listed(dns, zone)).length, 200);
      fake.requests.length = 0;
      await dns.applyChanges(zone, wish, signal);
      assert.equal(batches(), 2);
      assert.deepEqual(await listed(dns, zone), many(zone, 450));
    });

    it('is taken back from wherever it stopped, in one go as well', async () => {
      const wish = many(zone, 450);
      const old = wish.slice(0, 220).map((rrset) => ({ ...rrset, ttl: 900 }));
      await dns.applyChanges(zone, creations(old), signal);
      const forth: RRsetChange[] = wish.map((rrset, index) =>
        index < old.length ? { op: 'update', old: old[index]!, new: rrset } : { op: 'create', new: rrset },
      );
      await dns.applyChanges(zone, forth.slice(0, 300), signal);
      const back: RRsetChange[] = forth
        .map(
          (change): RRsetChange =>
            change.op === 'update'
              ? { op: 'update', old: change.new, new: change.old }
              : { op: 'delete', old: (change as { new: RRset }).new },
        )
        .reverse();
      await dns.applyChanges(zone, back, signal);
      assert.deepEqual(await listed(dns, zone), old);
    });
  });

  it('shows automatic TTLs, unquoted texts and proxied records, and no types of others', async () => {
    const name = freshName();
    const bare = name.slice(0, -1);
    const zone = fake.putZone(bare, [
      { name: `auto.${bare}`, type: 'A', ttl: 1, content: '192.0.2.1', proxied: true },
      { name: `ptr.${bare}`, type: 'PTR', ttl: 60, content: 'x.test' },
    ]);
    zone.records.push({ id: '1', name: `old.${bare}`, type: 'TXT', ttl: 60, content: 'plain "text"', proxied: false });
    assert.deepEqual(await listed(dns, name), [
      { name: `auto.${name}`, type: 'A', ttl: 300, rdata: ['192.0.2.1'] },
      { name: `old.${name}`, type: 'TXT', ttl: 60, rdata: ['plain "text"'] },
    ]);
  });

  it('changes a TTL without taking the record away', async () => {
    const zone = await madeZone(dns);
    const old = www(zone, '192.0.2.1', '192.0.2.2');
    await dns.applyChanges(zone, creations([old]), signal);
    const ids = () =>
      recordsOf(zone)
        .filter(({ type }) => type === 'A')
        .map(({ id }) => id);
    const before = ids();
    await dns.applyChanges(zone, [{ op: 'update', old, new: { ...old, ttl: 900 } }], signal);
    assert.deepEqual(ids(), before);
    assert.deepEqual(await listed(dns, zone), [{ ...old, ttl: 900 }]);
  });

  it('says what is too large or lives too long', () => {
    const text = (rdata: string[], ttl = 300): RRset => ({ name: 't.example.test.', type: 'TXT', ttl, rdata });
    const reasons = (rrset: RRset) => dns.audit([rrset]).map(({ reason }) => reason);
    assert.deepEqual(reasons(text(['x'.repeat(4_000)])), []);
    assert.match(reasons(text(['x'.repeat(4_096)])).join(), /4096 bytes/);
    assert.match(reasons(text([1, 2, 3].map((n) => `${n}${'x'.repeat(3_000)}`))).join(), /8192 characters/);
    assert.match(reasons(text(['x'], 59)).join(), /60 to 86400/);
    assert.match(reasons(text(['x'], 86_401)).join(), /60 to 86400/);
  });

  it('says so when the token is not good', async () => {
    const other = createCloudflareDns({ url: fake.url, token: 'another-token', accountId: fake.accountId }).port;
    await assert.rejects(other.listZones(signal), fails('auth'));
  });
});
