/** What the port promises of providers that are reached by HTTP when the way there, or the answer, is bad. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { ProviderError } from '../../src/kit/errors.ts';
import type { DnsProvider, RRset, RRsetChange } from '../../src/ports/dns.ts';
import { type Asked, type BadWay, startBadWay } from '../support/bad-way.ts';
import { creations, fails, freshName, listed, madeZone, nameservers, signal, sorted } from './dns.suite.ts';

export interface HttpDnsWorld {
  /** Of the provider itself. */
  url: string;
  /** An adapter that is told to call that address. */
  at(url: string): DnsProvider;
  /** Whether a request changes something there. */
  changes(request: Asked): boolean;
  /** What must never be in an error. */
  secrets: string[];
  stop(): Promise<void>;
}

const hostileBodies: [string, string][] = [
  ['no body', ''],
  ['no JSON', '<html><body>It works!</body></html>'],
  ['half a JSON', '{"result":[{"id":'],
  ['null', 'null'],
  ['a number', '42'],
  ['a list', '[1,null,{"name":5}]'],
  ['an empty object', '{}'],
  ['wrong types', '{"success":true,"code":"ok","name":7,"rrsets":"x","result":"x","response":{"id":{}},"errors":7}'],
  ['lists of the wrong things', '{"success":true,"code":"ok","rrsets":[[]],"result":[7],"response":[7]}'],
  ['deep nesting', '['.repeat(50_000)],
];

