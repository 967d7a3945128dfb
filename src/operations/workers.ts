/**
 * The claim loop: takes due operations, at most `slots` at a time, and runs
 * them. A submission in this process wakes it at once; the poll finds what
 * other processes submitted and what other workers left.
 */

import { hostname } from 'node:os';
import { isRetryable } from '../database/errors.ts';
import { runAs } from '../kit/ambient.ts';
import { randomText } from '../kit/ids.ts';
import { createPoller } from '../kit/poller.ts';
import { claimOperation, type Due, findDue } from './claim-store.ts';
import { placeOf } from './crash-points.ts';
import { holdLease, LostLease } from './lease.ts';
import type { Operation } from './operation.ts';
import { releaseAll } from './operation-store.ts';
import { likely } from './progress.ts';
import { createRun, isNoFault, type Next, type Run, type RunDeps } from './run.ts';

export interface Workers {
  start(): void;
  /** Looks for due work now. */
  wake(): void;
  /** Takes no more work, lets the steps under way end, and hands the rest back. Waits at most `ms`. */
  drain(ms: number): Promise<void>;
  /** Asks the runs in this process to look whether a cancellation is wished. */
  look(operationId: string): void;
  /** How many operations run here now. */
  running(): number;
}

/** An operation of ours, with the step that was begun; or with the fault for which none could be. */
interface Claimed {
  operation: Operation;
  /** When another worker may claim it. */
  until: number;
  run: Run | null;
  next: Next;
  fault?: { error: unknown };
}

/** How long what was found due is taken without looking again. It is compared when it is claimed. */
const keepMs = 100;

export const createWorkers = (deps: Omit<RunDeps, 'wake'>, { slots }: { slots: number }): Workers => {
  const { db, clock, timing, log, telemetry, definitions, at } = deps;
  const owner = `${hostname().slice(0, 32)}:${process.pid}:${randomText(8)}`;
  const runs = new Map<string, { done: Promise<unknown>; look: () => void }>();
  const draining = new AbortController();
  /** What was due, and is not taken yet, at the time `now` of the database. */
  let found: { due: Due[]; now: number; since: number } = { due: [], now: 0, since: 0 };

  const begin = ({ operation, until, run, next, fault }: Claimed, since: number): void => {
    if (!run) {
      // A newer release submitted it. Its lease runs out here, and a worker that knows it goes on.
      log.warn(
        { operation: operation.id, kind: operation.kind },
        'An operation of an unknown kind is left to a newer release',
      );
      return;
    }
    // It has come to its end already, or is put off.
    if (!next && !fault) return;
    const span = telemetry.startSpan(operation.kind, {
      kind: 'internal',
      parent: operation.traceparent,
      attributes: { 'provisor.operation': operation.id, 'provisor.fence': operation.fence },
    });
    const belongsTo = { operation: operation.id, request: operation.requestId, traceparent: span.traceparent };
    const lease = runAs(belongsTo, () => holdLease({ db, clock, timing, log, telemetry }, operation, { since, until }));
    const done = runAs<Promise<unknown>>(belongsTo, () => (next ? run.goOn(lease, next) : run.faulty(fault?.error)))
      .catch((error: unknown) => {
        // The row is as the last commit left it; the lease runs out and the operation is claimed again.
        if (!(error instanceof LostLease)) log.error({ operation: operation.id, err: error }, 'A run ended early');
      })
      .finally(() => {
        span.end();
        lease.release();
        runs.delete(operation.id);
        wake();
      });
    runs.set(operation.id, { done, look: lease.look });
  };

  /** Takes an operation and begins its next step in one transaction. Null when someone else was faster. */
  const claim = (due: Due, seenAt: number, options: { enters: boolean }): Promise<Claimed | null> =>
    db.transaction(async (tx) => {
      const { kind, state, step } = due.operation;
      const definition = definitions.find(kind);
      const until = seenAt + timing.leaseMs + timing.graceMs;
      const patch = definition && options.enters ? likely(definition, state === 'undoing' ? 'undo' : 'do', step) : {};
      const taken = await claimOperation(tx, due, { owner, now: seenAt, leaseUntil: until }, patch);
      if (!taken) return null;
      const { operation, told } = taken;
      const run = definition ? createRun({ ...deps, wake }, definition, operation, draining.signal) : null;
      const { id, requestId: request, traceparent } = operation;
      const enter = () => run?.enter(tx, db.timeOf(told)) ?? null;
      const next = options.enters ? await runAs({ operation: id, request, traceparent }, enter) : null;
      await at?.('claim:committing', placeOf(operation, operation.stepName));
      return { operation, until, run, next };
    });

  /** As `claim`. Where a fault of ours keeps the step from being begun, it is claimed to be put off for that. */
  const claimInSpite = async (due: Due, seenAt: number): Promise<Claimed | null> => {
    try {
      return await claim(due, seenAt, { enters: true });
    } catch (error) {
      if (isNoFault(error) || isRetryable(error)) throw error;
      const claimed = await claim(due, seenAt, { enters: false });
      return claimed && { ...claimed, fault: { error } };
    }
  };

  const unreadable = (operation: string, err: unknown) =>
    log.error({ operation, err }, 'An operation that is due cannot be read; nobody goes on with it');

  const look = async (): Promise<typeof found> => {
    // The lease counts from when the time was asked for; until it is written it can only have become shorter.
    const since = clock.monotonic();
    const now = await db.now();
    const due = await findDue(db.knex, now, 20, unreadable);
    // Workers that all begin with the same row would lose to each other.
    return { since, now, due: due.sort(() => Math.random() - 0.5) };
  };

  /** Claims what is due. Returns whether there may be more. */
  const claimRound = async (): Promise<boolean> => {
    const free = slots - runs.size;
    if (free <= 0 || draining.signal.aborted) return false;
    const looks = found.due.length === 0 || clock.monotonic() - found.since > keepMs;
    if (looks) found = await look();
    let claimed = 0;
    while (claimed < free && !draining.signal.aborted) {
      const candidate = found.due.pop();
      if (!candidate) break;
      if (runs.has(candidate.operation.id)) continue;
      const taken = await claimInSpite(candidate, found.now);
      if (!taken) continue;
      await at?.('claim:committed', placeOf(taken.operation, taken.operation.stepName));
      claimed += 1;
      begin(taken, found.since);
    }
    // What was left of an earlier look may have been taken by others, and may not be all that is due.
    return runs.size < slots && (claimed > 0 || !looks);
  };

  const poller = createPoller({
    clock,
    pollMs: timing.pollMs,
    look: async () => {
      while (await claimRound());
    },
    failed: (error) => log.warn({ err: error }, 'Could not look for work'),
  });
  const { wake } = poller;

  return {
    start: poller.start,
    wake,
    look: (operationId) => runs.get(operationId)?.look(),
    running: () => runs.size,
    drain: async (ms) => {
      draining.abort();
      await poller.stop();
      const ended = Promise.all([...runs.values()].map((run) => run.done));
      await new Promise<void>((resolve) => {
        const limit = clock.after(ms, resolve);
        void ended.then(() => {
          limit.cancel();
          resolve();
        });
      });
    },
  };
};

/**
 * Makes every leased operation due `afterMs` from now. Only for a process that
 * holds the data directory for itself: every other lease is a dead process's.
 */
export const takeOver = async (deps: Pick<RunDeps, 'db' | 'log'>, afterMs: number): Promise<void> => {
  const freed = await releaseAll(deps.db.knex, (await deps.db.now()) + afterMs);
  if (freed > 0) deps.log.info({ operations: freed }, 'Going on with operations that the last run left');
};
