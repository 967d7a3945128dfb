import assert from 'node:assert/strict';
import { it } from 'node:test';
import { amountOf } from './quantities.ts';

it('reads the quantities of Kubernetes', () => {
  const known = {
    '1': 1,
    '250m': 0.25,
    '1500000n': 0.0015,
    '2Ki': 2048,
    '1.5Gi': 1.5 * 2 ** 30,
    '1e3': 1000,
    '3k': 3000,
  };
  for (const [text, amount] of Object.entries(known)) assert.equal(amountOf(text), amount, text);
  for (const text of ['', 'x', '1Z', '1 Gi', 'm']) assert.ok(Number.isNaN(amountOf(text)), text);
});
