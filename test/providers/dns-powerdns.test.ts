/** dns/powerdns against a real PowerDNS Authoritative Server, and what that server then tells the world. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createPowerDns } from '../../src/adapters/dns/powerdns/index.ts';
import type { RRset } from '../../src/ports/dns.ts';
import { creations, dnsConformance, madeZone, signal } from '../conformance/dns.suite.ts';
import { dnsOverHttpConformance } from '../conformance/dns-over-http.suite.ts';
import { recordsOfEveryKind } from '../conformance/dns-records.ts';
import { type PowerDns, startPowerDns } from '../support/powerdns.ts';

const adapterOf = ({ apiKey }: PowerDns, url: string) => createPowerDns({ url, apiKey, serverId: 'localhost' }).port;

const callApi = async ({ url, apiKey }: PowerDns, path: string, body: object): Promise<void> => {
  const reply = await fetch(`${url}/api/v1/servers/localhost${path}`, {
    method: 'POST',
    headers: { 'X-API-Key': apiKey },
    body: JSON.stringify(body),
  });
  assert.equal(reply.status, 201, await reply.text());
};

dnsConformance('dns/powerdns', { cannotHold: [], batch: 1_000, keepsNameservers: true }, async () => {
  const server = await startPowerDns();
  return {
    dns: adapterOf(server, server.url),
    putForeignZone: (zone, { name, type, ttl, rdata }) =>
      callApi(server, '/zones', {
        ...zone,
        kind: 'Native',
        rrsets: [{ name, type, ttl, records: rdata.map((content) => ({ content, disabled: false })) }],
      }),
    stop: server.stop,
  };
});

dnsOverHttpConformance('dns/powerdns', async () => {
  const server = await startPowerDns();
  return {
    url: server.url,
    at: (url) => adapterOf(server, url),
    changes: ({ method }) => method !== 'GET',
    secrets: [server.apiKey],
    stop: server.stop,
  };
});

describe('PowerDNS, asked with dig', () => {
  let server: PowerDns;
  before(async () => {
    server = await startPowerDns();
  });
  after(() => server?.stop());

  const dig = async (...question: string[]): Promise<string[]> => {
    const args = [
      '@127.0.0.1',
      '-p',
      String(server.dnsPort),
      '+noall',
      '+answer',
      '+norecurse',
      '+nocrypto',
      ...question,
    ];
    const { stdout } = await promisify(execFile)('dig', ['-r', ...args]);
    return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  };

  /** The text of a TXT line as dig writes it: strings in quotes, `\"`, `\\` and `\DDD`. */
  const textOf = (line: string): string => {
    const bytes: number[] = [];
    for (const [, string = ''] of line.matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
      for (const [, decimal, single, plain] of string.matchAll(/\\(\d{3})|\\(.)|([^\\])/g))
        bytes.push(...(decimal ? [Number(decimal)] : Buffer.from(single ?? plain ?? '')));
    }
    return Buffer.from(bytes).toString();
  };

  it('answers what the API was told, for every kind of record', async () => {
    const dns = adapterOf(server, server.url);
    const zone = await madeZone(dns);
    const samples = recordsOfEveryKind(zone);
    await dns.applyChanges(zone, creations(samples.map(({ wished }) => wished)), signal);
    for (const { label, shown } of samples) {
      if (shown.type === 'NS') continue;
      const name = shown.name.replace('*', 'anything');
      const lines = await dig('+tcp', name, shown.type);
      assert.equal(lines.length, shown.rdata.length, label);
      const told = lines.map((line) => {
        const [, ttl, , type, ...rdata] = line.split(/\s+/);
        assert.deepEqual([ttl, type], ['300', shown.type], label);
        return shown.type === 'TXT' ? textOf(line.slice(line.indexOf('"'))) : rdata.join(' ');
      });
      assert.deepEqual(told.sort(), [...shown.rdata].sort(), label);
    }
    const referral = await dig('+authority', `child.${zone}`, 'NS');
    assert.deepEqual(referral.map((line) => line.split(/\s+/).at(-1)).sort(), [
      'ns1.elsewhere.test.',
      'ns2.elsewhere.test.',
    ]);
    assert.deepEqual((await dig(zone, 'NS')).map((line) => line.split(/\s+/).at(-1)).sort(), [
      'ns1.host.test.',
      'ns2.host.test.',
    ]);
  });

  it('raises the serial with every change', async () => {
    const dns = adapterOf(server, server.url);
    const zone = await madeZone(dns);
    const serial = async () => Number((await dig(zone, 'SOA'))[0]?.split(/\s+/)[6]);
    const www: RRset = { name: `www.${zone}`, type: 'A', ttl: 300, rdata: ['192.0.2.1'] };
    const first = await serial();
    await dns.applyChanges(zone, creations([www]), signal);
    const second = await serial();
    assert.ok(second > first);
    await dns.applyChanges(zone, creations([www]), signal);
    assert.equal(await serial(), second, 'a wish fulfilled already is no change');
  });
});
