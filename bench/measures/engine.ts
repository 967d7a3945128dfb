/** The durable engine: operations of five steps that do nothing, real creates, and how soon a first step begins. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { afterCommit } from '../../src/database/after-commit.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { newId } from '../../src/kit/ids.ts';
import { createTrail } from '../../src/operations/audit.ts';
import { defineOperation } from '../../src/operations/definition.ts';
import { createOperations, type Operations } from '../../src/operations/operations.ts';
import type { Claim, Line } from '../harness/findings.ts';
import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { statusOf } from '../harness/server-status.ts';
import { figureOf, quantile, ratioOf } from '../harness/statistics.ts';
import { quiet, type World } from '../harness/world.ts';
import { rawRate } from './raw-claims.ts';

const workers = 4;

const steps = ['one', 'two', 'three', 'four', 'five'];

interface Hooks {
  begun(id: string): void;
  /** After the commit that ended one. */
  ended(): void;
}

const fiveSteps = ({ begun, ended }: Hooks) =>
  defineOperation<object, Record<string, never>>({
    kind: 'bench.five',
    params: z.object({}),
    doneMessage: 'Done',
    load: async () => ({}),
    steps: steps.map((name, at) => ({
      name,
      say: name,
      run: async ({ operation }) => {
        if (at === 0) begun(operation.id);
      },
    })),
    done: async (tx) => afterCommit(tx, ended),
  });

const addService = async (world: World, serviceId: string): Promise<void> => {
  const now = Date.now();
  await world.db.knex('services').insert({
    panel_id: world.panelId,
    kind: 'bench',
    service_id: serviceId,
    id: newId(),
    state: 'active',
    plan: 'basic',
    created_at: now,
    updated_at: now,
  });
};

const caller = (world: World) => ({ panelId: world.panelId, actor: world.keyId, requestId: 'bench' });

interface Engine {
  operations: Operations;
  submit(serviceId: string): Promise<string>;
  begunAt: Map<string, number>;
  /** Resolves once as many have ended. */
  untilEnded(count: number): Promise<void>;
}

const createEngine = (world: World): Engine => {
  const begunAt = new Map<string, number>();
  const { db } = world;
  const operations = createOperations({
    db,
    clock: systemClock,
    log: quiet,
    trail: createTrail({ pepper: world.pepper }),
    slots: workers,
    queueCap: 100_000,
  });
  let ends = 0;
  let whenEnded = () => {};
  const definition = fiveSteps({
    begun: (id) => begunAt.set(id, performance.now()),
    ended: () => {
      ends += 1;
      whenEnded();
    },
  });
  operations.register(definition);
  return {
    operations,
    begunAt,
    submit: async (serviceId) => {
      const service = { panelId: world.panelId, kind: 'bench', serviceId };
      const { id } = await operations.transaction((tx) =>
        operations.submit(tx, definition, caller(world), { service, params: {} }),
      );
      return id;
    },
    untilEnded: (count) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`${ends} of ${count} operations ended in time`)), 120_000);
        whenEnded = () => {
          if (ends < count) return;
          clearTimeout(late);
          resolve();
        };
        whenEnded();
      }),
  };
};

interface Cost {
  /** Milliseconds of this process. */
  cpuMs: number;
  /** Statements that the database was asked. */
  turns: number;
}

/** For each of `count`. */
const costOf = async (world: World, count: number, work: () => Promise<unknown>): Promise<Cost> => {
  const turnsBefore = await statusOf(world, 'Questions');
  const cpuBefore = process.cpuUsage();
  await work();
  const cpu = process.cpuUsage(cpuBefore);
  const turns = (await statusOf(world, 'Questions')) - turnsBefore;
  return { cpuMs: (cpu.user + cpu.system) / 1000 / count, turns: turns / count };
};

/**
 * Operations a second from the first claim to the last end, `around` which may look on; milliseconds of our CPU, and
 * turns to the database, for each.
 */
export const engineRate = async (
  world: World,
  count: number,
  round: string,
  around: (work: () => Promise<void>) => Promise<void> = (work) => work(),
): Promise<{ perSecond: number } & Cost> => {
  const { operations, submit, untilEnded } = createEngine(world);
  for (let at = 0; at < count; at += 1) {
    await addService(world, `${round}-${at}`);
    await submit(`${round}-${at}`);
  }
  let took = 0;
  const work = async () => {
    const began = performance.now();
    operations.start();
    await untilEnded(count);
    took = performance.now() - began;
  };
  try {
    const cost = await costOf(world, count, () => around(work));
    return { perSecond: (count * 1000) / took, ...cost };
  } finally {
    await operations.drain(5000);
  }
};

