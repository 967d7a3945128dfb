import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handClock } from '../../../test/support/hand-clock.ts';
import { until } from '../../../test/support/idle.ts';
import { createDomainWatch } from './domain-watch.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A watch over passes that end as the test says. */
const watched = (...found: (number | Error)[]) => {
  const clock = handClock();
  const signals: AbortSignal[] = [];
  const watch = createDomainWatch({
    clock,
    log,
    lookAtDue: async (signal, failed) => {
      signals.push(signal);
      const next = found.shift() ?? 0;
      if (typeof next === 'number') return next;
      failed(next);
      return 1;
    },
  });
  return { clock, watch, signals, passes: (count: number) => until(`${count} looks`, () => signals.length === count) };
};

describe('the pass in the background', () => {
  it('begins with the start, goes on while something is due, and comes again', async () => {
    const { clock, watch, passes } = watched(20, 3);
    watch.wake();
    watch.start();
    watch.start();
    await passes(3);
    clock.advance(4_999);
    clock.advance(1);
    await passes(4);
    await watch.stop();
  });

  it('leaves what fails to the next pass', async () => {
    const { clock, watch, passes } = watched(new Error('the database is down'), new Error('still'));
    watch.start();
    await passes(1);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(5_000);
    await passes(2);
    await watch.stop();
  });

  it('ends when it is told to, and tells what is under way', async () => {
    const { clock, watch, signals, passes } = watched();
    watch.start();
    await passes(1);
    await watch.stop();
    assert.ok(signals[0]?.aborted);
    watch.wake();
    clock.advance(60_000);
    assert.equal(signals.length, 1);
  });
});
