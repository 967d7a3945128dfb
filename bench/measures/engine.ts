/** The durable engine alone: operations of five steps that do nothing, and the least that five transactions can cost. */
import { type Connection, createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { systemClock } from '../../src/kit/clock.ts';
import { newId } from '../../src/kit/ids.ts';
import { createTrail } from '../../src/operations/audit.ts';
import { defineOperation } from '../../src/operations/definition.ts';
import { createOperations, type Operations } from '../../src/operations/operations.ts';
import type { Measure } from '../harness/measure.ts';
import { figureOf, quantile, ratioOf } from '../harness/statistics.ts';
import { quiet, type World } from '../harness/world.ts';

const workers = 4;

const steps = ['one', 'two', 'three', 'four', 'five'];

const fiveSteps = (begun: (id: string) => void) =>
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
    done: async () => {},
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
  const definition = fiveSteps((id) => begunAt.set(id, performance.now()));
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
  };
};

/** Operations a second from the first claim to the last end. */
const engineRate = async (world: World, count: number, round: string): Promise<number> => {
  const { operations, submit } = createEngine(world);
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) {
    await addService(world, `${round}-${at}`);
    ids.push(await submit(`${round}-${at}`));
  }
  const began = performance.now();
  operations.start();
  await Promise.all(ids.map((id) => operations.waitForRest(id, 120_000)));
  const took = performance.now() - began;
  await operations.drain(5000);
  const undone = await world.db.knex('operations').whereIn('id', ids).whereNot({ state: 'done' });
  if (undone.length > 0) throw new Error(`${undone.length} of ${count} operations did not end well`);
  return (count * 1000) / took;
};

/** Claims one row and changes it in five transactions after that: what any durable engine of five steps has to commit. */
const rawRate = async (world: World, count: number, round: string): Promise<number> => {
  const url = new URL(world.databaseUrl);
  const connections: Connection[] = [];
  for (let at = 0; at < workers; at += 1) connections.push(await createConnection(url.href));
  try {
    const [first] = connections;
    await first!.query(
      `create table if not exists bench_work (id varchar(64) primary key, owner int null, fence int not null, step int not null,
       due_at bigint null, key (due_at))`,
    );
    const now = Date.now();
    for (let at = 0; at < count; at += 1) {
      await first!.execute('insert into bench_work values (?, null, 0, 0, ?)', [`${round}-${at}`, now]);
    }
    const work = async (connection: Connection, worker: number): Promise<void> => {
      for (;;) {
        const [rows] = await connection.execute(
          'select id, fence from bench_work where due_at <= ? order by due_at limit 20',
          [Date.now()],
        );
        const due = rows as { id: string; fence: number }[];
        if (due.length === 0) return;
        const { id, fence } = due[Math.floor(Math.random() * due.length)]!;
        const inTransaction = async (sql: string, values: (string | number)[]): Promise<number> => {
          await connection.beginTransaction();
          const [result] = await connection.execute(sql, values);
          await connection.commit();
          return (result as { affectedRows: number }).affectedRows;
        };
        const claimed = await inTransaction(
          'update bench_work set owner = ?, fence = fence + 1, due_at = ? where id = ? and fence = ?',
          [worker, Date.now() + 60_000, id, fence],
        );
        if (claimed === 0) continue;
        for (let step = 1; step < steps.length; step += 1) {
          await inTransaction('update bench_work set step = ? where id = ? and fence = ?', [step, id, fence + 1]);
        }
        await inTransaction('update bench_work set step = 5, owner = null, due_at = null where id = ? and fence = ?', [
          id,
          fence + 1,
        ]);
      }
    };
    const began = performance.now();
    await Promise.all(connections.map(work));
    return (count * 1000) / (performance.now() - began);
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
  }
};

export const engine: Measure = {
  name: 'engine',
  title: 'Operations of five steps, 4 workers, on MariaDB',
  run: async (world, { rounds, smoke }) => {
    const count = smoke ? 10 : 150;
    const ours: number[] = [];
    const raw: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await engineRate(world, count, `e${newId()}`));
      raw.push(await rawRate(world, count, `r${newId()}`));
    }
    return {
      lines: [
        { subject: 'the engine', figures: { 'operations/s': figureOf(ours) } },
        { subject: 'raw claim loop', figures: { 'operations/s': figureOf(raw) } },
      ],
      claims: [
        {
          what: 'operations/s ÷ raw claim loop with five transactions each',
          value: ratioOf(ours, raw),
          goal: { least: 0.6 },
        },
      ],
      notes: [
        'Steps that do nothing, so only the engine is measured. The raw loop claims by compare-and-swap and then commits one row five times; it keeps no steps, no resources, no fence of the service, no outbox and no audit trail.',
      ],
    };
  },
};

export const wakeUp: Measure = {
  name: 'wake-up',
  title: 'From a submission to its first step, in the same process',
  run: async (world, { rounds, smoke }) => {
    const each = smoke ? 10 : 200;
    const { operations, submit, begunAt } = createEngine(world);
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
          await operations.waitForRest(id, 30_000);
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
      claims: [{ what: 'submit → first step, p99', value: p99, unit: ' ms', goal: { most: 10 } }],
      notes: ['From the return of the commit to the first line of the first step, an idle engine, MariaDB.'],
    };
  },
};
