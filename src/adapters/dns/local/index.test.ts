import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import type { RRset } from '../../../ports/dns.ts';
import { createLocalDns } from './index.ts';
import { ask, dnsIn, openDns, signal, silent, temporaryDir } from './local-dns.fixture.ts';

const fails = (kind: ProviderErrorKind) => (error: unknown) => error instanceof ProviderError && error.kind === kind;

const zone = { name: 'example.com.', owner: 'panel:1', nameservers: ['ns1.host.test.', 'ns2.host.test.'] };
const www: RRset = { name: 'www.example.com.', type: 'A', ttl: 60, rdata: ['192.0.2.1', '192.0.2.2'] };

test('a zone is made once for its owner and refused to another', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  const wished = { name: zone.name, nameservers: zone.nameservers };
  assert.deepEqual(await dns.createZone(zone, signal), wished);
  assert.deepEqual(await dns.createZone(zone, signal), wished);
  await assert.rejects(dns.createZone({ ...zone, owner: 'panel:2' }, signal), fails('conflict'));
  assert.deepEqual(await dns.listZones(signal), [wished]);

  await dns.applyChanges(zone.name, [{ op: 'create', new: www }], signal);
  await dns.deleteZone(zone, signal);
  await dns.deleteZone(zone, signal);
  assert.equal(await dns.getZone(zone.name, signal), null);
  await assert.rejects(dns.listRRsets(zone.name, signal), fails('not_found'));

  await dns.createZone({ ...zone, owner: 'panel:2' }, signal);
  assert.deepEqual(await dns.listRRsets(zone.name, signal), [], 'the next owner inherits nothing');
});

test('odd zone names are invalid', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  const odd = ['example.com', 'Example.com.', '.', '', 'a..b.', '*.example.com.', `${'a'.repeat(64)}.com.`, 'a b.com.'];
  for (const name of odd) await assert.rejects(dns.createZone({ ...zone, name }, signal), fails('invalid'), name);
});

test('the same changes twice are a success', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  await dns.createZone(zone, signal);
  const moved = { ...www, ttl: 300, rdata: ['192.0.2.9'] };
  const wishes = [
    [{ op: 'create', new: www }],
    [{ op: 'update', old: www, new: moved }],
    [{ op: 'delete', old: moved }],
  ] as const;
  const expected = [[www], [moved], []];
  for (const [index, changes] of wishes.entries()) {
    for (const _attempt of [1, 2]) {
      await dns.applyChanges(zone.name, [...changes], signal);
      assert.deepEqual(await dns.listRRsets(zone.name, signal), expected[index]);
    }
  }
});

test('the same records in another order or spelling are the same RRset', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  await dns.createZone(zone, signal);
  const v6: RRset = { name: www.name, type: 'AAAA', ttl: 60, rdata: ['2001:db8::1', '2001:db8::2'] };
  await dns.applyChanges(zone.name, [{ op: 'create', new: v6 }], signal);
  const respelled = { ...v6, rdata: ['2001:0DB8:0::2', '2001:db8:0:0::1'] };
  await dns.applyChanges(zone.name, [{ op: 'create', new: respelled }], signal);
  await dns.applyChanges(zone.name, [{ op: 'delete', old: respelled }], signal);
  assert.deepEqual(await dns.listRRsets(zone.name, signal), []);
});

test("someone else's change is a conflict for create and update, and survives a delete", async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  await dns.createZone(zone, signal);
  const theirs = { ...www, rdata: ['198.51.100.7'] };
  await dns.applyChanges(zone.name, [{ op: 'create', new: theirs }], signal);

  const mail: RRset = { name: zone.name, type: 'MX', ttl: 60, rdata: ['10 mail.example.com.'] };
  const both = [
    { op: 'create', new: mail },
    { op: 'create', new: www },
  ] as const;
  await assert.rejects(dns.applyChanges(zone.name, [...both], signal), fails('conflict'));
  const update = { op: 'update', old: www, new: { ...www, ttl: 5 } } as const;
  await assert.rejects(dns.applyChanges(zone.name, [update], signal), fails('conflict'));
  await dns.applyChanges(zone.name, [{ op: 'delete', old: www }], signal);
  assert.deepEqual(await dns.listRRsets(zone.name, signal), [theirs], 'nothing else was done');
});

test('what a zone cannot hold is invalid and changes nothing', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  await dns.createZone(zone, signal);
  await dns.applyChanges(zone.name, [{ op: 'create', new: www }], signal);
  const odd: RRset[] = [
    { ...www, name: 'www.example.org.' },
    { ...www, name: 'www.notexample.com.' },
    { ...www, name: 'a.b.example.com.', ttl: 0 },
    { ...www, name: 'a.example.com.', rdata: ['300.1.1.1'] },
    { ...www, name: 'a.example.com.', rdata: [] },
    { ...www, name: 'a.*.example.com.' },
    { name: zone.name, type: 'CNAME', ttl: 60, rdata: ['www.example.com.'] },
    { name: www.name, type: 'CNAME', ttl: 60, rdata: ['example.org.'] },
    { name: 'm.example.com.', type: 'MX', ttl: 60, rdata: ['10 mail'] },
    { name: 'm.example.com.', type: 'SRV', ttl: 60, rdata: ['1 2 99999 a.example.com.'] },
    { name: 'm.example.com.', type: 'TXT', ttl: 60, rdata: ['same', 'same'] },
  ];
  for (const rrset of odd) {
    const attempt = dns.applyChanges(zone.name, [{ op: 'create', new: rrset }], signal);
    await assert.rejects(attempt, fails('invalid'), JSON.stringify(rrset));
  }
  assert.deepEqual(await dns.listRRsets(zone.name, signal), [www]);
  await assert.rejects(dns.applyChanges('example.org.', [], signal), fails('not_found'));
});

