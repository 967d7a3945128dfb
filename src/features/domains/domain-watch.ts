/** The pass in the background: looks at domains whose check is due, now and then, and at once when it is told to. */
import type { Clock, Timer } from '../../kit/clock.ts';
import type { Log } from '../../kit/log.ts';
import type { DomainChecks } from './domain-checks.ts';

export interface DomainWatch {
  start(): void;
  /** Looks for due domains now. */
  wake(): void;
  /** Ends it: looks under way are given up. Repeating it is harmless. */
  stop(): Promise<void>;
}

const pollMs = 5_000;

export const createDomainWatch = (deps: {
  clock: Clock;
  log: Log;
  lookAtDue: DomainChecks['lookAtDue'];
}): DomainWatch => {
  const { clock, log } = deps;
  const stopping = new AbortController();
  let started = false;
  let timer: Timer | null = null;
  let passing: Promise<void> | null = null;
  let again = false;

  const failed = (error: unknown) => log.warn({ err: error }, 'A check of a domain failed');

  const pass = async (): Promise<void> => {
    do {
      again = false;
      // What was looked at is due later, so this ends; what failed stays due and waits for the next pass.
      let found = 0;
      let failures = 0;
      do {
        failures = 0;
        found = await deps.lookAtDue(stopping.signal, (error) => {
          failures += 1;
          failed(error);
        });
      } while (found > failures && !stopping.signal.aborted);
    } while (again && !stopping.signal.aborted);
  };

  const wake = (): void => {
    if (!started || stopping.signal.aborted) return;
    if (passing) {
      again = true;
      return;
    }
    passing = pass()
      .catch(failed)
      .finally(() => {
        passing = null;
      });
  };

  const keepPolling = (): void => {
    timer = clock.after(pollMs, () => {
      wake();
      if (!stopping.signal.aborted) keepPolling();
    });
  };

  return {
    start: () => {
      if (started) return;
      started = true;
      keepPolling();
      wake();
    },
    wake,
    stop: async () => {
      stopping.abort();
      timer?.cancel();
      await passing;
    },
  };
};
