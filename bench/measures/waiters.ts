import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Claim, Line } from '../harness/findings.ts';
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

const request = (world: World, path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: bench',
    ...Object.entries(bearer(world)).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n');

/** An operation that nobody carries out, to be waited for. */
const waitingOperation = '01BENCHP999999999999999999';

/** Nobody carries anything out, and there is room for all who wait. */
const environment = { PROVISOR_WORKERS: '0', PROVISOR_CONNECTIONS: '11000' };

/** A long poll is answered after this time at the latest; the measure has to be over by then. */
const longestPollSeconds = 25;

const kinds = [
  { name: 'event streams', path: `/v1/operations/${waitingOperation}/events`, answersAtOnce: true },
  {
    name: 'long polls',
    path: `/v1/operations/${waitingOperation}?wait=${longestPollSeconds}`,
    answersAtOnce: false,
  },
];

export const waiters: Measure = {
  name: 'waiters',
  title: 'Idle waiters for one operation',
  run: async (world, { smoke, say }) => {
    const { knex } = world.db;
    const lines: Line[] = [];
    const claims: Claim[] = [];
    const notes = [
      'All wait for the same operation, each on a connection of its own. Resident memory, so it holds what the collector has not yet given back.',
    ];
    await knex('operations').insert({
      ...(await knex('operations').where({ id: '01BENCHP000000000000000001' }).first()),
      id: waitingOperation,
      service_id: 'waited-for',
      state: 'queued',
      due_at: null,
      finished_at: null,
    });
    try {
      for (const { name, path, answersAtOnce } of kinds) {
        say(`  ${name}`);
        // A server for each, so that none has the memory that the other left behind.
        await withServers([world.startProvisor({ environment })], async ([server]) => {
          // As many long polls as can be begun well before the first of them ends.
          const count = smoke ? 100 : answersAtOnce ? 10_000 : 5_000;
          await fetch(`${server!.url}/v1/whoami`, { headers: bearer(world) });
          await wait(1000);
          const before = residentMb(server!.pid);
          const began = performance.now();
          const sockets = await openWaiters(server!.url, request(world, path), count, answersAtOnce);
          await wait(smoke ? 200 : 3000);
          const grown = residentMb(server!.pid) - before;
          const cpuBefore = cpuMs(server!.pid);
          const idleMs = smoke ? 200 : 4000;
          await wait(idleMs);
          const cpu = ((cpuMs(server!.pid) - cpuBefore) / idleMs) * 100;
          const tookSeconds = (performance.now() - began) / 1000;
          for (const socket of sockets) socket.destroy();
          const each = (grown * 1024) / count;
          lines.push({
            subject: `${count} ${name}`,
            figures: {
              'more RSS in MB': figureOf([grown]),
              'kB each': figureOf([each]),
              'CPU % while idle': figureOf([cpu]),
            },
          });
          claims.push({
            what: `memory for 10,000 idle ${name}`,
            value: figureOf([(each * 10_000) / 1024]),
            unit: ' MB',
          });
          if (!answersAtOnce && tookSeconds > longestPollSeconds) {
            notes.push('Opening the long polls took longer than the first of them wait, so some had ended already.');
          }
        });
      }
    } finally {
      await knex('operations').where({ id: waitingOperation }).delete();
    }
    return { lines, claims, notes };
  },
};
