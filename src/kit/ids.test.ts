import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, randomText } from './ids.ts';

test('ids rise, and none comes twice', () => {
  const ids = Array.from({ length: 20_000 }, () => newId());
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(ids.toSorted(), ids);
  for (const id of ids) assert.match(id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
});

test('the random part of an id takes all of its letters in all of its places', () => {
  const seen = Array.from({ length: 16 }, () => new Set<string>());
  // Each in a millisecond of its own: within one, an id only counts on.
  for (let at = 0; at < 2_000; at += 1) {
    const id = (newId as (now: number) => string)(Date.now() + 60_000 + at);
    for (const [place, letter] of [...id.slice(10)].entries()) seen[place]!.add(letter);
  }
  assert.deepEqual(
    seen.map((letters) => letters.size),
    Array(16).fill(32),
  );
});

test('a random text has the length that is asked for', () => {
  assert.match(randomText(40), /^[0-9a-hjkmnp-tv-z]{40}$/);
});
