import type { Child } from '../harness/child.ts';
import { putLoadOn } from '../harness/load.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { figureOf, ratioOf } from '../harness/statistics.ts';
import { openWorld, type World } from '../harness/world.ts';
import { sitesInTurn } from './get-site.ts';

const calls = ['get', 'first page'] as const;

export const growth: Measure = {
  name: 'growth',
  title: 'Latency as services grow in number',
  run: async (world, { rounds, seconds, smoke, say }) => {
    const sizes = smoke ? [1000, 5000] : [1000, 100_000, 1_000_000];
    const worlds: World[] = [];
    try {
      for (const size of sizes) {
        say(`  making ${size} services`);
        worlds.push(await openWorld(world.mariaDb, size, `bench_${size}`));
      }
      const starts = worlds.map((one) =>
        one.startProvisor({ name: `${one.services} services`, environment: { PROVISOR_WORKERS: '0' } }),
      );
      return await withServers(starts, async (servers) => {
        const measured = new Map(sizes.map((size) => [size, { get: [] as number[], 'first page': [] as number[] }]));
        // One caller who waits for each answer: latency, not how much the machine can do.
        const p50 = async (one: World, server: Child, call: (typeof calls)[number], forSeconds: number) => {
          const wishes = call === 'get' ? sitesInTurn(one.services) : [{ method: 'GET' as const, path: '/v1/sites' }];
          const load = { wishes, headers: bearer(one), connections: 1, seconds: forSeconds };
          return (await putLoadOn(server.url, load)).p50Ms;
        };
        for (let round = -1; round < rounds; round += 1) {
          for (let turn = 0; turn < worlds.length; turn += 1) {
            const at = (round + 1 + turn) % worlds.length;
            for (const call of calls) {
              const ms = await p50(worlds[at]!, servers[at]!, call, round < 0 ? 1 : seconds);
              // The first round only warms up.
              if (round >= 0) measured.get(sizes[at]!)![call].push(ms);
            }
          }
        }
        const [least, most] = [sizes[0]!, sizes.at(-1)!];
        return {
          lines: sizes.map((size) => ({
            subject: `${size} services`,
            figures: {
              'get p50 ms': figureOf(measured.get(size)!.get),
              'first page p50 ms': figureOf(measured.get(size)!['first page']),
            },
          })),
          claims: calls.map((call) => ({
            what: `${call === 'get' ? 'get a site' : call}, ${most} ÷ ${least} services`,
            value: ratioOf(measured.get(most)![call], measured.get(least)![call]),
            goal: { most: 1.2 },
            rest: 'A deeper index has one or two more pages on the way to a row.',
          })),
          notes: [
            'Databases of their own on one MariaDB, asked in turn by one caller. All rows fit into the memory of the database.',
          ],
        };
      });
    } finally {
      for (const one of worlds) await one.close();
    }
  },
};
