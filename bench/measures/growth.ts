import { putLoadOn } from '../harness/load.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { figureOf, ratioOf } from '../harness/statistics.ts';
import { sitesInTurn } from './get-site.ts';

export const growth: Measure = {
  name: 'growth',
  title: 'Latency as services grow in number',
  run: (world, { rounds, seconds, smoke, say }) =>
    withServers([world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } })], async ([server]) => {
      const sizes = smoke ? [1000, 5000] : [1000, 100_000, 1_000_000];
      const get = new Map<number, number[]>();
      const list = new Map<number, number[]>();
      const headers = bearer(world);
      for (const size of sizes) {
        say(`  ${size} services`);
        await world.growTo(size);
        const at = world.services();
        const p50 = async (wishes: { method: 'GET'; path: string }[]) => {
          const all: number[] = [];
          // One caller who waits for each answer: latency, not how much the machine can do.
          await putLoadOn(server!.url, { wishes, headers, connections: 1, seconds: 1 });
          for (let round = 0; round < rounds; round += 1) {
            all.push((await putLoadOn(server!.url, { wishes, headers, connections: 1, seconds })).p50Ms);
          }
          return all;
        };
        get.set(at, await p50(sitesInTurn(at)));
        list.set(at, await p50([{ method: 'GET', path: '/v1/sites' }]));
      }
      const measured = [...get.keys()];
      const [least, most] = [measured[0]!, measured.at(-1)!];
      const goal = { most: 1.2 };
      return {
        lines: measured.map((size) => ({
          subject: `${size} services`,
          figures: { 'get p50 ms': figureOf(get.get(size)!), 'first page p50 ms': figureOf(list.get(size)!) },
        })),
        claims: [
          { what: `get a site, ${most} ÷ ${least} services`, value: ratioOf(get.get(most)!, get.get(least)!), goal },
          { what: `first page, ${most} ÷ ${least} services`, value: ratioOf(list.get(most)!, list.get(least)!), goal },
        ],
        notes: [
          'The tables grow between the sizes, so these are one after the other and not in turn. All rows fit into the memory of the database.',
        ],
      };
    }),
};
