import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toALabels } from './a-labels.ts';

const hostname = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

describe('host names in A-labels', () => {
  for (const [text, wished] of [
    ['www.example.com', 'www.example.com'],
    ['WWW.Example.COM.', 'www.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['日本語。例え。テスト', 'xn--wgv71a119e.xn--r8jz45g.xn--zckzah'],
    ['ｅｘａｍｐｌｅ.com', 'example.com'],
    ['a.1.example', 'a.1.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    ['localhost', 'localhost'],
    ['', null],
    ['.', null],
    ['a..b', null],
    ['.example.com', null],
    ['example.com..', null],
    ['ex.com/x', null],
    ['1.2', null],
    ['192.0.2.1', null],
    ['１.２', null],
    ['[::1]', null],
    ['a_b.example', null],
    ['-a.example', null],
    ['a-.example', null],
    ['a b.example', null],
    ['a\n.example', null],
    ['user@example.com', null],
    ['example.com:80', null],
    ['*.example.com', null],
    ['a;rm -rf.example', null],
    ['ab--cd.example', null],
    ['xn--.example', null],
    ['xn--a.example', null],
    ['xn--999999999.example', null],
    [`${'a'.repeat(64)}.example`, null],
    [`${'ü'.repeat(60)}.example`, null],
    [`${'a.'.repeat(126)}example`, null],
  ] as const) {
    it(`${JSON.stringify(text).slice(0, 40)} is ${wished?.slice(0, 40) ?? 'none'}`, () =>
      assert.equal(toALabels(text), wished));
  }

  it('are always such names, and stay as they are when read again, whatever was typed', () => {
    const label = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('xn--', 'ü', 'a', '1', '٠', '-'),
    );
    fc.assert(
      fc.property(fc.array(label, { maxLength: 5 }), (labels) => {
        const name = toALabels(labels.join('.'));
        if (name === null) return;
        assert.match(name, hostname);
        assert.equal(toALabels(name), name);
      }),
      { seed: 20_261_121 },
    );
  });
});
