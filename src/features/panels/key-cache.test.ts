import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createKeyCache, freshMs } from './key-cache.ts';
import type { PanelKey } from './panel-key.ts';

const keyOf = (id: string): PanelKey & { panelName: string } => ({
  id,
  panelId: 'p',
  panelName: 'panel',
  secretMac: '',
  scopes: [],
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
});

describe('What is known of keys', () => {
  let time = 0;
  let reads: { id: string; answer: PromiseWithResolvers<{ key: ReturnType<typeof keyOf>; at: number } | null> }[] = [];
  const make = () =>
    createKeyCache({ monotonic: () => time }, (id) => {
      const answer = Promise.withResolvers<{ key: ReturnType<typeof keyOf>; at: number } | null>();
      reads.push({ id, answer });
      return answer.promise;
    });
  let cache = make();
  const answer = (at: number, found = true) =>
    reads[at]!.answer.resolve(found ? { key: keyOf(reads[at]!.id), at: 1_000_000 } : null);

  beforeEach(() => {
    time = 0;
    reads = [];
    cache = make();
  });

  it('is read once for many requests, and anew after a second', async () => {
    const many = Promise.all(Array.from({ length: 50 }, () => cache.find('a')));
    answer(0);
    assert.equal((await many).length, 50);
    time = freshMs - 1;
    assert.equal((await cache.find('a'))?.now, 1_000_000 + freshMs - 1);
    assert.equal(reads.length, 1);
    time = freshMs;
    void cache.find('a');
    assert.equal(reads.length, 2);
  });

  it('is as old as the question, not as the answer', async () => {
    const slow = cache.find('a');
    time = freshMs;
    // Whoever comes now does not wait for an answer that may tell of a second ago.
    const later = cache.find('a');
    assert.equal(reads.length, 2);
    answer(0);
    answer(1);
    await Promise.all([slow, later]);
    time = 2 * freshMs;
    void cache.find('a');
    assert.equal(reads.length, 3);
  });

  it('never holds a key that is not there', async () => {
    for (const read of [0, 1]) {
      const found = cache.find('a');
      answer(read, false);
      assert.equal(await found, null);
    }
    assert.equal(reads.length, 2);
  });

  it('is forgotten at once, also what was under way meanwhile', async () => {
    const before = cache.find('a');
    cache.forget('a');
    answer(0);
    await before;
    void cache.find('a');
    assert.equal(reads.length, 2);
    answer(1);
    await cache.find('a');
    cache.forget('a');
    void cache.find('a');
    assert.equal(reads.length, 3);
  });

  it('does not outlive a database that does not answer', async () => {
    const first = cache.find('a');
    answer(0);
    await first;
    time = freshMs;
    for (const read of [1, 2]) {
      const failing = cache.find('a');
      reads[read]!.answer.reject(new Error('down'));
      await assert.rejects(failing, /down/);
    }
  });
});
