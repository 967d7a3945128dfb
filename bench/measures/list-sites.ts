import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { startNodePeer } from '../harness/peers.ts';
import { requireSameBytes } from '../harness/same-bytes.ts';
import { linesOf, measureSideBySide } from '../harness/side-by-side.ts';
import { ratioOf } from '../harness/statistics.ts';

export const listSites: Measure = {
  name: 'list-sites',
  title: 'GET /v1/sites: the first page, 50 sites',
  run: (world, { rounds, seconds }) =>
    withServers(
      [world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } }), startNodePeer(world, 'express')],
      async (servers) => {
        const headers = bearer(world);
        await requireSameBytes(servers, '/v1/sites', headers);
        const load = { wishes: [{ method: 'GET' as const, path: '/v1/sites' }], headers, connections: 8, seconds };
        const measured = await measureSideBySide(
          servers.map((server) => ({ name: server.name, servers: [server], load })),
          { rounds },
        );
        const cpu = (name: string) => measured.get(name)!.cpuMicros;
        return {
          lines: linesOf(measured),
          claims: [
            { what: 'CPU per request ÷ bare Express + mysql2', value: ratioOf(cpu('provisor'), cpu('express')) },
          ],
          notes: ['The same bytes on both sides, checked first.'],
        };
      },
    ),
};
