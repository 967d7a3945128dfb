/** What other programs make of our zones: `dig` asks the local server and PowerDNS, `named-checkzone` reads every export. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { LocalDns } from '../../src/adapters/dns/local/index.ts';
import { createPowerDns } from '../../src/adapters/dns/powerdns/index.ts';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startPowerDns } from '../support/powerdns.ts';
import { makeZoneFile, sizes } from '../support/zone-files.ts';

const run = promisify(execFile);
const searchPath = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } };

interface Nameserver {
  app: TestApp;
  /** Of its DNS, on 127.0.0.1. */
  port: number;
  stop(): Promise<void>;
}

const environment = {
  PROVISOR_PUBLIC_IP: '203.0.113.10',
  PROVISOR_PUBLIC_IPV6: '2001:db8::10',
  PROVISOR_PROXY_NAME: 'proxy.provider.net',
  PROVISOR_NAMESERVERS: 'ns1.nameservers.net,ns2.nameservers.net',
};

/** The whole app on each nameserver that `dig` can ask. */
const nameservers: Record<string, () => Promise<Nameserver>> = {
  'the local server': async () => {
    let local!: LocalDns;
    const app = await startApp(databases[0]!, {
      environment,
      replacements: {
        adapters: (configured) => {
          local = configured.dns as LocalDns;
          return configured;
        },
      },
    });
    // The port is known once it is open.
    return { app, port: local.listeningPort!, stop: app.stop };
  },
  PowerDNS: async () => {
    const server = await startPowerDns();
    const dns = createPowerDns({ url: server.url, apiKey: server.apiKey, serverId: 'localhost' });
    const app = await startApp(databases[0]!, {
      environment,
      replacements: { adapters: (configured) => ({ ...configured, dns }) },
    });
    const stop = async () => {
      await app.stop();
      await server.stop();
    };
    return { app, port: server.dnsPort, stop };
  },
};

