import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handClock } from '../../test/support/hand-clock.ts';
import { createPoller } from './poller.ts';

/** A poller whose looks end when they are told to. */
const openPoller = () => {
  const clock = handClock();
  const looks: PromiseWithResolvers<void>[] = [];
  const errors: unknown[] = [];
  const poller = createPoller({
    clock,
    pollMs: 1_000,
    look: () => {
      const look = Promise.withResolvers<void>();
      looks.push(look);
      return look.promise;
    },
    failed: (error) => errors.push(error),
  });
  /** Ends the newest look, and lets follow what follows. */
  const end = async (error?: Error) => {
    if (error) looks.at(-1)!.reject(error);
    else looks.at(-1)!.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, poller, errors, end, begun: () => looks.length };
};

describe('a poller', () => {
  it('looks once more for all that was said during a look, and at no time twice at once', async () => {
    const { poller, end, begun } = openPoller();
    poller.wake();
    assert.equal(begun(), 0);
    poller.start();
    poller.start();
    for (let i = 0; i < 3; i += 1) poller.wake();
    assert.equal(begun(), 1);
    await end();
    assert.equal(begun(), 2);
    await end();
    assert.equal(begun(), 2);
    poller.wake();
    assert.equal(begun(), 3);
  });

  it('looks by itself now and then', async () => {
    const { clock, poller, end, begun } = openPoller();
    poller.start();
    await end();
    clock.advance(999);
    assert.equal(begun(), 1);
    clock.advance(1);
    assert.equal(begun(), 2);
    await end();
    clock.advance(1_000);
    assert.equal(begun(), 3);
    await end();
    await poller.stop();
    clock.advance(10_000);
    assert.equal(begun(), 3);
  });

  it('goes on after a look that failed', async () => {
    const { poller, end, begun, errors } = openPoller();
    poller.start();
    poller.wake();
    await end(new Error('no'));
    assert.deepEqual([errors.length, begun()], [1, 2]);
    await end();
    poller.wake();
    assert.equal(begun(), 3);
  });

  it('begins nothing more once it is stopped, and waits for the look under way', async () => {
    const { poller, end, begun } = openPoller();
    poller.start();
    poller.wake();
    let stopped = false;
    const stop = poller.stop().then(() => {
      stopped = true;
    });
    poller.wake();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(stopped, false);
    await end();
    await stop;
    poller.start();
    poller.wake();
    assert.equal(begun(), 1);
  });
});
