/** Time that passes only when a test says so: for this process's timers and for the database alike. */
import type { Clock } from '../../src/kit/clock.ts';

export interface VirtualTime {
  clock: Clock;
  /** Milliseconds that the database's clock is to be moved on. */
  offset: () => number;
  /** Lets time pass in small steps, with real work going on between, until `done` says so. */
  passUntil(done: () => Promise<boolean>, limitMs?: number): Promise<void>;
}

/** Short against every time-out and lease, so that nothing is skipped. */
const stepMs = 200;

export const createVirtualTime = (): VirtualTime => {
  let now = 0;
  let timers: { at: number; task: () => void }[] = [];

  const pass = (ms: number) => {
    now += ms;
    const due = timers.filter((timer) => timer.at <= now).sort((a, b) => a.at - b.at);
    timers = timers.filter((timer) => timer.at > now);
    for (const timer of due) timer.task();
  };

  return {
    clock: {
      monotonic: () => now,
      after: (ms, task) => {
        const timer = { at: now + ms, task };
        timers.push(timer);
        return {
          cancel: () => {
            timers = timers.filter((each) => each !== timer);
          },
        };
      },
    },
    offset: () => now,
    passUntil: async (done, limitMs = 3 * 3600_000) => {
      const limit = now + limitMs;
      while (!(await done())) {
        if (now > limit) throw new Error(`It did not come to pass within ${limitMs} ms`);
        // What was begun by the last step gets its real time, e.g. a file that is being written.
        await new Promise((resolve) => setTimeout(resolve, 1));
        pass(stepMs);
      }
    },
  };
};
