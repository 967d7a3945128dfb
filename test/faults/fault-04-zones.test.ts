/** Fault 4 for zones: a DNS provider that loses answers, is late, garbles, refuses or dies, in every call that changes something. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPowerDns } from '../../src/adapters/dns/powerdns/index.ts';
import type { Provisor } from '../../src/app.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { startApp } from '../support/app.ts';
import { breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { faulty, type Misbehaviour, misbehaviours } from '../support/faulty.ts';
import { startPowerDns } from '../support/powerdns.ts';
import { findFaults } from '../support/world.ts';
import { openFaultyWorld } from './faulty-world.ts';
import { report } from './report.ts';
import { allEnded } from './scenarios.ts';

type World = Pick<Provisor, 'zones'>;
type Method = 'createZone' | 'applyChanges' | 'deleteZone';

const patience = () => ({ waitSeconds: 20, signal: AbortSignal.timeout(30_000) });

interface Work {
  /** The calls of the provider that are made in it. */
  calls: Method[];
  begin(world: World, caller: Caller, name: string): Promise<unknown>;
  /** The records afterwards; null for no zone. */
  after: string[] | null;
}

const first = ['@ A 127.0.0.1', 'www A 127.0.0.1'];

/** Every operation on a zone. All but the first begin with a zone that is there. */
const works: Record<string, Work> = {
  create: {
    calls: ['createZone', 'applyChanges'],
    begin: ({ zones }, caller, name) =>
      zones.create(caller, { name, customerId: `of-${name}` }, AbortSignal.timeout(30_000)),
    after: first,
  },
  'add a record': {
    calls: ['applyChanges'],
    begin: ({ zones }, caller, name) =>
      zones.addRecord(caller, { name }, { name: 'x', type: 'TXT', data: 'one "two"' }, patience()),
    after: [...first, 'x TXT one "two"'],
  },
  'import a file': {
    calls: ['applyChanges'],
    begin: ({ zones }, caller, name) => {
      const text = 'www 300 CNAME @\n@ 600 MX 10 mail.example.org.\n@ 600 A 192.0.2.9\n';
      return zones.importFile(caller, { name }, { text, mode: 'replace', dryRun: false }, patience());
    },
    after: ['@ A 192.0.2.9', `@ MX 10 mail.example.org.`, 'www CNAME @'],
  },
  delete: {
    calls: ['deleteZone'],
    begin: ({ zones }, caller, name) => zones.remove(caller, { name }),
    after: null,
  },
};

const cases = Object.entries(works).flatMap(([work, { calls }]) => calls.map((method) => ({ work, method })));

/** What is published of a zone, without what belongs to the zone itself; null for none. */
const publishedIn = async ({ providers: { dns } }: Provisor, name: string): Promise<string[] | null> => {
  const signal = AbortSignal.timeout(10_000);
  const zone = `${name}.`;
  if ((await dns.getZone(zone, signal)) === null) return null;
  const short = (text: string) => (text === zone ? '@' : text.replace(`.${zone}`, ''));
  return (await dns.listRRsets(zone, signal))
    .flatMap(({ name: owner, type, rdata }) => rdata.map((text) => `${short(owner)} ${type} ${short(text)}`))
    .sort();
};

const check = async (provisor: Provisor, caller: Caller, name: string, work: Work, label: string): Promise<void> => {
  assert.deepEqual(await publishedIn(provisor, name), work.after && [...work.after].sort(), label);
  const last = await provisor.db.knex('operations').where({ panel_id: caller.panelId }).orderBy('id', 'desc').first();
  assert.equal(last.state, 'done', `${label}: ${last.error}`);
  assert.deepEqual(await findFaults(provisor), [], label);
};

