/** The engine alone, with operations that a test declares and a world that it can look into. */
import { z } from 'zod';
import type { Tx } from '../../src/database/database.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { type Clock, systemClock } from '../../src/kit/clock.ts';
import { newId } from '../../src/kit/ids.ts';
import { createTrail } from '../../src/operations/audit.ts';
import { defineOperation, type OperationDefinition, type Step } from '../../src/operations/definition.ts';
import type { Operation, ServiceKey } from '../../src/operations/operation.ts';
import { createOperations, type Operations, type OperationsOptions } from '../../src/operations/operations.ts';
import { openQuotas } from '../../src/operations/quota.ts';
import { quiet } from './app.ts';
import type { TestDatabase, TestDatabases } from './databases.ts';

export interface TestEngine {
  database: TestDatabase;
  operations: Operations;
  caller: Caller;
  /** Moves the database's clock on. */
  pass(ms: number): void;
  newService(quotas?: Record<string, number>): Promise<ServiceKey>;
  submit(
    definition: AnyTestDefinition,
    service: ServiceKey,
    more?: { params?: object; holds?: Record<string, number>; caller?: Partial<Caller> },
  ): Promise<Operation>;
  find(id: string): Promise<Operation>;
  /** A second worker process, as far as the database can tell. */
  another(options?: Partial<OperationsOptions>): Operations;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests declare operations of any shape
export type AnyTestDefinition = OperationDefinition<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type TestStep = Partial<Step<any, any>> & { name: string };

/** Timing for tests: real waits are short, long ones are passed by moving the database's clock. */
export const testTiming = {
  leaseMs: 2_000,
  beatMs: 500,
  graceMs: 1_000,
  callTimeoutMs: 600,
  marginMs: 100,
  settleMs: 50,
  pollMs: 20,
  backoffMs: { first: 1_000, last: 8_000 },
};

let kinds = 0;

/** Declares an operation of the given steps. */
export const testOperation = (steps: TestStep[], rest: Partial<AnyTestDefinition> = {}): AnyTestDefinition =>
  defineOperation<{ service: ServiceKey }, object>({
    kind: `test.kind-${++kinds}`,
    params: z.looseObject({}),
    doneMessage: 'Done',
    load: async (_queries, service) => ({ service }),
    done: async () => {},
    steps: steps.map((step) => ({ say: `Doing ${step.name}`, run: async () => undefined, ...step })),
    ...rest,
  });

export const startEngine = async (
  databases: TestDatabases,
  definitions: AnyTestDefinition[],
  options: Partial<OperationsOptions> & { clock?: Clock; workers?: boolean } = {},
): Promise<TestEngine> => {
  let offset = 0;
  const database = await databases.open({ clockOffset: () => offset });
  const { db } = database;
  const made: Operations[] = [];
  const make = (more: Partial<OperationsOptions> = {}): Operations => {
    const operations = createOperations({
      trail: createTrail({ pepper: 'a pepper for tests only' }),
      db,
      clock: systemClock,
      log: quiet,
      timing: testTiming,
      ...options,
      ...more,
    });
    operations.register(...definitions);
    made.push(operations);
    return operations;
  };
  const operations = make();
  if (options.workers ?? true) operations.start();
  const caller: Caller = { panelId: newId(), actor: 'test', requestId: null };

  return {
    database,
    operations,
    caller,
    pass: (ms) => {
      offset += ms;
      for (const each of made) each.wake();
    },
    newService: async (quotas = {}) => {
      const service = { panelId: caller.panelId, kind: 'test', serviceId: newId() };
      await db.transaction(async (tx: Tx) => {
        const now = await db.now(tx);
        await tx('services').insert({
          panel_id: service.panelId,
          kind: service.kind,
          service_id: service.serviceId,
          id: newId(),
          state: 'active',
          plan: 'basic',
          created_at: now,
          updated_at: now,
        });
        await openQuotas(tx, service, quotas);
      });
      return service;
    },
    submit: (definition, service, { params = {}, holds = {}, caller: as = {} } = {}) =>
      operations.transaction((tx) =>
        operations.submit(tx, definition, { ...caller, ...as }, { service, params, holds }),
      ),
    find: (id) => operations.find(undefined, id),
    another: (more) => {
      const other = make(more);
      other.start();
      return other;
    },
    stop: async () => {
      await Promise.all(made.map((each) => each.drain(2_000)));
      await database.drop();
    },
  };
};

/** A promise that a test settles when it likes. */
export const gate = (): { opened: Promise<void>; open: () => void } => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};
