/** Waiting for what a cluster does in its own time: looked at again and again, with growing pauses. */
import { setTimeout as pause } from 'node:timers/promises';
import { failure } from './site-record.ts';

const firstPauseMs = 100;
const lastPauseMs = 2_000;

export interface Waiting {
  signal: AbortSignal;
  limitMs: number;
  /** What to throw when the time is over. */
  late: () => Error;
}

/** Looks until `look` has an answer. Errors: what `late` says; `unavailable` when the caller gives up, for no call is under way then. */
export const waitFor = async <T>(
  look: () => Promise<T | undefined>,
  { signal, limitMs, late }: Waiting,
): Promise<T> => {
  const began = performance.now();
  let pauseMs = firstPauseMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - began >= limitMs) throw late();
    try {
      await pause(pauseMs, undefined, { signal });
    } catch {
      throw failure('unavailable', `Given up waiting: ${late().message}`);
    }
    pauseMs = Math.min(lastPauseMs, pauseMs * 1.6);
  }
};
