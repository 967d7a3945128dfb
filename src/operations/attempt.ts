/** One try of one step: under its time limit, its provider's breaker and the run's lease. */
import type { Database } from '../database/database.ts';
import type { Clock } from '../kit/clock.ts';
import { ProviderError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { inSpan, type Telemetry } from '../kit/telemetry.ts';
import { type Breakers, ProviderRests } from './breakers.ts';
import type { AnyDefinition, Step, StepContext } from './definition.ts';
import type { Lease } from './lease.ts';
import type { Operation } from './operation.ts';
import { patchFenced } from './operation-store.ts';
import type { Direction } from './step-store.ts';
import type { Timing } from './timing.ts';

export type Attempt = { ok: true; externalId?: string } | { ok: false; error: unknown };

interface AttemptDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  log: Log;
  telemetry: Telemetry;
  breakers: Breakers;
  lease: Lease;
}

/** Waits for `work`; once `signal` aborts only a little longer, for a call that cannot be stopped must not hold up its worker. */
const untilAborted = <T>(
  { clock, timing }: Pick<AttemptDeps, 'clock' | 'timing'>,
  signal: AbortSignal,
  provider: string,
  work: Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = () =>
      clock.after(timing.settleMs, () => {
        reject(new ProviderError(provider, 'unknown_outcome', `No answer in time: ${String(signal.reason)}`));
      });
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });

/** The call was stopped from our side, which says nothing about the provider. */
class Interrupted extends Error {}

/** What went wrong, in a word. */
const failureOf = (error: unknown): string =>
  error instanceof ProviderError ? error.kind : error instanceof Error ? error.name : 'fault';

/** Tries a step once. Never throws, but for a lost lease. */
export const attemptStep = async (
  { db, clock, timing, log, telemetry, breakers, lease }: AttemptDeps,
  // biome-ignore lint/suspicious/noExplicitAny: a step of any subject
  step: Step<any, any>,
  at: { direction: Direction; subject: object },
  of: { run: { id: string; fence: number }; definition: AnyDefinition; claimed: Operation },
): Promise<Attempt> => {
  const limitMs = step.timeoutMs ?? timing.callTimeoutMs;
  await lease.ensure(Math.min(limitMs, timing.leaseMs - timing.beatMs) + timing.marginMs);

  const provider = step.uses?.id ?? of.definition.kind;
  const tooLong = new AbortController();
  const timer = clock.after(limitMs, () => tooLong.abort(new Error(`${step.name} took longer than ${limitMs} ms`)));
  // A cancellation stops the work; taking it back is not stopped by the wish to take it back.
  const signal = AbortSignal.any([
    lease.lost,
    tooLong.signal,
    ...(at.direction === 'do' && !of.definition.forwardOnly ? [lease.cancelled] : []),
  ]);

  let told: Promise<unknown> = Promise.resolve();
  let lastTold = Number.NEGATIVE_INFINITY;
  let over = false;
  const context: StepContext<unknown> = {
    params: of.claimed.params,
    operation: { id: of.claimed.id, kind: of.claimed.kind },
    signal,
    report: (message) => {
      const now = clock.monotonic();
      if (over || now - lastTold < 500) return;
      lastTold = now;
      told = patchFenced(db.knex, of.run, { message: message.slice(0, 250) }).catch((error: unknown) => {
        log.debug({ operation: of.run.id, err: error }, 'A progress message did not reach the database');
      });
    },
  };

  const call = async () => {
    const work = at.direction === 'do' ? step.run : step.undo;
    try {
      return await untilAborted(
        { clock, timing },
        signal,
        provider,
        Promise.resolve(work?.({ ...at.subject, ...context })),
      );
    } catch (error) {
      if (signal.aborted && !tooLong.signal.aborted) throw new Interrupted('Stopped', { cause: error });
      throw error;
    }
  };
  const named = { kind: of.definition.kind, step: step.name, direction: at.direction };
  const began = clock.monotonic();
  try {
    const result = await inSpan(
      telemetry,
      at.direction === 'do' ? step.name : `${step.name} (taken back)`,
      { kind: 'internal' },
      () => (step.uses ? breakers.call(step.uses.id, call) : call()),
      failureOf,
    );
    telemetry.stepTried(named, 'ok', clock.monotonic() - began);
    return { ok: true, ...(typeof result === 'string' ? { externalId: result } : {}) };
  } catch (error) {
    telemetry.stepTried(named, error instanceof ProviderRests ? 'rested' : 'failed', clock.monotonic() - began);
    return { ok: false, error: error instanceof Interrupted ? error.cause : error };
  } finally {
    timer.cancel();
    over = true;
    // A late message must not overwrite the next step's.
    await told;
  }
};
