import assert from 'node:assert/strict';
import { it } from 'node:test';
import { handClock } from '../../test/support/hand-clock.ts';
import { AppError } from '../kit/errors.ts';
import { everyMs, watchKey } from './key-watch.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('a stream ends once its key does not hold any more, and not while nobody can say', async () => {
  const clock = handClock();
  let answer: () => Promise<unknown> = async () => ({});
  let asked = 0;
  const watched = watchKey(
    clock,
    () => {
      asked += 1;
      return answer();
    },
    new AbortController().signal,
  );
  const pass = async () => {
    clock.advance(everyMs);
    await turn();
  };
  await pass();
  answer = async () => {
    throw new Error('The database does not answer');
  };
  await pass();
  assert.equal(watched.signal.aborted, false);
  answer = async () => {
    throw new AppError('unauthenticated', 'key_revoked', 'This key has been revoked.');
  };
  await pass();
  assert.equal(watched.signal.aborted, true);
  assert.equal(asked, 3);
  assert.equal(clock.untilNext(), Number.POSITIVE_INFINITY);
});

it('nobody is asked once the stream has ended, not even by an answer that was on its way', async () => {
  const clock = handClock();
  const answer = Promise.withResolvers<void>();
  const listener = new AbortController();
  const watched = watchKey(clock, () => answer.promise, listener.signal);
  clock.advance(everyMs);
  watched.stop();
  answer.resolve();
  await turn();
  assert.equal(clock.untilNext(), Number.POSITIVE_INFINITY);
  assert.equal(watched.signal.aborted, false);
  listener.abort();
  assert.equal(watched.signal.aborted, true);
});
