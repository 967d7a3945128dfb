import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, fromNow } from '../kit/duration.ts';
import { parseDuration, parseSomeDuration } from './duration.ts';

test('a duration is a whole number with a unit, or 0', () => {
  assert.equal(parseDuration('30s'), 30_000);
  assert.equal(parseDuration('15m'), 900_000);
  assert.equal(parseDuration('24h'), 86_400_000);
  assert.equal(parseDuration('30d'), 2_592_000_000);
  assert.equal(parseDuration('0'), 0);
});

test('anything else is refused in words', () => {
  for (const text of ['', '30', '-1h', '1.5h', '1w', 'h', ' 1h', '1h ', '1H', '9999999999s', '0x1h']) {
    assert.throws(() => parseDuration(text), /Give a whole number and a unit: 30s, 15m, 24h or 30d\./, text);
  }
  assert.throws(() => parseDuration('3651d'), /too long/);
  assert.throws(() => parseSomeDuration('0h'), /longer than nothing/);
});

test('a span is told in the unit that is easy to grasp', () => {
  const told = [0, 320, 1_240, 59_000, 60_000, 119 * 60_000, 120 * 60_000, 47 * 3_600_000, 48 * 3_600_000];
  assert.deepEqual(told.map(formatDuration), [
    '0 ms',
    '320 ms',
    '1.2 s',
    '59.0 s',
    '1 minute',
    '119 minutes',
    '2 hours',
    '47 hours',
    '2 days',
  ]);
});

test('an instant is told by how far it is', () => {
  assert.equal(fromNow(1_000_000, 1_000_400), 'now');
  assert.equal(fromNow(1_000_000, 1_300_000), '5 minutes ago');
  assert.equal(fromNow(1_000_000 + 30 * 86_400_000, 1_000_000), 'in 30 days');
});
