import { freePort } from '../harness/child.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { Missing, startFlask } from '../harness/peers.ts';
import { requireSameBytes } from '../harness/same-bytes.ts';
import { linesOf, measureSideBySide } from '../harness/side-by-side.ts';
import { ratioOf } from '../harness/statistics.ts';
import { sitesInTurn } from './get-site.ts';

export const twoWorkers: Measure = {
  name: 'two-workers',
  title: 'GET /v1/sites/{service_id}: two processes of ours, two workers of Flask + gunicorn',
  run: async (world, { rounds, seconds }) => {
    const flask = await startFlask(world, 2).catch((error: unknown) => {
      if (!(error instanceof Missing)) throw error;
      return error;
    });
    if (flask instanceof Missing) return { lines: [], claims: [], notes: [flask.message] };
    const starts = [
      Promise.resolve(flask),
      world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } }),
      // Two cannot serve sites on one port; nothing else tells the second from the first.
      world.startProvisor({ environment: { PROVISOR_WORKERS: '0', PROVISOR_SITES_PORT: String(await freePort()) } }),
    ];
    return withServers(starts, async (servers) => {
      const [peer, ...ours] = servers;
      const headers = bearer(world);
      await requireSameBytes([peer!, ours[0]!], '/v1/sites/1', headers);
      const load = { wishes: sitesInTurn(world.services), headers, connections: 16, seconds };
      const measured = await measureSideBySide(
        [
          { name: 'provisor', servers: ours, load },
          // Two loads on the one address: as many processes load either side.
          { name: 'flask', servers: [peer!, peer!], load },
        ],
        { rounds },
      );
      return {
        lines: linesOf(measured),
        claims: [
          {
            what: 'requests/s ÷ Flask + gunicorn, two processes each',
            value: ratioOf(measured.get('provisor')!.perSecond, measured.get('flask')!.perSecond),
            goal: { least: 5 },
            rest: 'Both sides wait for the same queries on the same processors, and the Flask peer asks them with a driver in C. Bare Express without any check is only a little cheaper than we are (see get-site), so this is beyond what Express on mysql2 gives.',
          },
        ],
        notes: ['The load, the database and the servers share the processors of this machine, on both sides.'],
      };
    });
  },
};
