import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../../kit/errors.ts';
import { createZoneQueue } from './zone-queue.ts';

const signal = new AbortController().signal;
const isGivenUp = (error: unknown) => error instanceof ProviderError && error.kind === 'unavailable';

test('work at one zone goes in order, work at others at once', async () => {
  const inTurn = createZoneQueue('dns/test');
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
  const inTurn = createZoneQueue('dns/test');
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
  const inTurn = createZoneQueue('dns/test');
  const controller = new AbortController();
  const result = await inTurn('a.', controller.signal, async () => {
    controller.abort();
    return 'landed';
  });
  assert.equal(result, 'landed');
});
