/** What a DNS server tells the world of what its adapter was told, asked with `dig` of bind9-dnsutils. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { DnsProvider, RRset } from '../../src/ports/dns.ts';
import { creations, madeZone, nameservers, signal } from '../conformance/dns.suite.ts';
import { recordsOfEveryKind } from '../conformance/dns-records.ts';

export interface DigWorld {
  dns: DnsProvider;
  /** Of the server, on 127.0.0.1. */
  port: number;
  stop(): Promise<void>;
}

/** The text of a TXT line as dig writes it: strings in quotes, with `\"`, `\\` and `\DDD`. */
const textOf = (line: string): string => {
  const bytes: number[] = [];
  for (const [, string = ''] of line.matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
    for (const [, decimal, single, plain] of string.matchAll(/\\(\d{3})|\\(.)|([^\\])/g))
      bytes.push(...(decimal ? [Number(decimal)] : Buffer.from(single ?? plain ?? '')));
  }
  return Buffer.from(bytes).toString();
};

export const digConformance = (id: string, open: () => Promise<DigWorld>): void => {
  describe(`${id}, asked with dig`, () => {
    let world: DigWorld;
    before(async () => {
      world = await open();
    });
    after(() => world?.stop());

    const run = async (...question: string[]): Promise<string> => {
      const args = ['-r', '@127.0.0.1', '-p', String(world.port), '+norecurse', '+tries=1', ...question];
      return (await promisify(execFile)('dig', args)).stdout;
    };
    const dig = async (...question: string[]): Promise<string[]> =>
      (await run('+noall', '+answer', '+authority', ...question)).split('\n').filter((line) => /^[^;]/.test(line));
    const last = (line: string) => line.split(/\s+/).at(-1);

    it('answers what the API was told, for every kind of record', async () => {
      const zone = await madeZone(world.dns);
      const samples = recordsOfEveryKind(zone);
      await world.dns.applyChanges(zone, creations(samples.map(({ wished }) => wished)), signal);
      for (const { label, shown } of samples.filter(({ wished }) => wished.type !== 'NS')) {
        const lines = await dig('+tcp', '+noauthority', shown.name.replace('*', 'anything'), shown.type);
        assert.equal(lines.length, shown.rdata.length, label);
        const told = lines.map((line) => {
          const [, ttl, , type, ...rdata] = line.split(/\s+/);
          assert.deepEqual([ttl, type], ['300', shown.type], label);
          return shown.type === 'TXT' ? textOf(line.slice(line.indexOf('"'))) : rdata.join(' ');
        });
        assert.deepEqual(told.sort(), [...shown.rdata].sort(), label);
      }
      const referral = await dig(`www.child.${zone}`, 'A');
      assert.deepEqual(referral.map(last).sort(), ['ns1.elsewhere.test.', 'ns2.elsewhere.test.']);
      assert.deepEqual((await dig('+noauthority', zone, 'NS')).map(last).sort(), nameservers);
      assert.match(await run(`t1500.${zone}`, 'TXT', '+bufsize=1232', '+ignore'), /flags: qr aa tc;/);
    });

    it('tells no such name from no such record, with the SOA beside both', async () => {
      const zone = await madeZone(world.dns);
      const deep: RRset = { name: `a.b.${zone}`, type: 'A', ttl: 300, rdata: ['192.0.2.1'] };
      const alias: RRset = { name: `alias.${zone}`, type: 'CNAME', ttl: 300, rdata: [deep.name] };
      await world.dns.applyChanges(zone, creations([deep, alias]), signal);
      for (const [name, type, status, answers] of [
        [`nothing.${zone}`, 'A', 'NXDOMAIN', 0],
        [`a.b.${zone}`, 'TXT', 'NOERROR', 0],
        [`b.${zone}`, 'A', 'NOERROR', 0],
        [`alias.${zone}`, 'TXT', 'NOERROR', 1],
        [`alias.${zone}`, 'A', 'NOERROR', 2],
      ] as const) {
        const told = await run(name, type);
        assert.match(told, new RegExp(`status: ${status},`), `${name} ${type}`);
        assert.match(told, new RegExp(`ANSWER: ${answers},`), `${name} ${type}`);
        assert.equal(/\sSOA\s/.test(told), name !== `alias.${zone}` || type === 'TXT', `${name} ${type}`);
      }
    });

    it('raises the serial with every change, and only then', async () => {
      const zone = await madeZone(world.dns);
      const serial = async () => Number((await dig(zone, 'SOA'))[0]?.split(/\s+/)[6]);
      const www: RRset = { name: `www.${zone}`, type: 'A', ttl: 300, rdata: ['192.0.2.1'] };
      const first = await serial();
      await world.dns.applyChanges(zone, creations([www]), signal);
      const second = await serial();
      assert.ok(second > first);
      await world.dns.applyChanges(zone, creations([www]), signal);
      assert.equal(await serial(), second);
    });
  });
};
