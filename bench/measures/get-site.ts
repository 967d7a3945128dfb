import type { Findings } from '../harness/findings.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { Missing, startFlask, startNodePeer } from '../harness/peers.ts';
import { requireSameBytes } from '../harness/same-bytes.ts';
import { linesOf, measureSideBySide } from '../harness/side-by-side.ts';
import { ratioOf } from '../harness/statistics.ts';

/** Services that the requests go round, so that no cache of one row decides. */
const asked = 1000;

export const sitesInTurn = (services: number) =>
  Array.from({ length: Math.min(asked, services) }, (_, at) => ({
    method: 'GET' as const,
    path: `/v1/sites/${1 + Math.floor((at * services) / Math.min(asked, services))}`,
  }));

export const getSite: Measure = {
  name: 'get-site',
  title: 'GET /v1/sites/{service_id}: key, contract, one site',
  run: async (world, { rounds, seconds, say }) => {
    const notes = [
      'All sides run in one process each, find the same key, read the same rows from the same MariaDB and answer with the same bytes, which is checked first.',
      '"express" is Express 5 with two prepared statements and no check of the request; "express, keeps keys" looks the key up once and never again, so a revoked key would work until its restart.',
    ];
    const flask = await startFlask(world, 'mysqlclient', 1).catch((error: unknown) => {
      if (!(error instanceof Missing)) throw error;
      notes.push(error.message);
      say(error.message);
      return null;
    });
    const starts = [
      world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } }),
      startNodePeer(world, 'express'),
      startNodePeer(world, 'express', { name: 'express, keeps keys', keepsKeys: true }),
      startNodePeer(world, 'express-validator'),
      startNodePeer(world, 'fastify'),
      ...(flask ? [Promise.resolve(flask)] : []),
    ];
    return withServers(starts, async (servers): Promise<Findings> => {
      const headers = bearer(world);
      for (const id of [1, Math.ceil(world.services / 2)]) {
        await requireSameBytes(servers, `/v1/sites/${id}`, headers);
      }
      const load = { wishes: sitesInTurn(world.services), headers, connections: 16, seconds };
      const sides = servers.map((server) => ({ name: server.name, servers: [server], load }));
      const measured = await measureSideBySide(sides, { rounds });
      const cpu = (name: string) => measured.get(name)!.cpuMicros;
      const ours = cpu('provisor');
      return {
        lines: linesOf(measured),
        claims: [
          {
            what: 'CPU per request ÷ bare Express + mysql2',
            value: ratioOf(ours, cpu('express')),
            goal: { most: 1.3 },
          },
          {
            what: 'CPU per request ÷ Express + mysql2 that keeps keys for ever',
            value: ratioOf(ours, cpu('express, keeps keys')),
          },
          {
            what: 'CPU per request ÷ Express + express-openapi-validator as it comes',
            value: ratioOf(ours, cpu('express-validator')),
          },
          { what: 'CPU per request ÷ fastify', value: ratioOf(ours, cpu('fastify')) },
          ...(flask
            ? [{ what: `CPU per request of ${flask.name} + gunicorn ÷ ours`, value: ratioOf(cpu(flask.name), ours) }]
            : []),
        ],
        notes,
      };
    });
  },
};