for (const database of databases) {
  describe(`fault 4, a DNS provider that misbehaves in a zone, on ${database.name}`, { concurrency: 2 }, () => {
    for (const how of misbehaviours) {
      it(`one that ${how}, in every call`, async () => {
        const world = await openFaultyWorld(database);
        const { provisor, caller } = world;
        /** The answer may come before or after what it began has ended. */
        const carryOut = async (work: Work, name: string): Promise<void> => {
          const answered = work.begin(provisor, caller, name);
          answered.catch(() => {});
          let isAnswered = false;
          void answered.then(
            () => (isAnswered = true),
            () => (isAnswered = true),
          );
          while (!isAnswered) await world.passUntilRest();
          await world.passUntilRest();
          await answered;
        };
        for (const [at, { work, method }] of cases.entries()) {
          const name = `zone-${at}.com`;
          const label = `${method} in ${work}`;
          if (work !== 'create') await carryOut(works.create!, name);
          world.ports.dns.misbehave(method, how);
          await carryOut(works[work]!, name);
          assert.ok(world.ports.dns.happened(), `${label}: the call was not made`);
          await check(provisor, caller, name, works[work]!, label);
        }
        report({ fault: 4, name: 'answers lost, late, garbled, refused; calls that hang', cases: cases.length });
        await world.close();
      });
    }
  });
}

/** A real server knows nothing of virtual time, so what takes a time-out to notice is left to the above. */
const quickly = {
  leaseMs: 3_000,
  beatMs: 500,
  graceMs: 300,
  marginMs: 50,
  pollMs: 20,
  backoffMs: { first: 50, last: 100 },
};
const atOnce: Misbehaviour[] = ['loses the answer', 'fails twice', 'answers garbage'];

describe('fault 4, a PowerDNS that misbehaves in a zone', () => {
  /** The whole app on a PowerDNS of its own, which can be killed. */
  const open = async () => {
    const server = await startPowerDns();
    const dns = createPowerDns({ url: server.url, apiKey: server.apiKey, serverId: 'localhost' });
    const wild = faulty(dns.port, dns.port.id);
    const broken = breakable({ ...dns, port: wild.port });
    const app = await startApp(databases[0]!, {
      replacements: { timing: quickly, adapters: (configured) => ({ ...configured, dns: broken.adapter }) },
    });
    const { provisor } = app.serving;
    const caller: Caller = { panelId: app.panel.panelId, actor: 'faults', requestId: null };
    const carryOut = async (work: Work, name: string) => {
      await work.begin(provisor, caller, name);
      await allEnded(provisor, caller);
    };
    const stop = async () => {
      await app.stop();
      await server.stop();
    };
    return { server, wild, broken, provisor, caller, carryOut, stop };
  };

  it('one that loses answers, refuses or garbles, in every call', async (t) => {
    const { wild, provisor, caller, carryOut, stop } = await open();
    t.after(stop);
    let at = 0;
    for (const how of atOnce) {
      for (const { work, method } of cases) {
        at += 1;
        const name = `zone-${at}.com`;
        const label = `${method} in ${work}, ${how}`;
        if (work !== 'create') await carryOut(works.create!, name);
        wild.misbehave(method, how);
        await carryOut(works[work]!, name);
        assert.ok(wild.happened(), `${label}: the call was not made`);
        await check(provisor, caller, name, works[work]!, label);
      }
    }
    report({ fault: 4, name: 'answers lost, late, garbled, refused; calls that hang', cases: at });
  });

  it('one that is killed while it is at work, in every call, and comes back later', async (t) => {
    const { server, broken, provisor, caller, carryOut, stop } = await open();
    t.after(stop);
    for (const [at, { work, method }] of cases.entries()) {
      const name = `zone-${at}.com`;
      const label = `${method} in ${work}`;
      if (work !== 'create') await carryOut(works.create!, name);
      let tries = 0;
      broken.before(method, async () => {
        tries += 1;
        // The first dies under way: somewhere between nothing and all of it. The third finds it again.
        if (tries === 1) setImmediate(() => void server.kill());
        if (tries === 3) await server.revive();
      });
      await carryOut(works[work]!, name);
      broken.before(method, null);
      assert.ok(tries >= 3, `${label}: ${tries} tries`);
      await check(provisor, caller, name, works[work]!, label);
    }
    report({ fault: 4, name: 'a DNS server killed in the middle of a call', cases: cases.length });
  });
});