test('one batch may turn a CNAME into an address', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  await dns.createZone(zone, signal);
  const alias: RRset = { name: www.name, type: 'CNAME', ttl: 60, rdata: ['example.org.'] };
  await dns.applyChanges(zone.name, [{ op: 'create', new: alias }], signal);
  const batch = [
    { op: 'delete', old: alias },
    { op: 'create', new: www },
  ] as const;
  await dns.applyChanges(zone.name, [...batch], signal);
  assert.deepEqual(await dns.listRRsets(zone.name, signal), [www]);
});

test('audit names what it cannot hold, and only that', async (t) => {
  const { port: dns } = dnsIn(t, await temporaryDir(t));
  const good: RRset[] = [
    www,
    {
      name: '*.example.com.',
      type: 'CAA',
      ttl: 1,
      rdata: ['0 issue "ca.test; account=1"', '128 iodef mailto:a@b.test'],
    },
    { name: '_sip._tcp.example.com.', type: 'SRV', ttl: 60, rdata: ['1 2 5060 sip.example.com.', '0 0 0 .'] },
    { name: 't.example.com.', type: 'TXT', ttl: 60, rdata: ['', 'ü'.repeat(3_000)] },
  ];
  const bad: RRset = { ...www, ttl: 0 };
  const [found, ...rest] = dns.audit([...good, bad]);
  assert.deepEqual(rest, []);
  assert.equal(found?.rrset, bad);
});

test('zones survive a restart, and the serial rises with every change', async (t) => {
  const dataDir = await temporaryDir(t);
  const first = dnsIn(t, dataDir);
  await first.open?.();
  await first.port.createZone(zone, signal);
  const serial = async (dns: typeof first) => {
    const [soa] = (await ask(dns, zone.name, 'SOA')).answers ?? [];
    assert.equal(soa?.type, 'SOA');
    return soa.type === 'SOA' ? (soa.data.serial ?? 0) : 0;
  };
  const before = await serial(first);
  await first.port.applyChanges(zone.name, [{ op: 'create', new: www }], signal);
  const after = await serial(first);
  assert.ok(after > before);
  await first.port.applyChanges(zone.name, [{ op: 'create', new: www }], signal);
  assert.equal(await serial(first), after, 'a wish fulfilled already is no change');
  await first.close?.();
  await first.close?.();

  const second = dnsIn(t, dataDir);
  await second.open?.();
  assert.deepEqual(await second.port.listRRsets(zone.name, signal), [www]);
  assert.equal(await serial(second), after);
});

test('the serial goes on past its end, and past a clock that was set back (RFC 1982)', async (t) => {
  const dataDir = await temporaryDir(t);
  const dns = dnsIn(t, dataDir);
  await dns.open?.();
  await dns.port.createZone(zone, signal);
  const file = new DatabaseSync(join(dataDir, 'dns.sqlite'), { timeout: 5_000 });
  t.after(() => file.close());
  const serial = async () => {
    const [soa] = (await ask(dns, zone.name, 'SOA')).answers ?? [];
    return soa?.type === 'SOA' ? soa.data.serial : undefined;
  };
  const ahead = Math.floor(Date.now() / 1_000) + 1_000_000;
  for (const [at, expected] of [
    [ahead, ahead + 1],
    [2 ** 32 - 1, undefined],
    [2 ** 31 + 100, 2 ** 31 + 101],
  ] as const) {
    file.prepare('UPDATE zones SET serial = ?').run(at);
    await dns.port.applyChanges(zone.name, [{ op: 'create', new: { ...www, name: `n${at}.example.com.` } }], signal);
    const next = (await serial()) ?? 0;
    if (expected !== undefined) assert.equal(next, expected);
    const distance = (next - at + 2 ** 32) % 2 ** 32;
    assert.ok(distance > 0 && distance < 2 ** 31, `${at} to ${next}`);
  }
});

test('a change by another adapter on the same directory is answered at once', async (t) => {
  const dataDir = await temporaryDir(t);
  const server = dnsIn(t, dataDir);
  await server.open?.();
  const cli = dnsIn(t, dataDir);
  await cli.port.createZone(zone, signal);
  await cli.port.applyChanges(zone.name, [{ op: 'create', new: www }], signal);
  assert.equal((await ask(server, www.name, 'A')).answers?.length, 2);
});

test('a port that is taken is told in a sentence', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const dns = createLocalDns({ dataDir: await temporaryDir(t), host: '127.0.0.1', port, log: silent });
  await assert.rejects(dns.open!(), new RegExp(`${port}.*PROVISOR_DNS_PORT`));
});

test('a call that was given up does nothing', async (t) => {
  const { port: dns } = await openDns(t);
  await assert.rejects(dns.createZone(zone, AbortSignal.abort()), fails('unavailable'));
  assert.deepEqual(await dns.listZones(signal), []);
});
