/** Fault 1: SIGKILL at every crash point of every step of every kind of operation, forwards and taken back. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { databases, type TestDatabase } from '../support/databases.ts';
import { report } from './report.ts';
import { scenarios } from './scenarios.ts';
import type { Order, Told } from './victim.ts';

const victim = fileURLToPath(new URL('./victim.ts', import.meta.url));

const start = (order: Order): Promise<Told & { killed: boolean }> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [victim, JSON.stringify(order)], { timeout: 60_000 }, (error, stdout, stderr) => {
      const told = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Told);
      const killed = error?.signal === 'SIGKILL' && error.killed !== true;
      if (error && !killed) reject(new Error(`The process ended badly: ${error.message}\n${stderr}`));
      else resolve({ ...Object.assign({}, ...told), killed });
    });
  });

const inWorld = async (
  database: (typeof databases)[number],
  work: (order: (scenario: string | null, dieAt: number | null) => Order) => Promise<void>,
): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-faults-'));
  const fresh: TestDatabase = await database.open({ migrate: false });
  try {
    await work((scenario, dieAt) => ({ dataDir, databaseUrl: fresh.url, scenario, dieAt }));
  } finally {
    await fresh.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

for (const database of databases) {
  describe(`fault 1, killed at every point, on ${database.name}`, { concurrency: 3 }, () => {
    for (const scenario of Object.keys(scenarios)) {
      it(scenario, () =>
        inWorld(database, async (order) => {
          const whole = await start(order(scenario, null));
          assert.deepEqual(whole.faults, []);
          const points = whole.passed!;
          // Before and after each of submission, claim, call and commit.
          assert.ok(points.length >= 8, points.join('\n'));
          let deaths = 0;
          for (let dieAt = 0; dieAt < points.length; dieAt += 1) {
            // Each process first goes on with what the one before it left, and checks the world.
            const died = await start(order(scenario, dieAt));
            assert.deepEqual(died.faults, [], `after a death at ${points[dieAt - 1]}`);
            // A run may pass fewer points than the one that was counted; then there was nothing to die at.
            if (died.killed) deaths += 1;
            else assert.ok(dieAt > points.length - 4, `no death at ${points[dieAt]}`);
          }
          const last = await start(order(null, null));
          assert.deepEqual(last.faults, [], `after a death at ${points.at(-1)}`);
          report({ fault: 1, name: 'SIGKILL at every crash point × step × kind', cases: deaths });
        }),
      );
    }
  });
}
