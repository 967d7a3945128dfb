import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fingerprint, seal, unseal } from './seal.ts';

const pepper = 'a pepper for tests only';

describe('what is sealed', () => {
  it('opens for the same pepper, purpose and row', () => {
    for (const text of ['', 'SUP-7K2M9QX4T1ZB8W3D', 'ș'.repeat(1000)]) {
      assert.equal(unseal(pepper, 'x', seal(pepper, 'x', text, 'row 1'), 'row 1'), text);
    }
  });

  it('opens for nothing else, and says what to look at', () => {
    const sealed = seal(pepper, 'x', 'secret', 'row 1');
    const changed = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    const tries: [string, string, string, string][] = [
      ['another pepper of tests', 'x', sealed, 'row 1'],
      [pepper, 'y', sealed, 'row 1'],
      [pepper, 'x', sealed, 'row 2'],
      [pepper, 'x', changed, 'row 1'],
      [pepper, 'x', 'v1.', 'row 1'],
      [pepper, 'x', 'nonsense', 'row 1'],
    ];
    for (const each of tries) assert.throws(() => unseal(...each), /PROVISOR_PEPPER/);
  });

  it('looks different every time and never shows the text', () => {
    const both = [1, 2].map(() => seal(pepper, 'x', 'secret', 'row 1'));
    assert.notEqual(both[0], both[1]);
    assert.ok(!Buffer.from(both[0]!.slice(3), 'base64url').includes('secret'));
  });

  it('is found by a fingerprint that needs the pepper', () => {
    assert.equal(fingerprint(pepper, 'x', 'secret'), fingerprint(pepper, 'x', 'secret'));
    assert.notEqual(fingerprint(pepper, 'x', 'secret'), fingerprint('another pepper of tests', 'x', 'secret'));
    assert.notEqual(fingerprint(pepper, 'x', 'secret'), fingerprint(pepper, 'y', 'secret'));
  });
});
