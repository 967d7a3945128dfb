import type { Child } from '../harness/child.ts';
import { putLoadOn } from '../harness/load.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { statusOf } from '../harness/server-status.ts';
import { figureOf, quantile, ratioOf } from '../harness/statistics.ts';
import { openWorld, type World } from '../harness/world.ts';
import { sitesInTurn } from './get-site.ts';

const calls = ['get', 'first page'] as const;
type Call = (typeof calls)[number];

/** One figure for each round. */
interface Measured {
  p50Ms: number[];
  /** How often the database looked at a page of an index, or of rows, for one request. */
  looks: number[];
}

const looksSoFar = (one: World): Promise<number> => statusOf(one, 'Innodb_buffer_pool_read_requests');

/** Where the time goes that more services take: into longer ways to the same rows, as the counters have it. */
const restOf = (least: Measured, most: Measured): string => {
  const [few, many] = [quantile(least.looks, 0.5), quantile(most.looks, 0.5)];
  const micros = (quantile(most.p50Ms, 0.5) - quantile(least.p50Ms, 0.5)) * 1000;
  return `It takes ${Math.round(micros)} µs more. The database finds the same rows by ${Math.round(many)} looks at pages in place of ${Math.round(few)}, as its trees are deeper, and in fuller pages it compares more keys.`;
};

const bytesOf = async (one: World, { url }: Child, path: string): Promise<number> =>
  (await (await fetch(url + path, { headers: bearer(one) })).arrayBuffer()).byteLength;

const firstPage = '/v1/sites';

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
        const measured = new Map(
          sizes.map((size) => [
            size,
            { get: { p50Ms: [], looks: [] }, 'first page': { p50Ms: [], looks: [] } } as Record<Call, Measured>,
          ]),
        );
        // One caller who waits for each answer: latency, not how much the machine can do.
        const ask = async (one: World, server: Child, call: Call, forSeconds: number) => {
          const wishes = call === 'get' ? sitesInTurn(one.services) : [{ method: 'GET' as const, path: firstPage }];
          const load = { wishes, headers: bearer(one), connections: 1, seconds: forSeconds };
          const before = await looksSoFar(one);
          const { p50Ms, requests } = await putLoadOn(server.url, load);
          return { p50Ms, looks: ((await looksSoFar(one)) - before) / requests };
        };
        for (let round = -1; round < rounds; round += 1) {
          for (let turn = 0; turn < worlds.length; turn += 1) {
            const at = (round + 1 + turn) % worlds.length;
            for (const call of calls) {
              const { p50Ms, looks } = await ask(worlds[at]!, servers[at]!, call, round < 0 ? 1 : seconds);
              // The first round only warms up.
              if (round < 0) continue;
              const of = measured.get(sizes[at]!)![call];
              of.p50Ms.push(p50Ms);
              of.looks.push(looks);
            }
          }
        }
        const bytes = await Promise.all(servers.map((server, at) => bytesOf(worlds[at]!, server, firstPage)));
        const [least, most] = [sizes[0]!, sizes.at(-1)!];
        return {
          lines: sizes.map((size) => ({
            subject: `${size} services`,
            figures: Object.fromEntries(
              calls.flatMap((call) => {
                const { p50Ms, looks } = measured.get(size)![call];
                return [
                  [`${call} p50 ms`, figureOf(p50Ms)],
                  [`${call} looks at pages`, figureOf(looks)],
                ];
              }),
            ),
          })),
          claims: calls.map((call) => {
            const [few, many] = [measured.get(least)![call], measured.get(most)![call]];
            return {
              what: `${call === 'get' ? 'get a site' : call}, ${most} ÷ ${least} services`,
              value: ratioOf(many.p50Ms, few.p50Ms),
              goal: { most: 1.2 },
              rest: restOf(few, many),
            };
          }),
          notes: [
            'Databases of their own on one MariaDB, asked in turn by one caller. All rows fit into the memory of the database.',
            'Looks at pages: how often the database took a page of a tree into its hand, for one request.',
            `Names and numbers are longer where there are more: the first page has ${bytes.at(-1)} bytes in place of ${bytes[0]}.`,
          ],
        };
      });
    } finally {
      for (const one of worlds) await one.close();
    }
  },
};
