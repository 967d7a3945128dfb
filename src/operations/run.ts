/**
 * One run of one operation: from the claim until it ends, is put off, or the
 * lease is lost. Between any two lines the process may die; what is in the
 * database is always enough for the next run to go on.
 */
import { afterCommit } from '../database/after-commit.ts';
import type { Database, Tx } from '../database/database.ts';
import { isDatabaseDown } from '../database/errors.ts';
import type { Clock } from '../kit/clock.ts';
import { ProviderError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import type { Telemetry } from '../kit/telemetry.ts';
import { type Attempt, attemptStep } from './attempt.ts';
import type { Trail } from './audit.ts';
import { type Breakers, ProviderRests } from './breakers.ts';
import { type AtPoint, placeOf } from './crash-points.ts';
import type { AnyDefinition, Definitions } from './definition.ts';
import { endedPatch, followUp, noteEnd } from './ending.ts';
import { type Lease, LostLease } from './lease.ts';
import { type Operation, type OperationError, sentences } from './operation.ts';
import { findActive, findOperation, type Progress, patchFenced, patchFencedTelling } from './operation-store.ts';
import { afterStep, likely, progressOf, saysSo } from './progress.ts';
import { begunSteps, type Direction, markResource, noteSteps, recordError, type StepNote } from './step-store.ts';
import { backoff, type Timing } from './timing.ts';
import type { Watchers } from './watch.ts';

export interface RunDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  log: Log;
  trail: Trail;
  telemetry: Telemetry;
  definitions: Definitions;
  breakers: Breakers;
  watchers: Watchers;
  /** For tests: see crash-points.ts. */
  at?: AtPoint | undefined;
  /** Work became due in this process. */
  wake: () => void;
}

/** What to do next: a step, with what it works on; or nothing, because the run is over. */
export type Next = { direction: Direction; index: number; subject: object } | null;

/** Nothing can be written of it: another worker goes on, or the same one once the database answers again. */
export const isNoFault = (error: unknown): boolean => error instanceof LostLease || isDatabaseDown(error);

const firstError = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Where something is to be taken away, a foreign object of that name means that ours is gone. */
const isNotOurs = (error: unknown): boolean => error instanceof ProviderError && error.kind === 'conflict';

