/** The durable engine as features see it: submit, look, wait, cancel, retry. */
import { afterCommit } from '../database/after-commit.ts';
import type { Database, Tx } from '../database/database.ts';
import { isUniqueViolation } from '../database/errors.ts';
import type { Caller } from '../kit/caller.ts';
import type { Clock } from '../kit/clock.ts';
import { AppError } from '../kit/errors.ts';
import { hashJson } from '../kit/hash.ts';
import { newId } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import { noTelemetry, type Telemetry } from '../kit/telemetry.ts';
import type { Trail } from './audit.ts';
import { readBacklog } from './backlog.ts';
import type { ShownOperation } from './beside-service.ts';
import { createBreakers } from './breakers.ts';
import { findDue } from './claim-store.ts';
import type { AtPoint } from './crash-points.ts';
import { type AnyDefinition, createDefinitions, type OperationDefinition } from './definition.ts';
import { endedPatch, followUp } from './ending.ts';
import { bindOperation, findBound } from './idempotency-store.ts';
import {
  activeKey,
  isEnded,
  type Operation,
  type OperationError,
  type OperationState,
  type ServiceKey,
  sentences,
} from './operation.ts';
import * as store from './operation-store.ts';
import { createPanelFeed } from './panel-feed.ts';
import { holdQuota } from './quota.ts';
import { isKnownResource, listResources, listSteps } from './step-store.ts';
import { defaultTiming, type Timing } from './timing.ts';
import { createWatchers } from './watch.ts';
import { createWorkers, takeOver } from './workers.ts';

export interface OperationsOptions {
  db: Database;
  clock: Clock;
  log: Log;
  trail: Trail;
  /** @default tells nobody */
  telemetry?: Telemetry;
  timing?: Partial<Timing>;
  /** Operations that this process runs at a time. @default 4 */
  slots?: number;
  /** Operations that one panel may have in line. @default 1000 */
  queueCap?: number;
  breaker?: { failures?: number; restMs?: number };
  /** For tests: told of every place where a process may die. */
  at?: AtPoint | undefined;
}

export interface Submission<Params> {
  service: ServiceKey;
  params: Params;
  /** Units to take of the service's quotas; given back if the operation fails. */
  holds?: Record<string, number>;
  /** The database's time, where this transaction has asked for it already. */
  at?: number;
}

const notFound = (id: string) => new AppError('not_found', 'not_found', `There is no operation ${id}.`);

/** The refusal of what cannot be done beside the operation that is under way. */
export const busy = (service: ServiceKey, running: Operation): AppError =>
  new AppError('conflict', 'operation_in_progress', `Service ${service.serviceId} is busy: ${running.message}.`, {
    retryAfter: 5,
    details: { operation_id: running.id, kind: running.kind, state: running.state },
  });

/** What a transaction has read is not so any more: it is run again. */
class Moved extends Error {}