/** What MariaDB does at a commit: 1 writes through to the disk, as it comes; 2 leaves that to the system for a second. */
const flushes = { 'written through to the disk': 1, 'not written through': 2 } as const;

const flushAt = async (world: World, how: keyof typeof flushes): Promise<void> => {
  await world.db.knex.raw(`set global innodb_flush_log_at_trx_commit = ${flushes[how]}`);
};

const costFigures = (costs: Cost[]) => ({
  'CPU ms each': figureOf(costs.map(({ cpuMs }) => cpuMs)),
  'turns each': figureOf(costs.map(({ turns }) => turns)),
});

const restOf = (ours: Cost[], raw: Cost[]): string => {
  const middle = (costs: Cost[], of: keyof Cost) =>
    quantile(
      costs.map((cost) => cost[of]),
      0.5,
    );
  return `An operation takes ${middle(ours, 'turns').toFixed(1)} turns to the database, the raw loop ${middle(raw, 'turns').toFixed(1)}; and ${middle(ours, 'cpuMs').toFixed(2)} ms of this process, which has one core for it, the raw loop ${middle(raw, 'cpuMs').toFixed(2)} ms. Nearly half of ours is the system call that sends a statement (see “Where our time goes”), which is all that the raw loop does; the rest is garbage, a transaction of the query builder for each commit, and steps: their leases, time limits, breakers, spans and what became of them. At its end an operation also looks for units held and for who waits, and writes the audit trail, its chain and the outbox.`;
};

export const engine: Measure = {
  name: 'engine',
  title: 'Operations of five steps, 4 workers, on MariaDB',
  run: async (world, { rounds, smoke }) => {
    const count = smoke ? 20 : 150;
    const lines: Line[] = [];
    const claims: Claim[] = [];
    try {
      for (const how of Object.keys(flushes) as (keyof typeof flushes)[]) {
        await flushAt(world, how);
        const ours: Awaited<ReturnType<typeof engineRate>>[] = [];
        const five: number[] = [];
        const costs: Cost[] = [];
        const bare: number[] = [];
        // The first round only warms up.
        for (let round = smoke ? 0 : -1; round < rounds; round += 1) {
          const once = await engineRate(world, count, `e${newId()}`);
          const raw = { workers, round: `f${newId()}` };
          let fiveOnce = 0;
          const cost = await costOf(world, count * 2, async () => {
            fiveOnce = await rawRate(world, { ...raw, count: count * 2, commits: 5 });
          });
          const bareOnce = await rawRate(world, { ...raw, count: count * 4, commits: 0, round: `b${newId()}` });
          if (round < 0) continue;
          ours.push(once);
          five.push(fiveOnce);
          costs.push(cost);
          bare.push(bareOnce);
        }
        const perSecond = ours.map((one) => one.perSecond);
        lines.push(
          {
            subject: `the engine, commits ${how}`,
            figures: { 'operations/s': figureOf(perSecond), ...costFigures(ours) },
          },
          {
            subject: `raw claims with five transactions after each, ${how}`,
            figures: { 'operations/s': figureOf(five), ...costFigures(costs) },
          },
          { subject: `raw claims alone, ${how}`, figures: { 'operations/s': figureOf(bare) } },
        );
        claims.push(
          {
            what: `operations/s ÷ raw claim loop with five transactions, commits ${how}`,
            value: ratioOf(perSecond, five),
            goal: { least: 0.6 },
            rest: restOf(ours, costs),
          },
          { what: `operations/s ÷ raw claims alone, commits ${how}`, value: ratioOf(perSecond, bare) },
        );
      }
    } finally {
      await flushAt(world, 'not written through');
    }
    return {
      lines,
      claims,
      notes: [
        'Steps that do nothing, so only the engine is measured. The raw loop claims by compare-and-swap and then commits one row five times; it keeps no steps, no resources, no fence of the service, no outbox and no audit trail.',
        'Written through to the disk at each commit is how MariaDB comes, and what a durable operation needs of it.',
      ],
    };
  },
};