export const createRun = (deps: RunDeps, definition: AnyDefinition, claimed: Operation, draining: AbortSignal) => {
  const { db, clock, timing, log, telemetry, breakers, watchers, at } = deps;
  const run = { id: claimed.id, fence: claimed.fence };
  const steps = definition.steps;
  /** What the transaction under way has to say of steps; a run has one at a time. */
  let notes: StepNote[] = [];

  /**
   * A transaction of this run, after the step `of`. Its first statement is the guarded write: with a newer
   * fence in the row it changes nothing and the run is over. What became of steps is written in one statement at its end.
   */
  const fenced = async <T>(
    name: 'step' | 'setback',
    of: string | null,
    work: (tx: Tx, now: number, operation: Operation) => Promise<T>,
    succeeds?: { patch: Progress; dueAt: number },
  ): Promise<T> => {
    let committed: Parameters<AtPoint>[1] | null = null;
    const result = await db.transaction(async (tx) => {
      const kept = await patchFencedTelling(tx, run, succeeds?.patch ?? {});
      if (!kept) throw new LostLease(run.id);
      const isKnown = succeeds !== undefined && kept.goesForward;
      const operation = isKnown ? afterStep(claimed, succeeds.patch, succeeds.dueAt) : await findOperation(tx, run.id);
      if (!operation) throw new LostLease(run.id);
      const now = db.timeOf(kept.told);
      afterCommit(tx, () => watchers.changed(run.id));
      notes = [];
      const worked = await work(tx, now, operation);
      await noteSteps(tx, operation, notes, now);
      if (at) {
        committed = placeOf(operation, of);
        await at(`${name}:committing`, committed);
      }
      return worked;
    });
    if (at && committed) await at(`${name}:committed`, committed);
    return result;
  };

  const begin = async (
    tx: Tx,
    operation: Operation,
    direction: Direction,
    index: number,
    now: number,
  ): Promise<Next> => {
    const step = steps[index]!;
    const subject = await definition.load(tx, operation.service, operation.params);
    const progress = progressOf(definition, direction, index);
    // After a pause that our clock did not see, nobody may have claimed it yet: nobody shall while the step is under way.
    const isLate = operation.dueAt === null || operation.dueAt - now <= timing.graceMs;
    if (isLate) await patchFenced(tx, run, { ...progress, due_at: now + timing.leaseMs + timing.graceMs });
    else if (!saysSo(operation, progress)) await patchFenced(tx, run, progress);
    notes.push({ seq: index, direction, name: step.name, state: 'begun' });
    if (direction === 'do' && step.owns) await markResource(tx, operation, step.owns(subject), 'intent', now);
    const going = direction === 'do' ? step.removes : step.owns;
    if (going) await markResource(tx, operation, going(subject), 'deleting', now);
    return { direction, index, subject };
  };

  const countEnd = (tx: Tx, operation: Operation, outcome: 'done' | 'failed' | 'stuck', now: number): void =>
    afterCommit(tx, () => telemetry.operationEnded(operation.kind, outcome, now - operation.createdAt));

  const end = async (tx: Tx, operation: Operation, outcome: 'done' | 'failed', now: number): Promise<null> => {
    const error =
      outcome === 'failed'
        ? (operation.error ?? ({ code: 'attempts_exhausted', message: sentences.attempts_exhausted } as const))
        : null;
    await patchFenced(
      tx,
      run,
      endedPatch(outcome, { at: now, message: error ? error.message : definition.doneMessage }),
    );
    if (outcome === 'done') await definition.done(tx, operation.service, operation.params);
    else await definition.failed?.(tx, operation.service, operation.params);
    const next = await followUp(tx, deps, operation, { outcome, error, at: now });
    if (next) afterCommit(tx, deps.wake);
    countEnd(tx, operation, outcome, now);
    return null;
  };

  /** Leaves the rest to another worker, or to this one after its restart. */
  const handBack = async (tx: Tx, index: number, now: number): Promise<null> => {
    await patchFenced(tx, run, { step: index, owner: null, due_at: now });
    return null;
  };

  /** The next step to take back at or below `from`, or the end. */
  const undoFrom = async (tx: Tx, operation: Operation, from: number, now: number): Promise<Next> => {
    const begun = await begunSteps(tx, run.id, from);
    const index = begun.find((seq) => steps[seq]?.undo !== undefined);
    if (index === undefined) return end(tx, operation, 'failed', now);
    return draining.aborted ? handBack(tx, index, now) : begin(tx, operation, 'undo', index, now);
  };

  const turn = async (
    tx: Tx,
    operation: Operation,
    error: OperationError,
    now: number,
    waitMs: number,
  ): Promise<Next> => {
    log.warn(
      { operation: run.id, kind: operation.kind, code: error.code, detail: error.detail },
      'An operation is being taken back',
    );
    const patch = {
      state: 'undoing',
      attempts: 0,
      error: JSON.stringify(error),
      message: 'Taking back what was done',
    } as const;
    if (waitMs > 0) {
      // A call may still be under way at the provider: it must land before we look for what it made.
      await patchFenced(tx, run, { ...patch, owner: null, due_at: now + waitMs });
      return null;
    }
    await patchFenced(tx, run, patch);
    return undoFrom(tx, { ...operation, state: 'undoing', attempts: 0, error }, operation.step, now);
  };

  const halt = async (tx: Tx, operation: Operation, error: OperationError, now: number): Promise<null> => {
    const { next } = await findActive(tx, operation.service);
    if (next) {
      // A deletion waits: it removes by name whatever this operation left, so nobody needs to be asked.
      const superseded: OperationError = {
        code: 'superseded',
        message: sentences.superseded,
        ...(error.detail ? { detail: error.detail } : {}),
      };
      await patchFenced(tx, run, endedPatch('failed', { at: now, message: superseded.message, error: superseded }));
      await followUp(tx, deps, operation, { outcome: 'failed', error: superseded, at: now });
      afterCommit(tx, deps.wake);
      countEnd(tx, operation, 'failed', now);
      return null;
    }
    log.error(
      { operation: run.id, kind: operation.kind, service: operation.service.serviceId, detail: error.detail },
      'An operation is stuck and needs an operator: provisor operations retry',
    );
    await patchFenced(tx, run, {
      state: 'stuck',
      stuck_in: operation.state === 'undoing' ? 'undoing' : 'running',
      owner: null,
      due_at: null,
      error: JSON.stringify(error),
      message: 'It could not be finished by itself. The operator has been told.',
    });
    await noteEnd(tx, deps, operation, { outcome: 'stuck', error, at: now });
    countEnd(tx, operation, 'stuck', now);
    return null;
  };

  /** Why a run may not go on forward, if there is a reason. */
  const reasonToTurn = (operation: Operation, now: number): OperationError | null => {
    if (definition.forwardOnly) return null;
    if (operation.cancelRequested) return { code: 'cancelled', message: sentences.cancelled };
    if (now >= operation.deadlineAt) return { code: 'deadline_exceeded', message: sentences.deadline_exceeded };
    return null;
  };

  /** The first step from `from` on that this operation has. */
  const skipTo = async (tx: Tx, operation: Operation, from: number): Promise<number> => {
    let index = from;
    if (!steps[index]?.when) return index;
    const subject = await definition.load(tx, operation.service, operation.params);
    while (steps[index]?.when?.(subject) === false) index += 1;
    return index;
  };

  const goForward = async (tx: Tx, operation: Operation, from: number, now: number): Promise<Next> => {
    const index = await skipTo(tx, operation, from);
    const reason = index < steps.length ? reasonToTurn(operation, now) : null;
    if (reason) return turn(tx, operation, reason, now, 0);
    if (index === steps.length) return end(tx, operation, 'done', now);
    return draining.aborted ? handBack(tx, index, now) : begin(tx, operation, 'do', index, now);
  };

  /** In the transaction of the claim: begins the step that is next, or ends what has none left. */
  const enter = async (tx: Tx, now: number): Promise<Next> => {
    notes = [];
    afterCommit(tx, () => watchers.changed(run.id));
    const next =
      claimed.state === 'undoing'
        ? await undoFrom(tx, claimed, claimed.step, now)
        : await goForward(tx, claimed, claimed.step, now);
    await noteSteps(tx, claimed, notes, now);
    return next;
  };

  const succeeded = (at: NonNullable<Next>, lease: Lease, externalId: string | undefined): Promise<Next> => {
    const step = steps[at.index]!;
    const following = at.direction === 'do' ? at.index + 1 : at.index - 1;
    return fenced(
      'step',
      step.name,
      async (tx, now, operation) => {
        notes.push({ seq: at.index, direction: at.direction, name: step.name, state: 'done' });
        if (at.direction === 'do' && step.owns)
          await markResource(tx, operation, step.owns(at.subject), 'present', now, externalId);
        const gone = at.direction === 'do' ? step.removes : step.owns;
        if (gone) await markResource(tx, operation, gone(at.subject), 'gone', now);
        return at.direction === 'do'
          ? goForward(tx, operation, following, now)
          : undoFrom(tx, operation, following, now);
      },
      { patch: { ...likely(definition, at.direction, following), attempts: 0 }, dueAt: lease.dueAt() },
    );
  };

  const failed = (at: NonNullable<Next>, error: unknown): Promise<Next> => {
    const step = steps[at.index]!;
    const detail = `${step.name}: ${firstError(error)}`;
    const provider = error instanceof ProviderError ? error : null;
    const never = provider?.retry === 'never';
    // Whatever did not say that nothing was done may have been done, or may yet be.
    const tail = provider && provider.kind !== 'unknown_outcome' ? 0 : timing.graceMs;
    log.warn(
      { operation: run.id, kind: definition.kind, step: step.name, direction: at.direction, err: error },
      'A step failed',
    );

    return fenced('setback', step.name, async (tx, now, seen) => {
      // Whoever goes on sooner than planned, for a cancellation or a retry, still waits for the call to land.
      const operation = { ...seen, landsAt: now + tail };
      await patchFenced(tx, run, { lands_at: operation.landsAt });
      await recordError(tx, run.id, { seq: at.index, direction: at.direction }, detail);
      const attempts = operation.attempts + 1;
      const wait =
        Math.max(backoff(timing, attempts), Math.min((provider?.after ?? 0) * 1000, timing.backoffMs.last)) + tail;
      const limit = definition.maxAttempts ?? 8;
      const refused: OperationError = never
        ? { code: 'provider_refused', message: provider?.say ?? sentences.provider_refused, detail }
        : { code: 'attempts_exhausted', message: provider?.say ?? sentences.attempts_exhausted, detail };

      if (at.direction === 'undo') {
        if (never || attempts >= limit * 3) return halt(tx, operation, refused, now);
      } else if (definition.forwardOnly) {
        if (never) return halt(tx, operation, refused, now);
        if (now + wait >= operation.deadlineAt)
          return halt(tx, operation, { code: 'deadline_exceeded', message: sentences.deadline_exceeded, detail }, now);
      } else {
        const reason =
          reasonToTurn(operation, now + (never ? 0 : wait)) ?? (never || attempts >= limit ? refused : null);
        if (reason) return turn(tx, operation, { ...reason, detail }, now, tail);
      }
      afterCommit(tx, () => telemetry.retried(definition.kind, step.name));
      await patchFenced(tx, run, {
        owner: null,
        due_at: now + wait,
        attempts,
        message: `${step.say}: this takes longer than usual, trying again`,
      });
      return null;
    });
  };

  const rests = (at: NonNullable<Next>, restMs: number): Promise<Next> => {
    const step = steps[at.index]!;
    return fenced('setback', step.name, async (tx, now, operation) => {
      if (at.direction === 'do') {
        const reason = reasonToTurn(operation, now);
        if (reason) return turn(tx, operation, reason, now, 0);
        if (definition.forwardOnly && now >= operation.deadlineAt) {
          return halt(tx, operation, { code: 'deadline_exceeded', message: sentences.deadline_exceeded }, now);
        }
      }
      await patchFenced(tx, run, {
        owner: null,
        due_at: now + restMs,
        message: `${step.say}: waiting for the infrastructure to answer again`,
      });
      return null;
    });
  };

  const settle = (at: NonNullable<Next>, attempt: Attempt, lease: Lease): Promise<Next> => {
    if (attempt.ok) return succeeded(at, lease, attempt.externalId);
    if (lease.lost.aborted) throw new LostLease(run.id);
    if (isNotOurs(attempt.error) && (at.direction === 'undo' || steps[at.index]?.removes)) {
      log.warn({ operation: run.id, err: attempt.error }, 'What has our name is not ours and stays');
      return succeeded(at, lease, undefined);
    }
    if (attempt.error instanceof ProviderRests) return rests(at, attempt.error.restMs);
    return failed(at, attempt.error);
  };

  /** A fault of ours, between the calls to providers. It is put off, and after many tries left to an operator. */
  const faulty = (error: unknown): Promise<null> => {
    log.error({ operation: run.id, kind: definition.kind, err: error }, 'An operation met a fault');
    return fenced('setback', null, async (tx, now, operation) => {
      const attempts = operation.attempts + 1;
      if (attempts >= (definition.maxAttempts ?? 8)) {
        return halt(
          tx,
          operation,
          { code: 'attempts_exhausted', message: sentences.attempts_exhausted, detail: firstError(error) },
          now,
        );
      }
      await patchFenced(tx, run, { attempts, owner: null, due_at: now + backoff(timing, attempts) });
      return null;
    });
  };

  return {
    enter,
    faulty,
    /** Carries out what `enter` began and all that follows, until it ends, is put off or the lease is lost. */
    goOn: async (lease: Lease, from: NonNullable<Next>): Promise<void> => {
      let next: Next = from;
      try {
        while (next) {
          const step = steps[next.index]!;
          const { direction } = next;
          const place = { operationId: run.id, kind: definition.kind, fence: run.fence, step: step.name, direction };
          await at?.('call:before', place);
          const attempt = await attemptStep({ clock, timing, breakers, lease, db, log, telemetry }, step, next, {
            run,
            definition,
            claimed,
          });
          await at?.('call:after', place);
          next = await settle(next, attempt, lease);
        }
      } catch (error) {
        if (isNoFault(error)) throw error;
        await faulty(error);
      }
    },
  };
};

export type Run = ReturnType<typeof createRun>;