export const dnsOverHttpConformance = (id: string, open: () => Promise<HttpDnsWorld>): void => {
  describe(`${id} over a bad way`, () => {
    let world: HttpDnsWorld;
    let way: BadWay;
    let dns: DnsProvider;
    before(async () => {
      world = await open();
      way = await startBadWay(world.url);
    });
    beforeEach(() => {
      way.fateOf = () => 'pass';
      dns = world.at(way.url);
    });
    after(async () => {
      await way?.close();
      await world?.stop();
    });

    const www = (zone: string, ...rdata: string[]): RRset => ({ name: `www.${zone}`, type: 'A', ttl: 300, rdata });

    const everyCall = (provider: DnsProvider, zone: string, of: AbortSignal): [string, () => Promise<unknown>][] => [
      ['listZones', () => provider.listZones(of)],
      ['getZone', () => provider.getZone(zone, of)],
      ['listRRsets', () => provider.listRRsets(zone, of)],
      ['createZone', () => provider.createZone({ name: zone, owner: 'panel:1', nameservers }, of)],
      ['applyChanges', () => provider.applyChanges(zone, creations([www(zone, '192.0.2.99')]), of)],
      ['deleteZone', () => provider.deleteZone({ name: zone, owner: 'panel:1' }, of)],
    ];

    const holdsNoSecret = (error: unknown): void => {
      const told = `${inspect(error, { depth: 10, showHidden: true })}${JSON.stringify(error)}`;
      for (const secret of world.secrets) assert.ok(!told.includes(secret), 'a secret is in the error');
    };

    /** Calls until it works; every changing request loses its first answer. At least one must. */
    const expectLoss = async (call: () => Promise<unknown>): Promise<void> => {
      const lost = new Set<string>();
      for (let attempts = 1; ; attempts++) {
        assert.ok(attempts < 20, 'it does not get on');
        const known = lost.size;
        way.fateOf = (request) => {
          const key = JSON.stringify(request);
          if (!world.changes(request) || lost.has(key)) return 'pass';
          lost.add(key);
          return 'lose';
        };
        const outcome = await call().then(
          () => null,
          (error: unknown) => error,
        );
        way.fateOf = () => 'pass';
        if (outcome === null) {
          assert.ok(lost.size > 0 && lost.size === known, 'a loss was not noticed');
          return;
        }
        assert.ok(fails('unknown_outcome')(outcome));
        holdsNoSecret(outcome);
      }
    };

    it('goes on from wherever an answer was lost', async () => {
      const zone = freshName();
      await expectLoss(() => dns.createZone({ name: zone, owner: 'panel:1', nameservers }, signal));
      assert.deepEqual(await listed(dns, zone), []);
      await assert.rejects(dns.createZone({ name: zone, owner: 'panel:2', nameservers }, signal), fails('conflict'));

      const first = www(zone, '192.0.2.1', '192.0.2.2', '192.0.2.3');
      const moved = { ...www(zone, '192.0.2.3', '192.0.2.4', '192.0.2.5'), ttl: 600 };
      const mail: RRset = { name: zone, type: 'MX', ttl: 300, rdata: [`10 mail.${zone}`, `20 mail2.${zone}`] };
      const steps: [RRsetChange[], RRset[]][] = [
        [creations([first, mail]), [first, mail]],
        [[{ op: 'update', old: first, new: moved }], [moved, mail]],
        [[{ op: 'delete', old: mail }], [moved]],
      ];
      for (const [changes, expected] of steps) {
        await expectLoss(() => dns.applyChanges(zone, changes, signal));
        assert.deepEqual(await listed(dns, zone), sorted(expected));
      }

      await expectLoss(() => dns.deleteZone({ name: zone, owner: 'panel:1' }, signal));
      assert.equal(await dns.getZone(zone, signal), null);
    });

    it('is unavailable while nobody listens, and tells no secret', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      await new Promise((resolve) => server.close(resolve));
      const down = world.at(`http://127.0.0.1:${port}`);
      for (const [name, call] of everyCall(down, freshName(), signal)) {
        await assert.rejects(
          call,
          (error) => {
            holdsNoSecret(error);
            return fails('unavailable')(error);
          },
          name,
        );
      }
    });

    it('is stopped by the signal while it waits, and begins nothing afterwards', async () => {
      const zone = await madeZone(dns);
      for (const [name, call] of [0, 1, 2, 3, 4, 5].map((index) => {
        const controller = new AbortController();
        const [label, run] = everyCall(dns, zone, controller.signal)[index]!;
        return [label, { run, controller }] as const;
      })) {
        way.fateOf = () => 'hang';
        const hung = way.nextHang();
        const ended = assert.rejects(
          call.run,
          (error) => error instanceof ProviderError && error.retry === 'later',
          name,
        );
        await hung;
        const before = way.seen.length;
        call.controller.abort();
        await ended;
        assert.equal(way.seen.length, before, name);
      }
    });

    it('says that a change may have been made when it was stopped in it', async () => {
      const zone = await madeZone(dns);
      const controller = new AbortController();
      way.fateOf = (request) => (world.changes(request) ? 'hang' : 'pass');
      const hung = way.nextHang();
      const ended = assert.rejects(
        dns.applyChanges(zone, creations([www(zone, '192.0.2.1')]), controller.signal),
        fails('unknown_outcome'),
      );
      await hung;
      controller.abort();
      await ended;
      way.fateOf = () => 'pass';
      assert.deepEqual(await listed(dns, zone), []);
    });

    it('sends nothing for a signal that has ended', async () => {
      const before = way.seen.length;
      for (const [name, call] of everyCall(dns, freshName(), AbortSignal.abort()))
        await assert.rejects(call, fails('unavailable'), name);
      assert.equal(way.seen.length, before);
    });

    it('does not break on hostile answers', async () => {
      for (const [what, body] of hostileBodies) {
        for (const status of [200, 500]) {
          for (const target of ['all', 'changes'] as const) {
            const zone = await madeZone(world.at(world.url));
            let met = false;
            way.fateOf = (request) => {
              if (target === 'changes' && !world.changes(request)) return 'pass';
              met = true;
              return { status, body };
            };
            const fresh = world.at(way.url);
            for (const [name, call] of everyCall(fresh, zone, signal)) {
              const label = `${name} answered ${status} with ${what}`;
              met = false;
              const outcome = await call().then(
                () => null,
                (error: unknown) => error,
              );
              if (outcome === null) {
                // Only a change may be answered by nearly nothing.
                const isRead = name.startsWith('list') || name === 'getZone';
                assert.ok(!met || (status === 200 && !isRead), label);
              } else {
                assert.ok(outcome instanceof ProviderError, `${label}: ${inspect(outcome)}`);
                assert.equal(outcome.retry, 'later', `${label}: ${outcome.message}`);
                holdsNoSecret(outcome);
              }
            }
          }
        }
      }
    });

    it('reads no answer that has no end', async (t) => {
      const most = 160 * 1024 * 1024;
      let sent = 0;
      const endless = createHttpServer((incoming, response) => {
        incoming.resume();
        const more = Buffer.alloc(1024 * 1024, ' ');
        const write = () => {
          while (sent < most && !response.destroyed) {
            sent += more.length;
            if (!response.write(more)) return;
          }
        };
        response.on('drain', write);
        write();
      });
      endless.listen(0, '127.0.0.1');
      await once(endless, 'listening');
      t.after(() => endless.closeAllConnections());
      t.after(() => endless.close());
      const { port } = endless.address() as AddressInfo;
      // Whoever reads on sits there with all of it until his own time is over.
      await assert.rejects(world.at(`http://127.0.0.1:${port}`).listZones(signal), fails('unavailable'));
      assert.ok(sent < most, 'it was read to where it fell silent');
    });

    it('understands the statuses that anything on the way may answer', async () => {
      const statuses: [number, string, Record<string, string>][] = [
        [401, 'auth', {}],
        [403, 'auth', {}],
        [429, 'rate_limited', { 'retry-after': '7' }],
        [503, 'unavailable', {}],
        [502, 'unavailable', {}],
      ];
      for (const [status, kind, headers] of statuses) {
        way.fateOf = () => ({ status, body: 'no', headers });
        const before = way.seen.length;
        await assert.rejects(world.at(way.url).listZones(signal), (error) => {
          assert.ok(error instanceof ProviderError);
          assert.deepEqual([error.kind, error.after], [kind, status === 429 ? 7 : undefined]);
          return true;
        });
        assert.equal(way.seen.length, before + 1, 'nothing is repeated by itself');
      }
    });

    it('follows no redirect', async () => {
      way.fateOf = ({ path }) =>
        path.includes('stolen') ? 'pass' : { status: 307, body: '', headers: { location: `${way.url}/stolen` } };
      const before = way.seen.length;
      for (const [name, call] of everyCall(world.at(way.url), freshName(), signal))
        await assert.rejects(call, ProviderError, name);
      assert.ok(way.seen.slice(before).every(({ path }) => !path.includes('stolen')));
    });
  });
};