/** A site's create from its claim to its end, as an installation with local adapters does it. */
const createRate = async (world: World, count: number, round: string): Promise<number> => {
  const headers = { ...bearer(world), 'Content-Type': 'application/json' };
  const ids: string[] = [];
  // Asked for while nobody carries it out, so that only the carrying out is measured.
  await withServers([world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } })], async ([server]) => {
    for (let at = 0; at < count; at += 1) {
      const body = { service_id: `${round}-${at}`, email: `c${at}@example.com`, plan: 'basic' };
      const answer = await fetch(`${server!.url}/v1/sites`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ ...body, subdomain: `${round}-${at}`.toLowerCase() }),
      });
      if (answer.status !== 202) throw new Error(`A create was answered with ${answer.status}: ${await answer.text()}`);
      ids.push(((await answer.json()) as { operation: { id: string } }).operation.id);
    }
  });
  const { knex } = world.db;
  return withServers([world.startProvisor({ environment: { PROVISOR_WORKERS: String(workers) } })], async () => {
    const late = performance.now() + 120_000;
    for (;;) {
      const rows: { state: string; started_at: unknown; finished_at: unknown }[] = await knex('operations')
        .whereIn('id', ids)
        .select('state', 'started_at', 'finished_at');
      if (rows.every(({ state }) => state === 'done')) {
        const first = Math.min(...rows.map((row) => Number(row.started_at)));
        const last = Math.max(...rows.map((row) => Number(row.finished_at)));
        return (count * 1000) / (last - first);
      }
      if (rows.some(({ state }) => state === 'failed' || state === 'stuck') || performance.now() > late)
        throw new Error(`The creates came to: ${rows.map(({ state }) => state).join(', ')}`);
      await wait(100);
    }
  });
};

export const createLocal: Measure = {
  name: 'create-local',
  title: 'Creates of sites end to end: local adapters, 4 workers, MariaDB',
  run: async (world, { rounds, smoke }) => {
    const count = smoke ? 5 : 60;
    const ours: number[] = [];
    const raw: number[] = [];
    try {
      await flushAt(world, 'written through to the disk');
      for (let round = 0; round < Math.min(rounds, 3); round += 1) {
        ours.push(await createRate(world, count, `c${newId().slice(-10).toLowerCase()}`));
        raw.push(await rawRate(world, { workers, count: count * 5, commits: 5, round: `c${newId()}` }));
      }
    } finally {
      await flushAt(world, 'not written through');
    }
    return {
      lines: [
        { subject: 'creates', figures: { 'operations/s': figureOf(ours) } },
        { subject: 'raw claims with five transactions after each', figures: { 'operations/s': figureOf(raw) } },
      ],
      claims: [{ what: 'creates/s ÷ raw claim loop with five transactions', value: ratioOf(ours, raw) }],
      notes: [
        'From the first claim to the last end, by the clock of the database: files of the site, its DNS record, its route, the application and the first snapshot, each of them written through to the disk. A process that has just started.',
      ],
    };
  },
};

const wakeRest =
  'One transaction lies between: the claim, which begins the first step. Whatever else has the processors or the disk then is waited for.';

export const wakeUp: Measure = {
  name: 'wake-up',
  title: 'From a submission to its first step, in the same process',
  run: async (world, { rounds, smoke }) => {
    const each = smoke ? 10 : 200;
    const { operations, submit, begunAt, untilEnded } = createEngine(world);
    let ends = 0;
    operations.start();
    const waits: number[][] = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        const some: number[] = [];
        for (let at = 0; at < each; at += 1) {
          const serviceId = `w${newId()}`;
          await addService(world, serviceId);
          const id = await submit(serviceId);
          const submitted = performance.now();
          ends += 1;
          await untilEnded(ends);
          some.push(Math.max(0, begunAt.get(id)! - submitted));
        }
        waits.push(some);
      }
    } finally {
      await operations.drain(5000);
    }
    const p99 = figureOf(waits.map((some) => quantile(some, 0.99)));
    return {
      lines: [
        {
          subject: `${each} submissions a round, one after the other`,
          figures: { 'p50 ms': figureOf(waits.map((some) => quantile(some, 0.5))), 'p99 ms': p99 },
        },
      ],
      claims: [{ what: 'submit → first step, p99', value: p99, unit: ' ms', goal: { most: 10 }, rest: wakeRest }],
      notes: ['From the return of the commit to the first line of the first step, an idle engine, MariaDB.'],
    };
  },
};
