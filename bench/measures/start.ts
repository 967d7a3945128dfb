import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, startChild } from '../harness/child.ts';
import type { Measure } from '../harness/measure.ts';
import { residentMb } from '../harness/process-usage.ts';
import { figureOf } from '../harness/statistics.ts';
import { startFlags } from '../harness/world.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const startOnce = async (dataDir: string, idleMs: number): Promise<{ startMs: number; idleMb: number }> => {
  const port = await freePort();
  const server = await startChild({
    name: 'provisor',
    command: process.execPath,
    args: [...(await startFlags()), main],
    environment: {
      PROVISOR_DATA_DIR: dataDir,
      PROVISOR_PORT: String(port),
      PROVISOR_SITES_PORT: '0',
      PROVISOR_DNS_PORT: '0',
    },
    port,
    readyPath: '/ready',
  });
  try {
    await wait(idleMs);
    return { startMs: server.startMs, idleMb: residentMb(server.pid) };
  } finally {
    await server.stop();
  }
};

export const start: Measure = {
  name: 'start',
  title: 'Start of an installation on SQLite, and its memory when idle',
  run: async (_world, { rounds, smoke }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'provisor-start-'));
    try {
      const idleMs = smoke ? 200 : 5000;
      // The first one makes the database; it is told apart.
      const first = await startOnce(dataDir, idleMs);
      const later = [];
      for (let round = 0; round < rounds; round += 1) later.push(await startOnce(dataDir, idleMs));
      return {
        lines: [
          {
            subject: 'the first start, with all migrations',
            figures: { 'ms to ready': figureOf([first.startMs]), 'idle MB': figureOf([first.idleMb]) },
          },
          {
            subject: 'later starts',
            figures: {
              'ms to ready': figureOf(later.map(({ startMs }) => startMs)),
              'idle MB': figureOf(later.map(({ idleMb }) => idleMb)),
            },
          },
        ],
        claims: [
          {
            what: 'start to ready',
            value: figureOf(later.map(({ startMs }) => startMs / 1000)),
            unit: ' s',
            goal: { most: 1.5 },
            rest: 'Loading modules and compiling the contract take nearly all of it.',
          },
          { what: 'idle RSS', value: figureOf(later.map(({ idleMb }) => idleMb)), unit: ' MB', goal: { most: 150 } },
        ],
        notes: ['From the start of the process to the first 200 of /ready, asked every 10 ms.'],
      };
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};
