import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alternatives, isReserved, subdomainFrom } from './subdomain.ts';

const label = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

describe('subdomains', () => {
  for (const [email, wished] of [
    ['alice@example.com', 'alice'],
    ['Alice.B_C@example.com', 'alice-b-c'],
    ['alice+shop@example.com', 'alice'],
    ['Élodie@example.com', 'elodie'],
    ['+++@example.com', 'site'],
    ['...@example.com', 'site'],
    ['日本@example.com', 'site'],
    ['admin@example.com', 'admin-site'],
    ['WWW@example.com', 'www-site'],
    ['xn--80ak6aa92e@example.com', 'xn-80ak6aa92e'],
    [`${'a'.repeat(64)}@example.com`, 'a'.repeat(26)],
    ['"a@b"@example.com', 'a-b'],
  ] as const) {
    it(`come from ${email}: ${wished}`, () => assert.equal(subdomainFrom(email), wished));
  }

  it('are labels and never reserved, whatever the address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (local) => {
        const name = subdomainFrom(`${local}@example.com`);
        assert.match(name, label);
        assert.ok(!isReserved(name));
      }),
    );
  });

  it('have alternatives that are labels and differ', () => {
    for (const name of ['a', 'alice', 'a'.repeat(26), `${'a'.repeat(24)}-b`]) {
      let n = 0;
      const all = [...alternatives(name, () => `x${++n}`.padEnd(6, 'y'))];
      assert.equal(all[0], name);
      assert.equal(all[1], `${name.slice(0, 25)}-2`);
      assert.equal(new Set(all).size, all.length);
      for (const each of all) assert.match(each, label);
    }
  });
});
