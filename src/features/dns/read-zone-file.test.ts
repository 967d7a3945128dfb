import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeZoneFile, normalised, sizes } from '../../../test/support/zone-files.ts';
import { readZoneFile } from './read-zone-file.ts';
import { type RecordContext, readRecord, recordTypes, type ZoneRecord } from './record.ts';
import { writeZoneFile } from './write-zone-file.ts';

const zone = 'example.com.';
const context: RecordContext = {
  zone,
  proxy: { ipv4: '203.0.113.10', ipv6: null, name: null },
  types: new Set(recordTypes),
  minTtl: 60,
};

const read = (text: string, origin = zone) => readZoneFile(text, origin);
const one = (text: string) => {
  const { records, problems } = read(text);
  assert.deepEqual(problems, []);
  assert.equal(records.length, 1);
  return records[0]!.wish;
};
const problem = (text: string): string => {
  const [first] = read(text).problems;
  return `${first?.line}: ${first?.message}`;
};
const recordsOf = (text: string, origin = zone): ZoneRecord[] => {
  const { records, problems } = read(text, origin);
  assert.deepEqual(problems, []);
  return records.map(({ wish }) => readRecord(wish, { ...context, zone: origin }));
};

describe('a zone file', () => {
  it('has owners that are relative, absolute, @, or that of the record before', () => {
    const names = read(
      '@ A 192.0.2.1\nwww A 192.0.2.1\n  A 192.0.2.2\nfull.example.com. A 192.0.2.3\n$ORIGIN sub\n@ A 192.0.2.4\nx A 192.0.2.5\n$ORIGIN example.com.\ny A 192.0.2.6\n',
    ).records.map(({ wish }) => wish.name);
    assert.deepEqual(names, [
      'example.com.',
      'www.example.com.',
      'www.example.com.',
      'full.example.com.',
      'sub.example.com.',
      'x.sub.example.com.',
      'y.example.com.',
    ]);
  });

  it('has TTLs in seconds or units, before or after the class, by $TTL, or those of the record before', () => {
    const ttls = (text: string) => read(text).records.map(({ wish }) => wish.ttl);
    assert.deepEqual(ttls('a 300 IN A 192.0.2.1\nb IN 1h30m A 192.0.2.1\nc 1W a 192.0.2.1'), [300, 5400, 604_800]);
    assert.deepEqual(ttls('$TTL 1d\na A 192.0.2.1\nb 60 A 192.0.2.1\nc A 192.0.2.1'), [86_400, 60, 86_400]);
    assert.deepEqual(ttls('a A 192.0.2.1\nb 60 A 192.0.2.1\nc A 192.0.2.1'), [undefined, 60, 60]);
  });

  it('has records over several lines in parentheses, comments, and line ends of any system', () => {
    const { records, ignored, problems } = read(
      '\uFEFF; a comment\r\n@ SOA ns1 host (\r\n 1 ; serial ( not ) this\r\n 2 3 4 5 )\r\n\r\nmx MX ( 10\r\n mail ) ; end\r\n NS ns.example.org.\r\n@ NS ns1.example.net.',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      records.map(({ line, wish }) => [line, wish.name, wish.type, wish.data]),
      [
        [6, 'mx.example.com.', 'MX', 'mail.example.com.'],
        [8, 'mx.example.com.', 'NS', 'ns.example.org.'],
      ],
    );
    assert.deepEqual(ignored, [
      { line: 2, message: 'this service keeps the SOA itself' },
      { line: 9, message: 'this service keeps the NS at the zone itself' },
    ]);
  });

  it('has texts in quotes with escapes, of bytes by number, in one string or many', () => {
    assert.equal(one('t TXT "a \\"b\\" ;c" "\\195\\188" d').data, 'a "b" ;cüd');
    assert.equal(one('t TXT plain\\ word').data, 'plain word');
    assert.equal(one('t TXT "\\\\ \\065"').data, '\\ A');
    assert.equal(one('t TXT (\n "one"\n "two" )').data, 'onetwo');
    assert.equal(one('t TXT "🙂 ü"').data, '🙂 ü');
    assert.deepEqual(one('c CAA 0 issue "ca.example; policy=ev"'), {
      name: 'c.example.com.',
      type: 'CAA',
      ttl: undefined,
      flags: 0,
      tag: 'issue',
      data: 'ca.example; policy=ev',
    });
  });

  it('tells the line of what it cannot take, and why', () => {
    assert.match(problem('a A 192.0.2.1\nb TXT "open\n'), /^2: a quotation mark is opened and not closed/);
    assert.match(problem('a MX ( 10 mail\n'), /^2: a parenthesis is opened and never closed/);
    assert.match(problem('a A 192.0.2.1 )'), /^1: a parenthesis is closed/);
    assert.match(problem('a TYPE65534 \\# 1 00'), /^1: .*RFC 3597/);
    assert.match(problem('a A \\# 4 C0000201'), /^1: .*RFC 3597/);
    assert.match(problem('a CLASS32 A 192.0.2.1'), /^1: the class CLASS32/);
    assert.match(problem('a CH TXT x'), /^1: the class CH/);
    assert.match(problem('\n\n$INCLUDE other'), /^3: \$INCLUDE is not taken/);
    assert.match(problem('$GENERATE 1-3 a$ A 192.0.2.$'), /^1: \$GENERATE/);
    assert.match(problem('$TTL soon'), /^1: the time must be/);
    assert.match(problem(' A 192.0.2.1'), /^1: the first record has no owner/);
    assert.match(problem('a LOC 1 2 3'), /^1: records of type LOC/);
    assert.match(problem('a MX mail'), /^1: the data must be: priority name/);
    assert.match(problem('a MX ten mail'), /^1: the priority must be a number/);
    assert.match(problem('a TXT "\\300"'), /^1: \\300 is no byte/);
    assert.match(problem('a TXT "\\255"'), /^1: a text is not UTF-8/);
    assert.match(problem('a\\.b A 192.0.2.1'), /^1: the owner has a backslash/);
    assert.match(problem('a'), /^1: the type is missing/);
    assert.match(problem('a TXT'), /^1: the text is missing/);
  });

  it('of ten shapes goes in, comes out, and is equal', () => {
    for (const [at, size] of sizes.entries()) {
      const made = makeZoneFile(zone, size, 1000 + at);
      assert.equal(made.records.length, size);
      const records = recordsOf(made.text);
      assert.deepEqual(normalised(records), normalised(made.records));
      const nameservers = ['ns1.example.net.', 'ns2.example.net.'];
      const written = writeZoneFile({ zone, nameservers, serial: 1, records });
      assert.deepEqual(normalised(recordsOf(written)), normalised(made.records));
    }
  });

  it('keeps any text that a record may have', () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 300 })
      .filter((s) => !/\p{Cc}/u.test(s) && s.isWellFormed());
    fc.assert(
      fc.property(text, (data) => {
        const record = readRecord({ name: 't', type: 'TXT', data }, context);
        const written = writeZoneFile({ zone, nameservers: ['ns1.example.net.'], serial: 1, records: [record] });
        assert.deepEqual(recordsOf(written), [record]);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('never throws, whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '(',
        ')',
        ';',
        '\n',
        ' ',
        '@',
        '$TTL',
        '$ORIGIN',
        'IN',
        'A',
        'TXT',
        '\\#',
        '1h',
        '.',
        '..',
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const file = read(pieces.join(''));
        assert.ok(file.problems.every(({ line, message }) => line >= 1 && message.length > 0));
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});
