/**
 * A run's hold on its operation. The local deadline is monotonic and counts from
 * before the beat was sent, so it always ends before the one in the database:
 * a run that was paused stops by itself before anybody else may begin.
 */
import type { Database } from '../database/database.ts';
import type { Clock, Timer } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Telemetry } from '../kit/telemetry.ts';
import { beat } from './operation-store.ts';
import type { Timing } from './timing.ts';

/** The operation is, or may be, another worker's by now. Whoever gets it stops at once and writes nothing. */
export class LostLease extends Error {
  constructor(operationId: string) {
    super(`The lease of operation ${operationId} is lost`);
    this.name = 'LostLease';
  }
}

export interface Lease {
  /** Aborts when the lease is lost. */
  readonly lost: AbortSignal;
  /** Aborts when a cancellation is wished. */
  readonly cancelled: AbortSignal;
  /** When another worker may claim the operation, as it was last written by the claim or a beat. */
  dueAt(): number;
  /** Makes sure of `ms` more milliseconds, by a beat if need be. Errors: LostLease. */
  ensure(ms: number): Promise<void>;
  /** Looks at once whether a cancellation is wished. */
  look(): void;
  release(): void;
}

export const holdLease = (
  deps: { db: Database; clock: Clock; timing: Timing; log: Log; telemetry: Telemetry },
  run: { id: string; fence: number },
  claimed: { since: number; until: number },
): Lease => {
  const { db, clock, timing, log, telemetry } = deps;
  const lost = new AbortController();
  const cancelled = new AbortController();
  let deadline = claimed.since + timing.leaseMs;
  let dueAt = claimed.until;
  let guard: Timer;
  let beats: Timer;
  let released = false;

  const lose = () => {
    if (!released && !lost.signal.aborted) {
      log.warn(
        { operation: run.id, fence: run.fence },
        'Lost the lease of an operation; another worker goes on with it',
      );
      telemetry.leaseLost();
      lost.abort(new LostLease(run.id));
    }
    release();
  };

  const watchDeadline = () => {
    guard?.cancel();
    guard = clock.after(Math.max(0, deadline - clock.monotonic()), () => {
      if (clock.monotonic() >= deadline) lose();
      else watchDeadline();
    });
  };

  const extended = (from: number) => {
    if (released) return;
    deadline = Math.max(deadline, from + timing.leaseMs);
    watchDeadline();
  };

  const beatNow = async () => {
    const sentAt = clock.monotonic();
    try {
      const until = (await db.now()) + timing.leaseMs + timing.graceMs;
      const answer = await beat(db.knex, run, until);
      if (released) return;
      if (!answer) return lose();
      dueAt = until;
      extended(sentAt);
      if (answer.cancelRequested) cancelled.abort();
    } catch (error) {
      // The next beat may get through; if none does, the deadline ends the run.
      log.debug({ operation: run.id, err: error }, 'A heartbeat did not reach the database');
    }
  };

  const keepBeating = () => {
    beats = clock.after(timing.beatMs, () => {
      void beatNow().then(() => {
        if (!released) keepBeating();
      });
    });
  };

  const release = () => {
    released = true;
    guard?.cancel();
    beats?.cancel();
  };

  watchDeadline();
  keepBeating();

  return {
    lost: lost.signal,
    cancelled: cancelled.signal,
    dueAt: () => dueAt,
    ensure: async (ms) => {
      if (!released && deadline - clock.monotonic() < ms) await beatNow();
      if (released || lost.signal.aborted || deadline - clock.monotonic() < ms) {
        lose();
        throw new LostLease(run.id);
      }
    },
    look: () => {
      if (!released) void beatNow();
    },
    release,
  };
};
