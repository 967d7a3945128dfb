import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestWaitMs, maxAttempts, patienceMs, waitAfter } from './retry.ts';

describe('when a delivery is tried again', () => {
  it('is soon at first, then ever later, for three days, and then never', () => {
    const waits = Array.from({ length: maxAttempts - 1 }, (_, at) => waitAfter(at + 1, 0, () => 0) ?? Number.NaN);
    assert.ok(waits.every((wait, at) => at === 0 || wait > waits[at - 1]!));
    assert.equal(waits[0], 5_000);
    assert.equal(waitAfter(maxAttempts), null);
    const days = patienceMs / (24 * 3_600_000);
    assert.ok(days > 2.9 && days < 3.1, String(days));
  });

  it('is never the same for all, and as late as was asked for, up to a day', () => {
    assert.equal(
      waitAfter(1, 0, () => 1),
      5_500,
    );
    assert.equal(
      waitAfter(1, 60_000, () => 0),
      60_000,
    );
    assert.equal(
      waitAfter(1, 10 * longestWaitMs, () => 0),
      longestWaitMs,
    );
  });
});
