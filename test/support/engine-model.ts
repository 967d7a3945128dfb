/**
 * Several workers on one database against an outside that lies, driven by a list
 * of actions: whatever their order, the promises of the engine hold after each of
 * them, and in the end everything has ended and the outside is as the rows say.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int } from '../../src/database/rows.ts';
import { AppError } from '../../src/kit/errors.ts';
import { newId } from '../../src/kit/ids.ts';
import { createTrail } from '../../src/operations/audit.ts';
import type { CrashPoint } from '../../src/operations/crash-points.ts';
import { LostLease } from '../../src/operations/lease.ts';
import type { ServiceKey } from '../../src/operations/operation.ts';
import { createOperations, type Operations } from '../../src/operations/operations.ts';
import { openQuotas, readQuotas } from '../../src/operations/quota.ts';
import { quiet } from './app.ts';
import type { TestDatabase } from './databases.ts';
import { type HandClock, handClock } from './hand-clock.ts';
import { untilIdle } from './idle.ts';
import { modelOperations } from './model-operations.ts';
import { answers, modelOutside, type Sender } from './model-outside.ts';

const graceMs = 30_000;
const timing = {
  leaseMs: 60_000,
  beatMs: 15_000,
  graceMs,
  callTimeoutMs: 20_000,
  settleMs: 2_000,
  marginMs: 2_000,
  pollMs: 1e12,
  backoffMs: { first: 1_000, last: 60_000 },
};
const limit = 3;
const points = [
  'submit:committing',
  'claim:committing',
  'claim:committed',
  'call:after',
  'step:committing',
  'step:committed',
  'setback:committing',
  'setback:committed',
] as const satisfies CrashPoint[];

const pick = fc.nat(7);
const of = <Name extends string, Rest extends object>(
  name: Name,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
) => fc.record({ do: fc.constant(name), ...rest } as { do: fc.Arbitrary<Name> } & typeof rest);

const action = fc.oneof(
  {
    weight: 5,
    arbitrary: of('submit', {
      worker: pick,
      service: pick,
      kind: fc.constantFrom('make', 'make', 'change', 'remove' as const),
      value: fc.constantFrom('red', 'blue'),
    }),
  },
  { weight: 3, arbitrary: of('wake', { worker: pick }) },
  {
    weight: 9,
    arbitrary: of('answer', { call: pick, how: fc.constantFrom('ok' as const, 'ok' as const, ...answers) }),
  },
  { weight: 5, arbitrary: of('pass', { ms: fc.constantFrom(600, 3_000, 25_000, 40_000, 95_000, 95_000) }) },
  { weight: 1, arbitrary: of('pass', { ms: fc.constant(3_700_000) }) },
  { weight: 3, arbitrary: of('hear-late', { call: pick }) },
  { weight: 2, arbitrary: of('cancel', { operation: pick }) },
  { weight: 2, arbitrary: of('retry', { operation: pick }) },
  { weight: 1, arbitrary: of('crash', { worker: pick }) },
  { weight: 2, arbitrary: of('pause', { worker: pick }) },
  { weight: 1, arbitrary: of('drain', { worker: pick }) },
  { weight: 2, arbitrary: of('die-at', { worker: pick, point: fc.constantFrom(...points) }) },
);
// biome-ignore lint/suspicious/noExplicitAny: a union of records of differing fields
export type Action = any;
export const actions = fc.array(action, { minLength: 1, maxLength: 40, size: 'max' });

interface Worker extends Sender {
  operations: Operations;
  clock: HandClock;
  state: 'alive' | 'paused' | 'dead';
  dieAt: CrashPoint | null;
}

/** Moves the clock of the database that it was opened with. */
export const modelTime = () => {
  let passed = 0;
  return { offset: () => passed, pass: (ms: number) => (passed += ms) };
};

