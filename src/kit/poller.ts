/**
 * Work that is looked for now and then, and at once when somebody says so. There
 * is one look at a time; what is said during it leads to one more, so that nothing
 * waits for the next poll.
 */
import { runAs } from './ambient.ts';
import type { Clock, Timer } from './clock.ts';

export interface Poller {
  /** Looks now, and from then on. Repeating it is harmless. */
  start(): void;
  /** Looks now, or once more when a look is under way. Does nothing before `start` and after `stop`. */
  wake(): void;
  /** Begins no more, and resolves once the look under way has ended. Repeating it is harmless. */
  stop(): Promise<void>;
}

export const createPoller = ({
  clock,
  pollMs,
  look,
  failed,
}: {
  clock: Clock;
  pollMs: number;
  look: () => Promise<void>;
  /** Is told why a look failed; the next one comes all the same. */
  failed: (error: unknown) => void;
}): Poller => {
  let state: 'new' | 'running' | 'stopped' = 'new';
  let looking: Promise<void> | null = null;
  let again = false;
  let timer: Timer | null = null;

  const begin = (): void => {
    again = false;
    // Whoever said so is not what the look belongs to.
    looking = runAs({}, look)
      .catch(failed)
      .finally(() => {
        looking = null;
        if (again && state === 'running') begin();
      });
  };

  const wake = (): void => {
    if (state !== 'running') return;
    if (looking) again = true;
    else begin();
  };

  const poll = (): void => {
    timer = clock.after(pollMs, () => {
      wake();
      if (state === 'running') poll();
    });
  };

  return {
    start: () => {
      if (state !== 'new') return;
      state = 'running';
      poll();
      wake();
    },
    wake,
    stop: async () => {
      state = 'stopped';
      timer?.cancel();
      await looking;
    },
  };
};
