/**
 * Time that passes only while nobody waits for an answer: from timer to timer, as
 * fast as the machine can. So a pause costs nothing, and a machine under load makes
 * no time-out of a request that is merely slow.
 */
import type { Clock } from '../../src/kit/clock.ts';
import { handClock } from './hand-clock.ts';

export interface IdleTime {
  clock: Clock;
  /** Milliseconds that have passed. */
  passed(): number;
  /** Lets it pass until the call has ended. */
  during<T>(call: Promise<T>): Promise<{ value?: T; error?: unknown; tookMs: number }>;
}

/** A timer of just `answerMs` stands for a request under way, so no pause may be that long; `isLost` says that its answer will never come. */
export const createIdleTime = (answerMs: number, isLost: () => boolean): IdleTime => {
  const clock = handClock();
  let underWay = 0;
  const after: Clock['after'] = (ms, task) => {
    let isOver = ms !== answerMs;
    if (!isOver) underWay += 1;
    const end = () => {
      if (!isOver) underWay -= 1;
      isOver = true;
    };
    const timer = clock.after(ms, () => {
      end();
      task();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  };

  return {
    clock: { monotonic: clock.monotonic, after },
    passed: clock.monotonic,
    during: async (call) => {
      const began = clock.monotonic();
      let ended: object | null = null;
      call.then(
        (value) => {
          ended = { value };
        },
        (error: unknown) => {
          ended = { error };
        },
      );
      while (!ended) {
        // What the last timer set off gets its turn, and what is on its way through a socket its real time.
        await new Promise((resolve) => setTimeout(resolve, 1));
        const next = clock.untilNext();
        if (!ended && (underWay === 0 || isLost()) && next !== Number.POSITIVE_INFINITY) clock.advance(next);
      }
      return { ...(ended as object), tookMs: clock.monotonic() - began };
    },
  };
};
