import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from './errors.ts';
import { createTurns } from './turns.ts';

const signal = new AbortController().signal;
const isGivenUp = (error: unknown) => error instanceof ProviderError && error.kind === 'unavailable';

test('works of one key go in order, those of others at once', async () => {
  const inTurn = createTurns('dns/test');
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = inTurn('a.', signal, async () => {
    await gate.promise;
    done.push('first');
  });
  const failing = inTurn('a.', signal, async () => {
    done.push('failing');
    throw new Error('no');
  });
  const third = inTurn('a.', signal, async () => done.push('third'));
  await inTurn('b.', signal, async () => done.push('other'));
  gate.resolve();
  await first;
  await assert.rejects(failing, /no/);
  await third;
  assert.deepEqual(done, ['other', 'first', 'failing', 'third']);
});

test('who gives up while waiting is told at once, and his work is never begun', async () => {
  const inTurn = createTurns('dns/test');
  const gate = Promise.withResolvers<void>();
  const first = inTurn('a.', signal, () => gate.promise);
  const controller = new AbortController();
  const waiting = inTurn('a.', controller.signal, async () => assert.fail('begun'));
  controller.abort();
  await assert.rejects(waiting, isGivenUp);
  gate.resolve();
  await first;
  await inTurn('a.', signal, async () => {});
  await assert.rejects(
    inTurn('a.', AbortSignal.abort(), async () => assert.fail('begun')),
    isGivenUp,
  );
});

test('a signal that ends while the work goes on is left to the work', async () => {
  const inTurn = createTurns('dns/test');
  const controller = new AbortController();
  const result = await inTurn('a.', controller.signal, async () => {
    controller.abort();
    return 'landed';
  });
  assert.equal(result, 'landed');
});

test('as many as may run at once do, also after some have given up', async () => {
  const inTurn = createTurns('dns/test', 2);
  const gates = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
  const begun: number[] = [];
  const work = (at: number, of = signal) =>
    inTurn('a.', of, async () => {
      begun.push(at);
      await gates[at]!.promise;
    });
  const leaving = new AbortController();
  const all = [work(0), work(1), work(2), work(3)];
  const left = inTurn('a.', leaving.signal, async () => assert.fail('begun'));
  leaving.abort();
  await assert.rejects(left, isGivenUp);
  assert.deepEqual(begun, [0, 1]);
  gates[1]!.resolve();
  await all[1];
  assert.deepEqual(begun, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(all);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
