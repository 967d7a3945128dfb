import type { Clock } from '../kit/clock.ts';
import { AppError } from '../kit/errors.ts';

/** With the second for which a key is believed unseen, a stream ends within 15 seconds. */
export const everyMs = 12_000;

/**
 * A signal that aborts with `signal`, or once `holds` says that the key does not any more: a stream outlives the look at
 * its key that let it in. While the database cannot say, the stream goes on. `stop` ends the asking.
 */
export const watchKey = (
  clock: Clock,
  holds: () => Promise<unknown>,
  signal: AbortSignal,
): { signal: AbortSignal; stop: () => void } => {
  const refused = new AbortController();
  let stopped = false;
  const look = () => {
    holds().then(again, (error: unknown) => {
      if (error instanceof AppError && error.kind === 'unauthenticated') refused.abort();
      else again();
    });
  };
  const again = () => {
    if (!stopped) timer = clock.after(everyMs, look);
  };
  let timer = clock.after(everyMs, look);
  return {
    signal: AbortSignal.any([signal, refused.signal]),
    stop: () => {
      stopped = true;
      timer.cancel();
    },
  };
};
