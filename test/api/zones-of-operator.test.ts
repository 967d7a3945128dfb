/** Zones at a provider that makes none: the operator sets them up, and they stay. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import type { DnsProvider, RRset } from '../../src/ports/dns.ts';
import { expectProblem } from '../support/answers.ts';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';

const signal = AbortSignal.timeout(600_000);
const owner = 'the operator';

for (const database of databases) {
  describe(`zones that the operator sets up, on ${database.name}`, () => {
    let app: TestApp;
    let plain: DnsProvider;
    /** What `getZone` does not see at its next call. */
    let blind = false;
    const start = async (makesZones: boolean): Promise<void> => {
      app = await startApp(database, {
        environment: {
          PROVISOR_PUBLIC_IP: '203.0.113.10',
          PROVISOR_NAMESERVERS: 'ns1.nameservers.net,ns2.nameservers.net',
          PROVISOR_ZONES_PER_CUSTOMER: '1',
        },
        replacements: {
          adapters: ({ dns, ...others }) => {
            plain = dns.port;
            const port: DnsProvider = {
              ...plain,
              capabilities: { ...plain.capabilities, createsZones: makesZones },
              getZone: async (name, over) => {
                const isBlind = blind;
                blind = false;
                return isBlind ? null : plain.getZone(name, over);
              },
              ...(makesZones
                ? {}
                : {
                    createZone: () => Promise.reject(new ProviderError(plain.id, 'invalid', 'It makes no zones')),
                    deleteZone: () => Promise.reject(new ProviderError(plain.id, 'invalid', 'It takes no zones away')),
                  }),
            };
            const { open, close } = dns;
            return {
              ...others,
              dns: { port, ...(open ? { open: () => open() } : {}), ...(close ? { close: () => close() } : {}) },
            };
          },
        },
      });
    };
    before(() => start(false));
    after(() => app.stop());

    let names = 0;
    const newName = (): string => `operator-${++names}.com`;
    const setUp = async (...rrsets: ((zone: string) => RRset)[]): Promise<string> => {
      const name = newName();
      await plain.createZone({ name: `${name}.`, owner, nameservers: ['ns1.nameservers.net.'] }, signal);
      const changes = rrsets.map((rrset) => ({ op: 'create' as const, new: rrset(`${name}.`) }));
      await plain.applyChanges(`${name}.`, changes, signal);
      return name;
    };
    const mail = (zone: string): RRset => ({ name: `mail.${zone}`, type: 'A', ttl: 60, rdata: ['192.0.2.5'] });
    const www = (zone: string): RRset => ({ name: `www.${zone}`, type: 'A', ttl: 60, rdata: ['192.0.2.5'] });
    const create = (name: string, customer_id?: string) =>
      app.panel.call('POST', '/v1/zones', { name, customer_id }, waiting);
    const published = async (zone: string): Promise<string[]> =>
      (await plain.listRRsets(`${zone}.`, signal)).map(({ name, type, rdata }) => `${name} ${type} ${rdata}`).sort();

    it('are asked for in vain before that, and take no place', async () => {
      const name = newName();
      const { body } = expectProblem(await create(name, '1'), 409, 'not_supported');
      assert.equal(body.error, `The zone ${name} has to be set up by the operator first.`);
      assert.equal((await create(await setUp(), '1')).status, 201);
    });

    it('begin with our records beside what there was, and are left empty and not removed', async () => {
      const zone = await setUp(mail);
      const made = await create(zone);
      assert.equal(made.status, 201, made.text);
      assert.deepEqual(await published(zone), [
        `mail.${zone}. A 192.0.2.5`,
        `${zone}. A 203.0.113.10`,
        `www.${zone}. A 203.0.113.10`,
      ]);
      const { data } = (await app.panel.call('GET', `/v1/zones/${zone}/records`)).body;
      assert.equal(data.find((record: { name: string }) => record.name === 'mail').state, 'foreign');
      const gone = await app.panel.call('DELETE', `/v1/zones/${zone}`, undefined, waiting);
      assert.deepEqual([gone.status, gone.body.state], [200, 'deleted'], gone.text);
      assert.deepEqual(await published(zone), []);
      assert.notEqual(await plain.getZone(`${zone}.`, signal), null);
      assert.equal((await create(zone)).status, 201);
    });

    it('whose records are in the way stay as they were when it is taken back', async () => {
      const zone = await setUp(mail, www);
      expectProblem(await create(zone, '2'), 409, 'operation_failed');
      assert.deepEqual(await published(zone), [`mail.${zone}. A 192.0.2.5`, `www.${zone}. A 192.0.2.5`]);
      // Its place is free again.
      assert.equal((await create(await setUp(), '2')).status, 201);
    });

    it('do not keep a customer from deleting one that is gone', async () => {
      const zone = await setUp();
      assert.equal((await create(zone)).status, 201);
      await plain.deleteZone({ name: `${zone}.`, owner }, signal);
      assert.equal((await app.panel.call('DELETE', `/v1/zones/${zone}`, undefined, waiting)).status, 200);
    });

    describe('where the provider makes zones', () => {
      before(async () => {
        await app.stop();
        await start(true);
      });

      it('one that came between our look and our change is neither taken nor removed', async () => {
        const zone = await setUp(mail);
        blind = true;
        expectProblem(await create(zone), 409, 'operation_failed');
        assert.deepEqual(await published(zone), [`mail.${zone}. A 192.0.2.5`]);
        assert.notEqual(await plain.getZone(`${zone}.`, signal), null);
      });

      it('one that was put in the place of ours is not removed', async () => {
        const zone = newName();
        assert.equal((await create(zone, '3')).status, 201);
        await plain.deleteZone({ name: `${zone}.`, owner: '3' }, signal);
        await plain.createZone({ name: `${zone}.`, owner, nameservers: ['ns1.nameservers.net.'] }, signal);
        await plain.applyChanges(`${zone}.`, [{ op: 'create', new: mail(`${zone}.`) }], signal);
        assert.equal((await app.panel.call('DELETE', `/v1/zones/${zone}`, undefined, waiting)).status, 200);
        assert.deepEqual(await published(zone), [`mail.${zone}. A 192.0.2.5`]);
      });
    });
  });
}
