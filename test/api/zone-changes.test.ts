/** Changes of records at a provider that loses answers, and at which others are at work too. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import type { DnsProvider, RRset, RRsetChange } from '../../src/ports/dns.ts';
import { expectProblem } from '../support/answers.ts';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';

const signal = AbortSignal.timeout(600_000);

for (const database of databases) {
  describe(`changes of zones on ${database.name}`, () => {
    let app: TestApp;
    let plain: DnsProvider;
    let calls: RRsetChange[][] = [];
    /** What happens instead of the next calls. */
    let next: ((zone: string, changes: RRsetChange[]) => Promise<void>)[] = [];
    before(async () => {
      app = await startApp(database, {
        replacements: {
          timing: { graceMs: 20, backoffMs: { first: 5, last: 20 } },
          adapters: (configured) => {
            plain = configured.dns.port;
            const dns: DnsProvider = {
              ...plain,
              applyChanges: (zone, changes, over) => {
                calls.push(changes);
                return next.shift()?.(zone, changes) ?? plain.applyChanges(zone, changes, over);
              },
            };
            const { open, close } = configured.dns;
            return {
              ...configured,
              dns: { port: dns, ...(open ? { open: () => open() } : {}), ...(close ? { close: () => close() } : {}) },
            };
          },
        },
      });
    });
    after(() => app.stop());

    let names = 0;
    const newZone = async (): Promise<string> => {
      const name = `change-${++names}.com`;
      const made = await app.panel.call('POST', '/v1/zones', { name }, waiting);
      assert.equal(made.status, 201, made.text);
      [calls, next] = [[], []];
      return name;
    };
    const add = (zone: string, data: string) =>
      app.panel.call('POST', `/v1/zones/${zone}/records`, { name: 'x', type: 'A', data, ttl: 300 });
    const addresses = async (zone: string): Promise<string[]> =>
      (await plain.listRRsets(`${zone}.`, signal)).find(({ name }) => name === `x.${zone}.`)?.rdata.toSorted() ?? [];
    const rrset = (zone: string, ...rdata: string[]): RRset => ({ name: `x.${zone}.`, type: 'A', ttl: 300, rdata });
    const quota = async (zone: string) => (await app.panel.call('GET', `/v1/zones/${zone}`)).body.quota.used;

    it('are made once when the answer is lost, and when the call was never heard', async () => {
      const zone = await newZone();
      next = [
        async (name, changes) => {
          await plain.applyChanges(name, changes, signal);
          throw new ProviderError('dns/local', 'unknown_outcome', 'The answer is lost');
        },
      ];
      const added = await add(zone, '192.0.2.1');
      assert.equal(added.status, 201, added.text);
      next = [() => Promise.reject(new ProviderError('dns/local', 'unavailable', 'Nobody listens'))];
      assert.equal((await add(zone, '192.0.2.2')).status, 201);
      assert.equal(calls.length, 4);
      assert.deepEqual(await addresses(zone), ['192.0.2.1', '192.0.2.2']);
      assert.equal(await quota(zone), 4);
    });

    it('are planned anew on what somebody else has made of the RRset meanwhile', async () => {
      const zone = await newZone();
      assert.equal((await add(zone, '192.0.2.1')).status, 201);
      const theirs = rrset(zone, '192.0.2.1', '198.51.100.1');
      next = [
        async (name, changes) => {
          await plain.applyChanges(name, [{ op: 'update', old: rrset(zone, '192.0.2.1'), new: theirs }], signal);
          await plain.applyChanges(name, changes, signal);
        },
      ];
      const added = await add(zone, '192.0.2.2');
      assert.equal(added.status, 201, added.text);
      assert.deepEqual(await addresses(zone), ['192.0.2.1', '192.0.2.2', '198.51.100.1']);
      assert.equal(await quota(zone), 4);
    });

    it('that the provider refuses leave nothing, and give back what they held', async () => {
      const zone = await newZone();
      const refuse = () => Promise.reject(new ProviderError('dns/local', 'invalid', 'It does not want to'));
      // The change and its second try; between them it is taken back.
      const pass = (name: string, changes: RRsetChange[]) => plain.applyChanges(name, changes, signal);
      next = [refuse, pass, refuse, pass];
      const { body } = expectProblem(await add(zone, '192.0.2.1'), 409, 'operation_failed');
      assert.doesNotMatch(body.error, /want/);
      assert.deepEqual(await addresses(zone), []);
      assert.equal(await quota(zone), 2);
      assert.equal((await add(zone, '192.0.2.1')).status, 201);
    });

    it('are told as they were last known while the provider does not answer', async () => {
      const zone = await newZone();
      const { listRRsets } = plain;
      const { dns } = app.serving.provisor.providers;
      dns.listRRsets = () => Promise.reject(new ProviderError('dns/local', 'unavailable', 'Nobody listens'));
      try {
        const listed = await app.panel.call('GET', `/v1/zones/${zone}/records`);
        assert.deepEqual([listed.body.verified, listed.body.data.length], [false, 2]);
        expectProblem(await add(zone, '192.0.2.1'), 503, 'provider_unavailable');
        expectProblem(await app.panel.call('GET', `/v1/zones/${zone}/export`), 503, 'provider_unavailable');
      } finally {
        dns.listRRsets = listRRsets;
      }
    });

    it('wait for a deletion that was asked for, and are then refused', async () => {
      const zone = await newZone();
      const { promise, resolve } = Promise.withResolvers<void>();
      next = [async (name, changes) => promise.then(() => plain.applyChanges(name, changes, signal))];
      const adding = add(zone, '192.0.2.1');
      while (calls.length === 0) await new Promise((done) => setImmediate(done));
      const gone = await app.panel.call('DELETE', `/v1/zones/${zone}`);
      assert.equal(gone.status, 202, gone.text);
      resolve();
      await app.serving.provisor.operations.waitForRest(gone.body.operation.id, 20_000);
      const added = await adding;
      assert.ok(added.status === 201 || added.status === 409 || added.status === 404, added.text);
      expectProblem(await app.panel.call('GET', `/v1/zones/${zone}`), 404, 'not_found');
      assert.equal(await plain.getZone(`${zone}.`, signal), null);
      assert.deepEqual(await app.serving.provisor.db.knex('quota_holds').where({ state: 'held' }), []);
    });
  });
}
