import { availableParallelism } from 'node:os';
import { freePort } from '../harness/child.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { flaskDrivers, Missing, prepareFlask, startFlask } from '../harness/peers.ts';
import { requireSameBytes } from '../harness/same-bytes.ts';
import { linesOf, type Measured, measureSideBySide } from '../harness/side-by-side.ts';
import { quantile, ratioOf } from '../harness/statistics.ts';
import { sitesInTurn } from './get-site.ts';

/** What would be left to win: how far the ratio would go if our own code took no time at all. */
const restOf = (ours: Measured, peer: Measured): string => {
  const machine = availableParallelism() * 1_000_000;
  const whole = quantile(
    ours.perSecond.map((perSecond) => machine / perSecond),
    0.5,
  );
  const own = quantile(ours.cpuMicros, 0.5);
  const most = machine / (whole - own) / quantile(peer.perSecond, 0.5);
  return `Of the ${whole.toFixed(0)} µs of this machine's processors that go by for each of our answers, ${own.toFixed(0)} are our own; the rest is the database, the load and the kernel, which either side needs. If our own code took nothing at all, the ratio would be about ${most.toFixed(1)}.`;
};

export const twoWorkers: Measure = {
  name: 'two-workers',
  title: 'GET /v1/sites/{service_id}: two processes of ours, two workers of Flask + gunicorn',
  run: async (world, { rounds, seconds }) => {
    const missing = await prepareFlask().then(
      () => null,
      (error: unknown) => {
        if (error instanceof Missing) return error.message;
        throw error;
      },
    );
    if (missing !== null) return { lines: [], claims: [], notes: [missing] };
    const starts = [
      ...flaskDrivers.map((driver) => startFlask(world, driver, 2)),
      world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } }),
      // Two cannot serve sites on one port; nothing else tells the second from the first.
      world.startProvisor({ environment: { PROVISOR_WORKERS: '0', PROVISOR_SITES_PORT: String(await freePort()) } }),
    ];
    return withServers(starts, async (servers) => {
      const peers = servers.slice(0, flaskDrivers.length);
      const ours = servers.slice(flaskDrivers.length);
      const headers = bearer(world);
      await requireSameBytes([...peers, ours[0]!], '/v1/sites/1', headers);
      const load = { wishes: sitesInTurn(world.services), headers, connections: 16, seconds };
      const measured = await measureSideBySide(
        [
          { name: 'provisor', servers: ours, load },
          // Two loads on the one address: as many processes load either side.
          ...peers.map((peer) => ({ name: peer.name, servers: [peer, peer], load })),
        ],
        { rounds },
      );
      const mine = measured.get('provisor')!;
      return {
        lines: linesOf(measured),
        claims: peers.flatMap(({ name }) => [
          {
            what: `requests/s ÷ ${name} + gunicorn, two processes each`,
            value: ratioOf(mine.perSecond, measured.get(name)!.perSecond),
            goal: { least: 5 },
            rest: restOf(mine, measured.get(name)!),
          },
          {
            what: `CPU of ${name} + gunicorn for a request ÷ ours`,
            value: ratioOf(measured.get(name)!.cpuMicros, mine.cpuMicros),
          },
        ]),
        notes: ['The load, the database and the servers share the processors of this machine, on both sides.'],
      };
    });
  },
};
