import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RRType } from '../../ports/dns.ts';
import { canonicalRdata, quoteText, RdataError, spellRdata, unquoteText } from './rdata.ts';

test('any text comes back from character strings as it went in, and goes in as plain ASCII', () => {
  const text = fc.string({ unit: 'binary', maxLength: 700 }).filter((one) => one.isWellFormed());
  fc.assert(
    fc.property(text, (one) => {
      const quoted = quoteText(one);
      assert.match(quoted, /^"[\x20-\x7e]*"$/);
      assert.equal(unquoteText(quoted), one);
    }),
    { seed: 7, numRuns: 500 },
  );
});

test('character strings have 255 bytes at most, whatever they look like escaped', () => {
  assert.equal(quoteText(''), '""');
  assert.equal(quoteText('a'.repeat(256)), `"${'a'.repeat(255)}" "a"`);
  assert.equal(quoteText(`${'"'.repeat(255)}\\`), `"${'\\"'.repeat(255)}" "\\\\"`);
  assert.equal(quoteText('é'), '"\\195\\169"');
});

test('character strings are read as people write them', () => {
  const read: [string, string][] = [
    ['"one" "two"', 'onetwo'],
    ['"one""two"', 'onetwo'],
    ['bare', 'bare'],
    ['bare\\ with\\032spaces', 'bare with spaces'],
    ['"a\\"b\\\\c\\065"', 'a"b\\cA'],
    ['"caf\\195\\169"', 'café'],
    ['"\\255"', '\ufffd'],
    ['', ''],
  ];
  for (const [content, text] of read) assert.equal(unquoteText(content), text, content);
});

test('each record has one spelling, which says the same', () => {
  const spellings: [RRType, string, string][] = [
    ['A', '192.0.2.1', '192.0.2.1'],
    ['AAAA', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['AAAA', '::FFFF:192.0.2.1', '::ffff:c000:201'],
    ['CNAME', 'WWW.Example.com.', 'www.example.com.'],
    ['MX', '010 Mail.example.com.', '10 mail.example.com.'],
    ['SRV', '01 002 05060 SIP.example.com.', '1 2 5060 sip.example.com.'],
    ['CAA', '0 ISSUE ca.test', '0 issue "ca.test"'],
    ['CAA', '128 iodef "a\\"b\\\\c"', '128 iodef "a\\"b\\\\c"'],
    ['TXT', ' As It Is ', ' As It Is '],
  ];
  for (const [type, text, spelled] of spellings) {
    assert.equal(spellRdata(type, text), spelled);
    assert.equal(spellRdata(type, spelled), spelled);
    assert.equal(canonicalRdata(type, text), canonicalRdata(type, spelled));
  }
  for (const [type, text] of [
    ['A', '1.2'],
    ['AAAA', 'fe80::1%eth0'],
    ['MX', '10 192.0.2.1'],
    ['NS', 'example.com'],
    ['TXT', 'half \udc00'],
    ['CAA', '0 issue "é"'],
  ] as const) {
    assert.throws(() => spellRdata(type, text), RdataError, text);
  }
});
