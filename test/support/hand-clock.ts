/** A process's clock that stands still until a test moves it: timers fire in order, and none by itself. */
import type { Clock } from '../../src/kit/clock.ts';

export interface HandClock extends Clock {
  /** Moves on by `ms` and fires what became due, earliest first. */
  advance(ms: number): void;
  /** Milliseconds until the next timer. Infinity when there is none. */
  untilNext(): number;
}

export const handClock = (): HandClock => {
  let now = 0;
  const timers = new Set<{ at: number; task: () => void }>();
  const next = () => [...timers].sort((a, b) => a.at - b.at)[0];
  return {
    monotonic: () => now,
    after: (ms, task) => {
      const timer = { at: now + ms, task };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance: (ms) => {
      const end = now + ms;
      for (let due = next(); due && due.at <= end; due = next()) {
        timers.delete(due);
        now = Math.max(now, due.at);
        due.task();
      }
      now = end;
    },
    untilNext: () => (next()?.at ?? Number.POSITIVE_INFINITY) - now,
  };
};
