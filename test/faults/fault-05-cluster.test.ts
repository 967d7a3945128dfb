/**
 * Fault 5 on a cluster: replicas spread over three Galera nodes under mixed load,
 * while one node is killed and comes back. The replicas of that node answer 503
 * until then and recover by themselves; nobody restarts them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { noGalera, startGalera } from '../support/galera.ts';
import { chaosMs, chaosSeed, chaosTiming, findBroken, prepareWorld, settle } from './chaos.ts';
import { type Place, seededRandom } from './fleet.ts';
import { createLoad } from './load.ts';
import { report } from './report.ts';

const services = 60;
const perNode = 2;
// Galera gives a dead node up after 5 to 7 s, and until then no commit ends. A lease must outlast that.
const { timing } = chaosTiming({ leaseMs: 12_000, beatMs: 3_000, graceMs: 1_500 });
const backAgainMs = 30_000;

const missing = await noGalera();

describe('replicas on a Galera cluster', () => {
  const skip = missing === null ? false : `>>> No Galera on this machine, ${missing}: LEFT OUT`;
  it('keep every promise while a node is killed and comes back', { skip, timeout: 300_000 }, async (t) => {
    const seed = chaosSeed();
    const random = seededRandom(seed);
    t.diagnostic(`PROVISOR_TEST_SEED=${seed}`);
    const cluster = await startGalera();
    try {
      await cluster.query('CREATE DATABASE provisor CHARACTER SET utf8mb4');
      const urls = Array.from({ length: cluster.nodes.length * perNode }, (_, index) =>
        cluster.nodes[index % cluster.nodes.length]!.url('provisor'),
      );
      const world = await prepareWorld(urls, timing);
      try {
        const { fleet, panelKey } = world;
        await Promise.all(fleet.places.map((place) => fleet.start(place)));
        const load = createLoad({
          places: fleet.places,
          key: panelKey,
          services,
          clients: 12,
          patienceMs: 15_000,
          random: seededRandom(seed + 1),
        });
        const ask = (place: Place): Promise<number> =>
          fetch(`${place.url}/v1/sites?limit=1`, {
            headers: { Authorization: `Bearer ${panelKey}` },
            signal: AbortSignal.timeout(20_000),
          }).then((response) => response.status);

        load.start();
        const phaseMs = chaosMs(24) / 3;
        await pass(phaseMs);
        // Not the first node: this test itself looks at the database through it.
        const index = 1 + Math.floor(random() * (cluster.nodes.length - 1));
        const node = cluster.nodes[index]!;
        const cut = fleet.places.filter((_, place) => place % cluster.nodes.length === index);
        await node.kill();
        const killedAt = performance.now();
        for (const place of cut) assert.equal(await ask(place), 503, 'a replica without its node');
        await pass(phaseMs);
        const refusedFor = load.counts.unavailable;
        await node.rejoin();
        const backAfterMs = Math.round(performance.now() - killedAt);
        // Nobody restarts the replicas: they connect anew when they are asked.
        for (const place of cut) {
          const giveUpAt = performance.now() + backAgainMs;
          let status = await ask(place);
          while (status === 503 && performance.now() < giveUpAt) {
            await pass(200);
            status = await ask(place);
          }
          assert.equal(status, 200, 'a replica whose node is back');
        }
        const recoveredAfterMs = Math.round(performance.now() - killedAt);
        await pass(phaseMs);
        await load.stop();
        await settle(world);
        // Each node numbers its own journal rows, so their numbers say nothing about the order between nodes. The
        // fences do: each one of a service is one run's, and `version` orders the changes of an operation.
        const { broken, journal, operations } = await findBroken(world, load, { inOrder: false });
        t.diagnostic(
          [
            `operations ${JSON.stringify(operations)}`,
            `node ${index + 1} killed, back after ${backAfterMs} ms, its replicas after ${recoveredAfterMs} ms, ${refusedFor} times 503`,
            `${journal.entries} changes in the journal, ${journal.takeovers} takeovers, ${fleet.counts.lostLeases} leases lost`,
            `calls ${JSON.stringify(load.counts)}`,
            `logged errors ${fleet.errors.length}${fleet.errors.length > 0 ? `, e.g. ${fleet.errors.slice(0, 3).join(' | ')}` : ''}`,
          ].join('; '),
        );
        assert.deepEqual(broken, []);
        report({
          fault: 5,
          name: 'a node of a Galera cluster killed under load, services checked',
          cases: journal.services,
        });
      } finally {
        await world.end();
      }
    } finally {
      await cluster.stop();
    }
  });
});
