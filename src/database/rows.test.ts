import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { big, bigOrNull, bool, int, intOrNull, json, jsonOrNull, toJson } from './rows.ts';

describe('row codecs', () => {
  it('read whole numbers from either driver', () => {
    for (const value of [12, 12n, '12']) {
      assert.equal(int(value), 12);
      assert.equal(big(value), 12n);
    }
    assert.equal(int('-5'), -5);
    assert.equal(big('9223372036854775807'), 9223372036854775807n);
    assert.equal(int(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  });

  it('refuse what is no whole number, or too large for one', () => {
    for (const value of [null, undefined, '', ' 1', '1.0', '1e3', 'x', 1.5, NaN, 2 ** 53, {}, true]) {
      assert.throws(() => big(value), /where a whole number was expected/);
      assert.throws(() => int(value), /expected/);
    }
    assert.throws(() => int('9007199254740992'), /below 2\^53/);
    assert.throws(() => int(9007199254740992n), /below 2\^53/);
  });

  it('read NULL only where it is allowed', () => {
    assert.equal(intOrNull(null), null);
    assert.equal(bigOrNull(null), null);
    assert.equal(jsonOrNull(null), null);
    assert.equal(intOrNull('7'), 7);
    assert.throws(() => intOrNull(undefined), /expected/);
    assert.throws(() => json(null), /JSON text/);
  });

  it('read flags', () => {
    assert.deepEqual([0, 1, 0n, 1n, '0', '1'].map(bool), [false, true, false, true, false, true]);
    for (const value of [2, '', null, 'true']) assert.throws(() => bool(value), /expected/);
  });

  it('read what toJson wrote, and quote nothing of what they cannot read', () => {
    const value = { a: [1, 'x', null], b: { c: true } };
    assert.deepEqual(json(toJson(value)), value);
    assert.equal(toJson(null), 'null');
    assert.throws(
      () => json('{"password":"hunter2"'),
      (error: Error) => !error.message.includes('hunter2'),
    );
    assert.throws(() => json({}), /holds object/);
    assert.throws(() => toJson(undefined), /undefined cannot be written/);
    assert.throws(() => toJson({ price: 1n }));
  });
});
