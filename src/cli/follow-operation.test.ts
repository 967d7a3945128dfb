import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../kit/clock.ts';
import type { Operation } from '../operations/operation.ts';
import { untakenSentence, watchOperation } from './follow-operation.ts';

const service = { panelId: 'P', kind: 'site', serviceId: '1' };

/** An operation that a test moves on by hand, and the clock that goes by it. */
const watching = (first: Partial<Operation>, ahead: Partial<Operation>[] = []) => {
  let operation = {
    id: 'O',
    service,
    state: 'queued',
    percent: 0,
    message: 'Waiting',
    owner: null,
    ...first,
  } as Operation;
  let listener = () => {};
  let patience = () => {};
  const shown: string[] = [];
  let untaken = 0;
  const stop = new AbortController();
  const clock: Clock = {
    monotonic: () => 0,
    after: (_ms, task) => {
      patience = task;
      return { cancel: () => {} };
    },
  };
  const watch = (endsUntaken: boolean) =>
    watchOperation('O', {
      operations: {
        find: async () => operation,
        list: async () => [operation, ...(ahead as Operation[])],
        subscribe: (_id, told) => {
          listener = told;
          return () => {};
        },
      },
      progress: { show: (percent, message) => shown.push(`${percent} ${message}`), end: () => {} },
      signal: stop.signal,
      clock,
      untaken: () => {
        untaken += 1;
        return endsUntaken;
      },
    });
  return {
    watch,
    shown,
    untaken: () => untaken,
    stop: () => stop.abort(),
    become: async (next: Partial<Operation>) => {
      operation = { ...operation, ...next };
      listener();
      await setImmediate();
    },
    losePatience: async () => {
      patience();
      await setImmediate();
    },
  };
};

test('every change is shown until the operation rests', async () => {
  const { watch, shown, become } = watching({});
  const watched = watch(true);
  await setImmediate();
  await become({ state: 'running', percent: 50, message: 'Working' });
  await become({ state: 'done', percent: 100, message: 'The site is ready' });
  assert.equal((await watched).state, 'done');
  assert.deepEqual(shown, ['0 Waiting', '50 Working']);
});

test('what no server takes in time is left in line', async () => {
  const { watch, losePatience, untaken, shown } = watching({});
  const watched = watch(true);
  await setImmediate();
  await losePatience();
  assert.equal((await watched).state, 'queued');
  assert.equal(untaken(), 1);
  assert.deepEqual(shown, ['0 Waiting']);
});

test('or is watched on, and said once', async () => {
  const { watch, losePatience, become, untaken, shown } = watching({});
  const watched = watch(false);
  await setImmediate();
  await losePatience();
  await become({ message: 'Still waiting' });
  await become({ state: 'running', message: 'Working' });
  await become({ state: 'failed' });
  await watched;
  assert.equal(untaken(), 1);
  assert.deepEqual(shown, ['0 Waiting', `0 ${untakenSentence}`, `0 ${untakenSentence}`, '0 Working']);
});

test('one that is under way, or waits behind one that is, has a server', async () => {
  for (const one of [watching({ state: 'running' }), watching({ state: 'pending' }, [{ owner: 'w' }])]) {
    const watched = one.watch(true);
    await setImmediate();
    await one.losePatience();
    assert.equal(one.untaken(), 0);
    await one.become({ state: 'done' });
    await watched;
  }
  const alone = watching({ state: 'pending' }, [{ owner: null }]);
  const watched = alone.watch(true);
  await setImmediate();
  await alone.losePatience();
  assert.equal((await watched).state, 'pending');
});

test('the watching can be ended', async () => {
  const { watch, stop } = watching({ state: 'running' });
  const watched = watch(true);
  await setImmediate();
  stop();
  assert.equal((await watched).state, 'running');
});
