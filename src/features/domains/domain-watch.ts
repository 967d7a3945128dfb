/** The pass in the background: looks at domains whose check is due, now and then, and at once when it is told to. */
import type { Clock } from '../../kit/clock.ts';
import type { Log } from '../../kit/log.ts';
import { createPoller, type Poller } from '../../kit/poller.ts';
import type { DomainChecks } from './domain-checks.ts';

const pollMs = 5_000;

export const createDomainWatch = (deps: { clock: Clock; log: Log; lookAtDue: DomainChecks['lookAtDue'] }): Poller => {
  const { clock, log } = deps;
  const stopping = new AbortController();
  const failed = (error: unknown) => log.warn({ err: error }, 'A check of a domain failed');

  const poller = createPoller({
    clock,
    pollMs,
    look: async () => {
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
    },
    failed,
  });

  return {
    start: poller.start,
    wake: poller.wake,
    /** Ends it: looks under way are given up. Repeating it is harmless. */
    stop: () => {
      stopping.abort();
      return poller.stop();
    },
  };
};
