/**
 * Faults 2 and 8 with real processes: eight replicas on one MariaDB under mixed
 * load, killed, paused for longer than their lease, and restarted at random.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databases } from '../support/databases.ts';
import { chaosMs, chaosSeed, chaosTiming, findBroken, prepareWorld, settle, unleash } from './chaos.ts';
import { seededRandom } from './fleet.ts';
import { createLoad } from './load.ts';
import { report } from './report.ts';

const replicas = 8;
const services = 200;
const { timing, pauseMs } = chaosTiming({ leaseMs: 1_500, beatMs: 300, graceMs: 500 });

for (const database of databases.filter(({ name }) => name === 'mariadb')) {
  describe(`${replicas} replicas on one ${database.name}`, () => {
    it(`keep every promise while they are killed and paused`, { timeout: 300_000 }, async (t) => {
      const seed = chaosSeed();
      t.diagnostic(`PROVISOR_TEST_SEED=${seed}`);
      const target = await database.open({ migrate: false });
      const world = await prepareWorld(
        Array.from({ length: replicas }, () => target.url),
        timing,
      );
      try {
        const { fleet, panelKey } = world;
        await Promise.all(fleet.places.map((place) => fleet.start(place)));
        const load = createLoad({
          places: fleet.places,
          key: panelKey,
          services,
          clients: 24,
          patienceMs: 1_500,
          random: seededRandom(seed + 1),
        });
        load.start();
        await unleash(fleet, { ms: chaosMs(30), pauseMs, random: seededRandom(seed) });
        await load.stop();
        await settle(world);
        const { broken, journal, operations } = await findBroken(world, load, { inOrder: true });
        const { kills, pauses, restarts, lostLeases } = fleet.counts;
        t.diagnostic(
          [
            `operations ${JSON.stringify(operations)}`,
            `${load.created.size} services created, ${load.deleted.size} deleted`,
            `${kills} kills, ${pauses} pauses, ${restarts} restarts`,
            `${journal.entries} changes in the journal, ${journal.takeovers} takeovers, ${lostLeases} leases lost`,
            `calls ${JSON.stringify(load.counts)}`,
            `logged errors ${fleet.errors.length}${fleet.errors.length > 0 ? `, e.g. ${fleet.errors.slice(0, 3).join(' | ')}` : ''}`,
          ].join('; '),
        );
        assert.deepEqual(broken, []);
        assert.ok(kills > 0 && pauses > 0 && journal.takeovers > 0, 'nothing happened');
        report({ fault: 2, name: 'a replica paused longer than the lease, under load', cases: pauses });
        report({
          fault: 8,
          name: 'services under mixed load, one operation active at a time',
          cases: journal.services,
        });
      } finally {
        await world.end();
        await target.drop();
      }
    });
  });
}
