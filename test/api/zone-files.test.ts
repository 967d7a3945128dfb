import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { DnsProvider, RRset, RRsetChange } from '../../src/ports/dns.ts';
import { expectProblem } from '../support/answers.ts';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { makeZoneFile, normalised, sizes } from '../support/zone-files.ts';

const signal = AbortSignal.timeout(600_000);

/** A provider that takes one change at a time, and can be made to fail at one. */
const oneByOne = (adapter: Adapter<DnsProvider>) => {
  const { port } = adapter;
  const fails = { at: (_change: RRsetChange): boolean => false };
  const dns: DnsProvider = {
    ...port,
    capabilities: { ...port.capabilities, atomic: false },
    applyChanges: async (zone, changes, over) => {
      for (const change of changes) {
        if (fails.at(change)) throw new ProviderError(port.id, 'invalid', 'It refuses this one');
        await port.applyChanges(zone, [change], over);
      }
    },
  };
  const { open, close } = adapter;
  return {
    fails,
    adapter: { port: dns, ...(open ? { open: () => open() } : {}), ...(close ? { close: () => close() } : {}) },
  };
};

for (const database of databases) {
  describe(`zone files on ${database.name}`, () => {
    let app: TestApp;
    let provider: ReturnType<typeof oneByOne> | undefined;

    const start = async (atomic: boolean) => {
      app = await startApp(database, {
        environment: { PROVISOR_NAMESERVERS: 'ns1.nameservers.net,ns2.nameservers.net' },
        replacements: {
          adapters: (configured) => {
            if (atomic) return configured;
            provider = oneByOne(configured.dns);
            return { ...configured, dns: provider.adapter };
          },
        },
      });
    };

    let names = 0;
    const newZone = async (): Promise<string> => {
      const name = `file-${++names}.com`;
      const made = await app.panel.call('POST', '/v1/zones', { name }, waiting);
      assert.equal(made.status, 201, made.text);
      return name;
    };
    const take = (zone: string, zone_file: string, more: object = {}) =>
      app.panel.call('POST', `/v1/zones/${zone}/import`, { zone_file, ...more }, waiting);
    const published = async (zone: string): Promise<string[]> => {
      const rrsets: RRset[] = await app.serving.provisor.providers.dns.listRRsets(`${zone}.`, signal);
      return normalised(
        rrsets
          .filter(({ name, type }) => !(type === 'NS' && name === `${zone}.`))
          .flatMap(({ name, type, ttl, rdata }) => rdata.map((text) => ({ name, type, ttl, rdata: text }))),
      );
    };

    describe('at a provider that takes all or nothing', () => {
      before(() => start(true));
      after(() => app.stop());

      it('of ten shapes go in, come out, and are equal', async () => {
        const shapes = database.name === 'sqlite' ? sizes : [12, 250, 2000];
        for (const [at, size] of shapes.entries()) {
          const zone = await newZone();
          const made = makeZoneFile(`${zone}.`, size, 2000 + at);
          const dry = await take(zone, made.text, { mode: 'replace', dry_run: true });
          assert.equal(dry.status, 200, dry.text);
          assert.equal(dry.body.diff.length, size + 2);
          assert.equal((await published(zone)).length, 2, 'a dry run changes nothing');
          const taken = await take(zone, made.text, { mode: 'replace' });
          assert.equal(taken.status, 200, taken.text);
          assert.deepEqual(taken.body.diff, dry.body.diff);
          assert.deepEqual(await published(zone), normalised(made.records));
          const listed = (await app.panel.call('GET', `/v1/zones/${zone}/records`)).body;
          assert.deepEqual([listed.data.length, listed.quota.used], [size, size]);
          assert.ok(listed.data.every(({ state }: { state: string }) => state === 'published'));
          const out = await app.panel.call('GET', `/v1/zones/${zone}/export`);
          assert.match(out.headers['content-type'] ?? '', /^text\/dns\b/);
          const again = await take(zone, out.text, { mode: 'replace', dry_run: true });
          assert.deepEqual([again.status, again.body.diff], [200, []]);
          assert.equal(again.body.ignored.length, 3);
        }
      });

      it('are merged into what is there, and read as a diff before', async () => {
        const zone = await newZone();
        const file = 'www 300 IN A 198.51.100.1\nmail 300 IN A 198.51.100.2\n';
        const dry = await take(zone, file, { dry_run: true });
        assert.deepEqual(dry.body, {
          dry_run: true,
          // The TTL belongs to all addresses of www.
          diff: [
            '- www 3600 A 127.0.0.1',
            '+ www 300 A 127.0.0.1',
            '+ www 300 A 198.51.100.1',
            '+ mail 300 A 198.51.100.2',
          ],
          ignored: [],
          operation: null,
        });
        const taken = await take(zone, file);
        assert.equal(taken.body.operation.state, 'done');
        const listed = (await app.panel.call('GET', `/v1/zones/${zone}/records`)).body.data;
        assert.deepEqual(
          listed.map(({ name, data, state }: Record<string, string>) => `${name} ${data} ${state}`).sort(),
          [
            '@ PROXYSRV published',
            'mail 198.51.100.2 published',
            'www 198.51.100.1 published',
            'www PROXYSRV published',
          ],
        );
        const again = await take(zone, file);
        assert.deepEqual([again.status, again.body.diff, again.body.operation], [200, [], null]);
      });

      it('are refused whole, with every line that cannot be taken', async () => {
        const zone = await newZone();
        const before = await published(zone);
        const { body } = expectProblem(
          await take(zone, 'a A 192.0.2.1\nb A 1.2.3\nc CNAME d.\nc A 192.0.2.1\na 60 A 192.0.2.2\na A 192.0.2.1\n'),
          400,
          'zone_file_invalid',
        );
        assert.match(body.error, /^The zone file cannot be taken: line 2: The field "data" must be an IPv4 address/);
        assert.deepEqual(
          body.details.problems.map(({ line }: { line: number }) => line),
          [2, 5, 6],
        );
        expectProblem(await take(zone, 'c CNAME d.example.org.\nc A 192.0.2.1'), 409, 'record_conflict');
        expectProblem(await take(zone, 'www CNAME x.example.org.'), 409, 'record_conflict');
        expectProblem(await take(zone, `a.${zone} A 192.0.2.1`), 400, 'zone_file_invalid');
        expectProblem(await take(zone, 'x'.repeat(1_100_000)), 413, 'payload_too_large');
        assert.deepEqual(await published(zone), before);
      });

      it('are taken once for each Idempotency-Key', async () => {
        const zone = await newZone();
        const call = () =>
          app.panel.call(
            'POST',
            `/v1/zones/${zone}/import`,
            { zone_file: 'k A 192.0.2.1' },
            { ...waiting, 'Idempotency-Key': zone },
          );
        const one = await call();
        assert.deepEqual(one.body.diff, ['+ k 3600 A 192.0.2.1']);
        // As after a crash before the answer was kept: the operation is found, and what it did.
        await app.serving.provisor.db
          .knex('idempotency_keys')
          .where({ idem_key: zone })
          .update({ state: 'running', status: null, locked_until: 0 });
        const two = await call();
        assert.equal(two.status, 200, two.text);
        assert.deepEqual([two.body.operation.id, two.body.diff], [one.body.operation.id, one.body.diff]);
      });
    });

    describe('at a provider that takes one change after the other', () => {
      before(() => start(false));
      after(() => app.stop());

      it('are taken back when one change is refused', async () => {
        const zone = await newZone();
        const before = await published(zone);
        provider!.fails.at = (change) => change.op === 'create' && change.new.name.startsWith('bad.');
        const answer = await take(zone, 'a A 192.0.2.1\nwww A 192.0.2.1\nbad A 192.0.2.1\nc A 192.0.2.1\n');
        const { body } = expectProblem(answer, 409, 'operation_failed');
        assert.deepEqual(body.details.applied, []);
        assert.equal(body.details.not_applied.length, 4);
        assert.deepEqual(await published(zone), before);
        assert.deepEqual((await app.panel.call('GET', `/v1/zones/${zone}`)).body.quota.used, 2);
      });
    });
  });
}