for (const [nameserver, open] of Object.entries(nameservers))
  describe(`zones, as other programs see them at ${nameserver}`, () => {
    let app: TestApp;
    let port = 0;
    let stop = async (): Promise<void> => {};
    before(async () => {
      ({ app, port, stop } = await open());
    });
    after(() => stop());

    const newZone = async (name: string): Promise<void> => {
      const made = await app.panel.call('POST', '/v1/zones', { name }, waiting);
      assert.equal(made.status, 201, made.text);
    };

    const dig = async (name: string, type: string, ...more: string[]): Promise<string[]> => {
      const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(port), '+short', '+time=5', ...more, name, type]);
      return stdout.trim().split('\n').sort();
    };

    it('are answered as the API was told, for every type', async () => {
      await newZone('dig-me.com');
      const text = `v=DKIM1; p=${'abc"\\;'.repeat(100)}`;
      const wishes = [
        { name: 'a', type: 'A', data: '192.0.2.1' },
        { name: 'a', type: 'A', data: '192.0.2.2' },
        { name: 'b', type: 'AAAA', data: '2001:db8::1' },
        { name: 'c', type: 'CNAME', data: 'example.org' },
        { name: '@', type: 'MX', data: 'mail.example.org', priority: 10 },
        { name: 'sub', type: 'NS', data: 'ns.example.org' },
        { name: 'long', type: 'TXT', data: text },
        { name: '@', type: 'CAA', data: 'letsencrypt.org', tag: 'issue' },
        { name: '_sip._tcp', type: 'SRV', data: 'sip.example.org', priority: 1, weight: 2, port: 5060 },
        { name: 'bücher', type: 'A', data: '192.0.2.3' },
        { name: '*.wild', type: 'A', data: '192.0.2.4' },
        { name: 'p', type: 'CNAME', data: 'PROXYSRV' },
      ];
      for (const wish of wishes) {
        const answer = await app.panel.call('POST', '/v1/zones/dig-me.com/records', wish);
        assert.equal(answer.status, 201, answer.text);
      }
      const listed = (await app.panel.call('GET', '/v1/zones/dig-me.com/records')).body;
      assert.deepEqual([listed.verified, listed.data.length], [true, wishes.length + 4]);
      for (const { fqdn, data, published, state } of listed.data) {
        assert.equal(state, 'published', fqdn);
        if (data === 'PROXYSRV') assert.match(published, /^(203\.0\.113\.10|2001:db8::10|proxy\.provider\.net)$/);
      }
      assert.equal(listed.data.filter(({ data }: { data: string }) => data === 'PROXYSRV').length, 5);
      assert.deepEqual(await dig('dig-me.com', 'A'), ['203.0.113.10']);
      assert.deepEqual(await dig('www.dig-me.com', 'AAAA'), ['2001:db8::10']);
      assert.deepEqual(await dig('dig-me.com', 'NS'), ['ns1.nameservers.net.', 'ns2.nameservers.net.']);
      assert.deepEqual(await dig('a.dig-me.com', 'A'), ['192.0.2.1', '192.0.2.2']);
      assert.deepEqual(await dig('b.dig-me.com', 'AAAA'), ['2001:db8::1']);
      assert.deepEqual(await dig('c.dig-me.com', 'CNAME'), ['example.org.']);
      assert.deepEqual(await dig('dig-me.com', 'MX'), ['10 mail.example.org.']);
      assert.deepEqual(await dig('dig-me.com', 'CAA'), ['0 issue "letsencrypt.org"']);
      assert.deepEqual(await dig('_sip._tcp.dig-me.com', 'SRV'), ['1 2 5060 sip.example.org.']);
      assert.deepEqual(await dig('xn--bcher-kva.dig-me.com', 'A'), ['192.0.2.3']);
      assert.deepEqual(await dig('any.thing.wild.dig-me.com', 'A'), ['192.0.2.4']);
      assert.deepEqual(await dig('p.dig-me.com', 'CNAME'), ['proxy.provider.net.']);
      for (const transport of ['+notcp', '+tcp']) {
        const [long = ''] = await dig('long.dig-me.com', 'TXT', transport);
        const strings = [...long.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part = '']) =>
          part.replaceAll(/\\(.)/g, '$1'),
        );
        assert.ok(strings.length === 3 && strings.every((part) => part.length <= 255), long);
        assert.equal(strings.join(''), text);
      }
      // Below a delegation the server refers, with the nameservers in the authority section.
      const { stdout } = await run('dig', [
        '@127.0.0.1',
        '-p',
        String(port),
        '+norec',
        '+noall',
        '+authority',
        'x.sub.dig-me.com',
        'A',
      ]);
      assert.match(stdout, /^sub\.dig-me\.com\.\s+3600\s+IN\s+NS\s+ns\.example\.org\.$/m);
    });

    it('are accepted by named-checkzone as they are exported, in all ten shapes', async () => {
      for (const [at, size] of sizes.entries()) {
        const zone = `shape-${at}.com`;
        await newZone(zone);
        const { text } = makeZoneFile(`${zone}.`, size, 3000 + at);
        const taken = await app.panel.call(
          'POST',
          `/v1/zones/${zone}/import`,
          { zone_file: text, mode: 'replace' },
          waiting,
        );
        assert.equal(taken.status, 200, taken.text);
        const file = join(app.dataDir, `${zone}.zone`);
        const { text: exported } = await app.panel.call('GET', `/v1/zones/${zone}/export`);
        await writeFile(file, exported);
        const again = await app.panel.call('POST', `/v1/zones/${zone}/import`, {
          zone_file: exported,
          mode: 'replace',
          dry_run: true,
        });
        assert.deepEqual([again.status, again.body.diff], [200, []], 'what comes out is what went in');
        const { stdout } = await run('named-checkzone', ['-i', 'local', zone, file], searchPath);
        assert.match(stdout, /^OK$/m);
        // It loads as many records as there are, and our SOA and two NS.
        const { stdout: dumped } = await run(
          'named-checkzone',
          ['-i', 'local', '-D', '-o', '-', zone, file],
          searchPath,
        );
        const lines = dumped.split('\n').filter((line) => /\sIN\s+(A|AAAA|CNAME|MX|NS|TXT|CAA|SRV|SOA)\s/.test(line));
        assert.equal(lines.length, size + 3);
      }
    });
  });