export const createOperations = (options: OperationsOptions) => {
  const { db, clock, log, trail, telemetry = noTelemetry, slots = 4, queueCap = 1000, at } = options;
  const timing: Timing = { ...defaultTiming, ...options.timing };
  const definitions = createDefinitions();
  const breakers = createBreakers({ log, ...options.breaker });
  const watchers = createWatchers({ db, clock, log, pollMs: timing.pollMs });
  const feed = createPanelFeed({ db, clock, log, pollMs: timing.pollMs });
  const workers = createWorkers(
    { db, clock, timing, log, trail, telemetry, definitions, breakers, watchers, at },
    { slots },
  );

  /** A transaction that runs again when somebody else wrote the same key first: what they wrote is visible then. */
  const transaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await db.transaction(work);
      } catch (error) {
        if (!(isUniqueViolation(error) || error instanceof Moved) || attempt === 8) throw error;
      }
    }
  };

  const refuseFullLine = async (tx: Tx, panelId: string): Promise<void> => {
    if (!(await store.hasWaiting(tx, panelId, queueCap))) return;
    throw new AppError(
      'throttled',
      'too_many_operations',
      `${queueCap} operations of this panel are in line already.`,
      {
        retryAfter: 30,
      },
    );
  };

  /** Makes room for an operation that waits: cancels what can be cancelled, and ends what is stuck. */
  const makeRoom = async (tx: Tx, active: Operation, at: number): Promise<'now' | 'later'> => {
    if (active.state === 'stuck') {
      const error: OperationError = { code: 'superseded', message: sentences.superseded };
      if (!(await store.patchInState(tx, active, endedPatch('failed', { at, message: error.message, error }))))
        throw new Moved();
      await followUp(tx, { definitions, trail }, active, { outcome: 'failed', error, at });
      return 'now';
    }
    const cancel = !definitions.find(active.kind)?.forwardOnly;
    if (!(await store.waitBehind(tx, active, { cancel }))) throw new Moved();
    if (cancel) {
      await store.makeDue(tx, active.id, at);
      afterCommit(tx, () => workers.look(active.id));
    }
    return 'later';
  };

  /** What was submitted before under the caller's `Idempotency-Key`, by a request that did not come to its answer. */
  const findEarlier = async (tx: Tx, caller: Caller): Promise<Operation | null> => {
    const bound = await findBound(tx, caller);
    const earlier = bound === null ? null : await store.findOperation(tx, bound, caller.panelId);
    // One that has failed is not what the caller wishes for: the same call under the same key tries anew.
    return earlier?.state === 'failed' ? null : earlier;
  };

  /**
   * Puts an operation in line, inside the caller's `transaction`. The same wish
   * while it is active answers with the active one; another is refused with
   * `operation_in_progress` (409), unless the definition says that it waits.
   */
  const submit = async <Subject extends object, Params>(
    tx: Tx,
    definition: OperationDefinition<Subject, Params>,
    caller: Caller,
    { service, params, holds = {}, at: known }: Submission<Params>,
  ): Promise<Operation> => {
    const earlier = await findEarlier(tx, caller);
    if (earlier) return earlier;
    const paramsHash = hashJson(params);
    const now = known ?? (await db.now(tx));
    const { active, next } = await store.findActive(tx, service);
    const same = [active, next].find(
      (other) => other?.kind === definition.kind && other.paramsHash === paramsHash && !other.cancelRequested,
    );
    if (same) {
      await bindOperation(tx, caller, same.id);
      if (same.state !== 'stuck') return same;
      // Asking again is the panel's way to retry.
      await resume(tx, same, { state: same.stuckIn ?? 'running' });
      await note(tx, caller, same, 'retry');
      return (await store.findOperation(tx, same.id))!;
    }
    if (next) throw busy(service, next);
    let state: 'queued' | 'pending' = 'queued';
    if (active) {
      if (!definition.waits) throw busy(service, active);
      if ((await makeRoom(tx, active, now)) === 'later') state = 'pending';
    }
    await refuseFullLine(tx, caller.panelId);

    const id = newId();
    const operation = await store.insertOperation(tx, {
      id,
      service,
      kind: definition.kind,
      params,
      paramsHash,
      state,
      message: state === 'queued' ? 'Waiting for its turn' : 'Waiting for the operation before it to end',
      deadlineAt: now + (definition.deadlineSeconds ?? 3600) * 1000,
      actor: caller.actor,
      requestId: caller.requestId,
      traceparent: caller.traceparent ?? null,
      at: now,
      dueAt: Math.max(now, active?.landsAt ?? 0),
    });
    for (const [resource, amount] of Object.entries(holds)) await holdQuota(tx, service, id, resource, amount);
    if (state === 'queued') await definition.accepted?.(tx, service, params);
    await bindOperation(tx, caller, id);
    await trail.append(tx, {
      chain: activeKey(service),
      at: now,
      actor: caller.actor,
      action: definition.kind,
      outcome: 'accepted',
      details: { operation_id: id, service_id: service.serviceId },
      requestId: caller.requestId,
    });
    afterCommit(tx, workers.wake);
    const place = { operationId: id, kind: definition.kind, fence: 0, step: null, direction: 'do' } as const;
    await at?.('submit:committing', place);
    afterCommit(tx, () => void at?.('submit:committed', place));
    return operation;
  };

  const find = async (panelId: string | undefined, id: string): Promise<Operation> => {
    const operation = await store.findOperation(db.knex, id, panelId);
    if (!operation) throw notFound(id);
    return operation;
  };

  /** Asks for an operation to be stopped and taken back. Repeating it is harmless. Errors: `operation_ended`, `not_cancellable` (409). */
  const cancel = (caller: Caller, id: string, panelId: string | undefined = caller.panelId): Promise<Operation> =>
    transaction(async (tx) => {
      const operation = await store.findOperation(tx, id, panelId);
      if (!operation) throw notFound(id);
      if (isEnded(operation.state)) {
        throw new AppError('conflict', 'operation_ended', 'The operation has ended; there is nothing to stop.');
      }
      if (definitions.find(operation.kind)?.forwardOnly) {
        throw new AppError('conflict', 'not_cancellable', 'A deletion cannot be stopped once it was asked for.');
      }
      if (operation.state === 'stuck' || operation.state === 'undoing') {
        if (operation.stuckIn === 'running') {
          await resume(tx, operation, { state: 'running' });
          await store.requestCancel(tx, id);
          await note(tx, caller, operation, 'cancel');
        }
        return (await store.findOperation(tx, id))!;
      }
      await store.requestCancel(tx, id);
      await store.makeDue(tx, id, await db.now(tx));
      await note(tx, caller, operation, 'cancel');
      afterCommit(tx, () => {
        watchers.changed(id);
        workers.look(id);
        workers.wake();
      });
      return (await store.findOperation(tx, id))!;
    });

  const note = async (tx: Tx, caller: Caller, operation: Operation, outcome: string): Promise<number> =>
    trail.append(tx, {
      chain: activeKey(operation.service),
      at: await db.now(tx),
      actor: caller.actor,
      action: operation.kind,
      outcome,
      details: { operation_id: operation.id },
      requestId: caller.requestId,
    });

  /** Lets a stuck operation go on where it stopped, with a new deadline. */
  const resume = async (tx: Tx, operation: Operation, { state }: { state: 'running' | 'undoing' }): Promise<void> => {
    const now = await db.now(tx);
    const seconds = definitions.find(operation.kind)?.deadlineSeconds ?? 3600;
    await store.patchInState(tx, operation, {
      state,
      stuck_in: null,
      attempts: 0,
      due_at: Math.max(now, operation.landsAt ?? 0),
      deadline_at: now + seconds * 1000,
      message: 'Waiting for its turn',
      ...(state === 'running' ? { error: null } : {}),
    });
    afterCommit(tx, () => {
      watchers.changed(operation.id);
      workers.wake();
    });
  };

  /** Whether `retry` does something for an operation in this state. */
  const isRetryable = (operation: ShownOperation): boolean =>
    operation.state === 'stuck' ||
    (operation.state === 'failed' &&
      operation.error?.code !== 'superseded' &&
      definitions.find(operation.kind)?.again !== undefined) ||
    (operation.attempts > 0 && operation.owner === null && !isEnded(operation.state));

  /**
   * Tries again now: a waiting or stuck operation goes on where it stopped, a
   * failed one is submitted anew and the new one is returned. Errors: `operation_ended` (409) when it is done.
   */
  const retry = async (
    caller: Caller,
    id: string,
    panelId: string | undefined = caller.panelId,
  ): Promise<Operation> => {
    const seen = await find(panelId, id);
    if (seen.state === 'done')
      throw new AppError('conflict', 'operation_ended', 'The operation is done; there is nothing to retry.');
    if (seen.state === 'failed') {
      const again = definitions.find(seen.kind)?.again;
      if (!again)
        throw new AppError(
          'conflict',
          'operation_ended',
          'The operation has failed for good; ask for what you want anew.',
        );
      return again({ ...caller, panelId: seen.service.panelId }, seen.service, seen.params);
    }
    return transaction(async (tx) => {
      const operation = await store.findOperation(tx, id, panelId);
      if (!operation) throw notFound(id);
      if (operation.state === 'stuck') await resume(tx, operation, { state: operation.stuckIn ?? 'running' });
      else await store.makeDue(tx, id, await db.now(tx));
      await note(tx, caller, operation, 'retry');
      afterCommit(tx, workers.wake);
      return (await store.findOperation(tx, id))!;
    });
  };

  return {
    /** Makes operations known to the engine. Before `start`. */
    register: (...known: AnyDefinition[]) => definitions.register(...known),
    /** What operations there are. */
    kinds: definitions.kinds,
    transaction,
    trail,
    submit,
    findEarlier,
    find,
    cancel,
    retry,
    isRetryable,
    list: (filter: store.OperationFilter, page: { limit: number; before?: string }) =>
      store.listOperations(db.knex, filter, page),
    /** How long an outside object without a row must have been seen before it can be taken for an orphan. */
    orphanAgeMs: 2 * (timing.leaseMs + timing.graceMs),
    /** Every outside object of a kind that is not known to be gone. */
    resources: (kind: string) => listResources(db.knex, kind),
    /** Whether an outside object is known, in any state but gone. */
    isKnown: (kind: string, name: string) => isKnownResource(db.knex, kind, name),
    /** How many of a panel's operations are in a state; counting stops at `cap`. */
    count: (panelId: string, state: OperationState, cap: number) => store.countInState(db.knex, panelId, state, cap),
    lastOfEach: (panelId: string, kind: string, serviceIds: string[]) =>
      store.findLastOfEach(db.knex, panelId, kind, serviceIds),
    last: (service: ServiceKey) => store.findLast(db.knex, service),
    /** What each step did, in the order in which they were begun. */
    steps: (id: string) => listSteps(db.knex, id),
    /** Operations that have been due for `ms` and that no worker has taken; `limit` at most. */
    overdue: async (ms: number, limit: number) =>
      (await findDue(db.knex, (await db.now()) - ms, limit)).map(({ operation }) => operation),
    waitForRest: watchers.waitForRest,
    subscribe: watchers.subscribe,
    follow: watchers.follow,
    followPanel: feed.followPanel,
    panelsFollowed: feed.panelsFollowed,
    waiting: watchers.waiting,
    start: workers.start,
    wake: workers.wake,
    running: workers.running,
    drain: workers.drain,
    restingProviders: breakers.resting,
    breakerStates: breakers.states,
    /** How much waits, in this database as a whole. */
    backlog: () => readBacklog(db),
    /** See `takeOver`: only for the one process of a data directory. */
    takeOver: (afterMs: number = timing.graceMs) => takeOver({ db, log }, afterMs),
  };
};

export type Operations = ReturnType<typeof createOperations>;
