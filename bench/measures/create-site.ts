import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { startNodePeer } from '../harness/peers.ts';
import { linesOf, measureSideBySide } from '../harness/side-by-side.ts';
import { ratioOf } from '../harness/statistics.ts';

export const createSite: Measure = {
  name: 'create-site',
  title: 'POST /v1/sites: accepted',
  run: async (world, { rounds, seconds }) => {
    const starts = [
      // Nobody carries out what is accepted here: only the acceptance is measured.
      world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } }),
      startNodePeer(world, 'express'),
    ];
    return withServers(starts, async (servers) => {
      const body = { service_id: 'n{n}', email: 'c{n}@example.com', plan: 'basic', subdomain: 'n{n}' };
      const headers = { ...bearer(world), 'Content-Type': 'application/json' };
      const load = { wishes: [{ method: 'POST' as const, path: '/v1/sites', body }], headers, connections: 8, seconds };
      const sides = servers.map((server) => ({ name: server.name, servers: [server], load }));
      const measured = await measureSideBySide(sides, { rounds: Math.min(rounds, 3), warmSeconds: 1 });
      // What nobody will carry out must not lie in line for the measures after this.
      await world.db
        .knex('operations')
        .where({ state: 'queued' })
        .update({ state: 'done', due_at: null, active_key: null });
      const cpu = (name: string) => measured.get(name)!.cpuMicros;
      return {
        lines: linesOf(measured),
        claims: [
          {
            what: 'CPU per request ÷ bare Express that writes three rows',
            value: ratioOf(cpu('provisor'), cpu('express')),
          },
        ],
        notes: [
          'Ours looks whether it was asked for before, takes a name, an address and a number from pools that no two may share, opens quotas, and writes the operation, the audit trail and its chain. The peer inserts a service, a site and an operation, and no more: it is the least that can be written down, not the same promise.',
        ],
      };
    });
  },
};
