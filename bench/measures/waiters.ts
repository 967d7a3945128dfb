import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { cpuMs, residentMb } from '../harness/process-usage.ts';
import { figureOf } from '../harness/statistics.ts';
import type { World } from '../harness/world.ts';

/** Opens a request that is not answered to its end, and resolves with the first bytes of the answer, or at once where none are due. */
const openWaiter = (url: string, text: string, answersAtOnce: boolean): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => {
      socket.write(text);
      if (!answersAtOnce) resolve(socket);
    });
    socket.on('error', reject);
    if (answersAtOnce) socket.once('data', () => resolve(socket));
    socket.resume();
  });

const openWaiters = async (url: string, text: string, count: number, answersAtOnce: boolean): Promise<Socket[]> => {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () =>
      openWaiter(url, text, answersAtOnce),
    );
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
};

const request = (world: World, path: string, more: Record<string, string> = {}): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: bench',
    ...Object.entries({ ...bearer(world), ...more }).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n');

/** An operation that nobody carries out, to be waited for. */
const waitingOperation = '01BENCHP999999999999999999';

/** Nobody carries anything out, and there is room for all who wait. */
const environment = { PROVISOR_WORKERS: '0', PROVISOR_CONNECTIONS: '11000' };

export const waiters: Measure = {
  name: 'waiters',
  title: 'Idle waiters for one operation: event streams',
  run: (world, { smoke }) =>
    withServers([world.startProvisor({ environment })], async ([server]) => {
      const count = smoke ? 100 : 10_000;
      const { knex } = world.db;
      await knex('operations').insert({
        ...(await knex('operations').where({ id: '01BENCHP000000000000000001' }).first()),
        id: waitingOperation,
        service_id: 'waited-for',
        state: 'queued',
        due_at: null,
        finished_at: null,
      });
      try {
        await fetch(`${server!.url}/v1/whoami`, { headers: bearer(world) });
        await wait(1000);
        const before = residentMb(server!.pid);
        const text = request(world, `/v1/operations/${waitingOperation}/events`);
        const sockets = await openWaiters(server!.url, text, count, true);
        await wait(smoke ? 200 : 3000);
        const grown = residentMb(server!.pid) - before;
        const cpuBefore = cpuMs(server!.pid);
        const idleMs = smoke ? 200 : 5000;
        await wait(idleMs);
        const cpu = ((cpuMs(server!.pid) - cpuBefore) / idleMs) * 100;
        for (const socket of sockets) socket.destroy();
        const each = (grown * 1024) / count;
        return {
          lines: [
            {
              subject: `${count} event streams`,
              figures: {
                'more RSS in MB': figureOf([grown]),
                'kB each': figureOf([each]),
                'CPU % while idle': figureOf([cpu]),
              },
            },
          ],
          claims: [{ what: 'memory for 10,000 idle waiters', value: figureOf([(each * 10_000) / 1024]), unit: ' MB' }],
          notes: [
            'All wait for the same operation, each on a connection of its own. Resident memory, so it holds what the collector has not yet given back.',
          ],
        };
      } finally {
        await knex('operations').where({ id: waitingOperation }).delete();
      }
    }),
};
