import { fileURLToPath } from 'node:url';
import { type Child, freePort, startChild } from '../harness/child.ts';
import { type Measure, withServers } from '../harness/measure.ts';
import { linesOf, measureSideBySide } from '../harness/side-by-side.ts';
import { ratioOf } from '../harness/statistics.ts';

const file = fileURLToPath(new URL('../peers/paths.ts', import.meta.url));

const start = async (side: 'provisor' | 'express-validator', paths: number): Promise<Child> => {
  const port = await freePort();
  return startChild({
    name: `${side}, ${paths} paths`,
    command: process.execPath,
    args: [file],
    environment: { BENCH_PATHS: JSON.stringify({ side, paths, port }) },
    port,
    readyPath: '/v1/things0/x',
  });
};

const rest =
  'The tree of addresses is looked through node by node, and 200 handlers and their operations are spread over more memory than the processor keeps near; no step of a request goes through all paths.';

/** Spread over the whole contract: half plain, half with a query. */
const wishesOf = (paths: number) =>
  Array.from({ length: paths }, (_, at) => [`/v1/things${at}/abc`, `/v1/things${at}/abc?limit=20`]).flatMap((pair) =>
    pair.map((path) => ({ method: 'GET' as const, path })),
  );

export const pathsMeasure: Measure = {
  name: 'paths',
  title: 'What an operation costs in a contract of 10 and of 200 paths',
  run: (_world, { rounds, seconds, smoke }) =>
    withServers(
      (['provisor', 'express-validator'] as const).flatMap((side) => [start(side, 10), start(side, 200)]),
      async (servers) => {
        const sides = servers.map((server) => {
          const paths = server.name.endsWith(', 200 paths') ? 200 : 10;
          return {
            name: server.name,
            servers: [server],
            load: { wishes: wishesOf(paths), headers: {}, connections: 8, seconds },
          };
        });
        // What is looked for is smaller than what one round differs from the next; and 200 paths take longer to get warm.
        const measured = await measureSideBySide(sides, smoke ? { rounds } : { rounds: rounds * 3, warmSeconds: 5 });
        const ratio = (side: string) =>
          ratioOf(measured.get(`${side}, 200 paths`)!.cpuMicros, measured.get(`${side}, 10 paths`)!.cpuMicros);
        return {
          lines: linesOf(measured),
          claims: [
            { what: 'CPU per request at 200 paths ÷ 10 paths', value: ratio('provisor'), goal: { most: 1.05 }, rest },
            {
              what: 'The same with Express + express-openapi-validator as it comes',
              value: ratio('express-validator'),
            },
          ],
          notes: ['Without a database. Every path is asked in turn, once plain and once with a query.'],
        };
      },
    ),
};