export const runModel = async (
  { db }: TestDatabase,
  time: ReturnType<typeof modelTime>,
  plan: Action[],
): Promise<void> => {
  const { knex } = db;
  const panelId = newId();
  const caller = { panelId, actor: 'model', requestId: null };
  const services: ServiceKey[] = ['a', 'b'].map((serviceId) => ({ panelId, kind: 'model', serviceId }));
  const outside = modelOutside({ tailMs: graceMs - 1_500, now: time.offset });
  const submitted: string[] = [];
  const ended = new Map<string, string>();
  const fences = new Map<string, number>();
  const broken: unknown[] = [];
  const where = (key: ServiceKey) => ({ panel_id: panelId, kind: key.kind, service_id: key.serviceId });
  const settle = () => untilIdle(db);

  type Definitions = ReturnType<typeof modelOperations>;

  const everyWorker: (Worker & { definitions: Definitions })[] = [];
  const newWorker = () => {
    const clock = handClock();
    const definitions = modelOperations({
      outside,
      panelId,
      sender: () => worker,
      wrong: (error) => broken.push(error),
    });
    const operations = createOperations({
      trail: createTrail({ pepper: 'a pepper for tests only' }),
      db,
      clock,
      log: quiet,
      timing,
      at: (point, { operationId }) => {
        if (worker.state === 'alive' && worker.dieAt === point) kill(worker, 'dead');
        if (worker.state === 'dead') throw new LostLease(operationId);
      },
    });
    const worker: Worker & { definitions: Definitions } = {
      operations,
      clock,
      definitions,
      calls: new Set(),
      state: 'alive',
      dieAt: null,
    };
    operations.register(definitions.make, definitions.change, definitions.remove);
    operations.start();
    everyWorker.push(worker);
    return worker;
  };
  /** Its clock stands still from now on, and what it has sent lands or does not. */
  const kill = (worker: Worker, state: 'dead' | 'paused') => {
    worker.state = state;
    for (const call of worker.calls) call.abandon();
    void worker.operations.drain(0);
  };
  const workers = [newWorker(), newWorker(), newWorker()];
  const replace = (index: number) => {
    workers[index] = newWorker();
  };

  const pass = async (ms: number) => {
    const end = time.offset() + ms;
    while (time.offset() < end) {
      const running = everyWorker.filter((worker) => worker.state === 'alive');
      const next = Math.min(...running.map((worker) => worker.clock.untilNext()));
      const step = Math.max(1, Math.min(end - time.offset(), next, outside.nextLanding() - time.offset()));
      time.pass(step);
      outside.land();
      for (const worker of running) worker.clock.advance(step);
      await settle();
    }
  };

  const submit = async (step: { worker: number; service: number; kind: keyof Definitions; value: string }) => {
    const { operations, definitions } = workers[step.worker % 3]!;
    const service = services[step.service % services.length]!;
    const definition = definitions[step.kind];
    const params = { value: step.kind === 'change' ? step.value : 'any' };
    try {
      const operation = await operations.transaction(async (tx) => {
        const active = await tx('operations')
          .where({ active_key: `${panelId}:model:${service.serviceId}` })
          .first();
        const { state } = await tx('services').where(where(service)).first('state');
        const allowed = step.kind === 'remove' || state === (step.kind === 'make' ? 'none' : 'active');
        if (!allowed && active?.kind !== definition.kind) return null;
        const holds: Record<string, number> = step.kind === 'remove' ? {} : { units: 1 };
        const got = await operations.submit(tx, definition, caller, { service, params, holds });
        const same = active?.kind === definition.kind && JSON.parse(active.params).value === params.value;
        if (same && int(active.cancel_requested) === 0)
          assert.equal(got.id, active.id, 'the same wish is the same operation');
        return got;
      });
      if (operation && !submitted.includes(operation.id)) submitted.push(operation.id);
    } catch (error) {
      if (error instanceof LostLease) return;
      assert.ok(error instanceof AppError, String(error));
      assert.ok(['operation_in_progress', 'quota_exceeded'].includes(error.code), error.code);
      if (error.code === 'quota_exceeded') assert.equal((await readQuotas(knex, service))[0]!.used, limit);
    }
  };

  const ask = async (what: 'cancel' | 'retry', which: number) => {
    const id = submitted[which % Math.max(1, submitted.length)];
    const worker = workers.find((each) => each.state === 'alive')!;
    if (id === undefined) return;
    await worker.operations[what](caller, id).catch((error: unknown) => {
      assert.ok(error instanceof AppError, String(error));
      assert.ok(['operation_ended', 'not_cancellable'].includes(error.code), error.code);
    });
  };

  const act = async (step: Action): Promise<void> => {
    const index = step.worker === undefined ? 0 : step.worker % 3;
    const worker = workers[index]!;
    if (step.do === 'submit') await submit(step);
    else if (step.do === 'wake') worker.operations.wake();
    else if (step.do === 'pass') {
      await pass(step.ms);
      for (const each of workers) each.operations.wake();
    } else if (step.do === 'cancel' || step.do === 'retry') await ask(step.do, step.operation);
    else if (step.do === 'die-at') worker.dieAt = step.point;
    else if (step.do === 'drain') void worker.operations.drain(1e12);
    else if (step.do === 'answer' || step.do === 'hear-late') {
      const calls = outside.calls().filter((call) => call.abandoned === (step.do === 'hear-late'));
      calls[step.call % Math.max(1, calls.length)]?.answer(step.how ?? 'ok');
    } else kill(worker, step.do === 'crash' ? 'dead' : 'paused');
    await settle();
    if (step.do === 'drain') replace(index);
    for (const [each, { state }] of workers.entries()) if (state !== 'alive') replace(each);
    await settle();
  };

  /** What holds at every moment. */
  const check = async () => {
    if (broken.length > 0) throw broken[0];
    const rows = await knex('operations').where({ panel_id: panelId });
    for (const service of services) {
      const mine = rows.filter((row) => row.service_id === service.serviceId);
      const active = mine.filter((row) => ['queued', 'running', 'undoing', 'stuck'].includes(row.state));
      assert.ok(active.length <= 1, `${active.length} operations have service ${service.serviceId}`);
      assert.ok(mine.filter((row) => row.state === 'pending').length <= 1);
      const holds = await knex('quota_holds').where({ panel_id: panelId, service_id: service.serviceId });
      const used = holds.filter((row) => row.state !== 'released').length;
      assert.equal((await readQuotas(knex, service))[0]!.used, used, 'what is used is what is held or kept');
      for (const hold of holds) {
        const { state } = mine.find((row) => row.id === hold.operation_id)!;
        assert.equal(hold.state, state === 'done' ? 'kept' : state === 'failed' ? 'released' : 'held');
      }
    }
    for (const row of rows) {
      assert.ok(int(row.fence) >= (fences.get(row.id) ?? 0), 'a fence only rises');
      fences.set(row.id, int(row.fence));
      const facts = JSON.stringify([row.state, row.error, row.active_key, row.due_at, row.finished_at]);
      if (ended.has(row.id)) assert.equal(facts, ended.get(row.id), 'what has ended does not change');
      if (row.state === 'done' || row.state === 'failed') ended.set(row.id, facts);
      if (row.state === 'stuck') {
        const last = outside.last.get(row.id);
        assert.ok(row.kind === 'model.remove' || last?.forward === false, 'only what is being removed gets stuck');
        assert.notEqual(last?.how, 'ok');
      }
    }
    for (const call of outside.calls()) {
      if (call.abandoned) continue;
      const row = rows.find((each) => each.id === call.operation);
      assert.ok(
        row?.state === 'running' || row?.state === 'undoing',
        `${call.step} of an operation that is ${row?.state}`,
      );
    }
  };

  const endAll = async () => {
    for (const worker of workers) worker.dieAt = null;
    for (let round = 0; round < 60; round += 1) {
      for (const call of outside.calls()) call.answer('ok');
      await settle();
      const left = await knex('operations')
        .where({ panel_id: panelId })
        .whereNotNull('active_key')
        .select('id', 'state');
      if (left.length === 0) return;
      if (outside.calls().length > 0) continue;
      for (const row of left) if (row.state === 'stuck') await ask('retry', submitted.indexOf(row.id));
      for (const worker of workers) worker.operations.wake();
      await settle();
      if (outside.calls().length === 0) await pass(100_000);
      await check();
    }
    assert.fail('not everything ends');
  };

  const checkOutside = async () => {
    await pass(graceMs);
    for (const service of services) {
      const { state, plan: value } = await knex('services').where(where(service)).first('state', 'plan');
      assert.ok(state === 'active' || state === 'none', `the service was left ${state}`);
      const there = state === 'active';
      for (const name of ['disk', 'route']) {
        assert.equal(
          outside.objects.has(`${name}-${service.serviceId}`),
          there,
          `${name} of a service that is ${state}`,
        );
        const row = await knex('resources')
          .where({ name: `${name}-${panelId}-${service.serviceId}` })
          .first('state');
        assert.equal(row?.state ?? 'gone', there ? 'present' : 'gone');
      }
      assert.equal(outside.values.get(service.serviceId) ?? 'basic', value, 'the value outside is that of the row');
    }
  };

  try {
    await db.transaction(async (tx) => {
      for (const service of services) {
        await tx('services').insert({
          ...where(service),
          id: newId(),
          state: 'none',
          plan: 'basic',
          created_at: 0,
          updated_at: 0,
        });
        await openQuotas(tx, service, { units: limit });
      }
    });
    for (const step of plan) {
      await act(step);
      await check();
    }
    await endAll();
    await check();
    await checkOutside();
  } finally {
    for (const worker of everyWorker) kill(worker, 'dead');
    for (const call of outside.calls()) call.answer('lost');
    await settle();
    await knex('operations').where({ panel_id: panelId }).delete();
  }
};
