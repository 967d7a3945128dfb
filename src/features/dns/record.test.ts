import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NameFault, ownerName, targetName, toALabels } from './dns-name.ts';
import {
  canonicalRdata,
  partsOf,
  type RecordContext,
  RecordFault,
  type RecordWish,
  readRecord,
  recordTypes,
  type ZoneRecord,
} from './record.ts';
import { checkRecords, RecordConflict } from './zone-records.ts';

const zone = 'example.com.';
const context: RecordContext = {
  zone,
  proxy: { ipv4: '203.0.113.10', ipv6: '2001:DB8::10', name: 'proxy.example.net.' },
  types: new Set(recordTypes),
  minTtl: 60,
};
const read = (wish: Partial<RecordWish>, more: Partial<RecordContext> = {}): ZoneRecord =>
  readRecord({ name: 'x', type: 'A', data: '192.0.2.1', ...wish }, { ...context, ...more });

const accepted: [wish: Partial<RecordWish>, name: string, rdata: string][] = [
  [{}, 'x.example.com.', '192.0.2.1'],
  [{ name: '@' }, 'example.com.', '192.0.2.1'],
  [{ name: 'example.com' }, 'example.com.', '192.0.2.1'],
  [{ name: 'X.Example.COM.' }, 'x.example.com.', '192.0.2.1'],
  [{ name: '*' }, '*.example.com.', '192.0.2.1'],
  [{ name: '*.sub' }, '*.sub.example.com.', '192.0.2.1'],
  [{ name: '_acme-challenge' }, '_acme-challenge.example.com.', '192.0.2.1'],
  [{ name: 'München' }, 'xn--mnchen-3ya.example.com.', '192.0.2.1'],
  [{ name: 'xn--mnchen-3ya' }, 'xn--mnchen-3ya.example.com.', '192.0.2.1'],
  [{ name: '1.2' }, '1.2.example.com.', '192.0.2.1'],
  [{ type: 'a' }, 'x.example.com.', '192.0.2.1'],
  [{ data: 'proxysrv' }, 'x.example.com.', '203.0.113.10'],
  [{ type: 'AAAA', data: '2001:0DB8:0:0:0:0:0:1' }, 'x.example.com.', '2001:db8::1'],
  [{ type: 'AAAA', data: 'PROXYSRV' }, 'x.example.com.', '2001:db8::10'],
  [{ type: 'CNAME', data: 'www' }, 'x.example.com.', 'www.example.com.'],
  [{ type: 'CNAME', data: '@' }, 'x.example.com.', 'example.com.'],
  [{ type: 'CNAME', data: 'Shop.Example.NET' }, 'x.example.com.', 'shop.example.net.'],
  [{ type: 'CNAME', data: 'PROXYSRV' }, 'x.example.com.', 'proxy.example.net.'],
  [{ type: 'MX', data: 'mail', priority: 0 }, 'x.example.com.', '0 mail.example.com.'],
  [{ type: 'MX', data: '.', priority: 0 }, 'x.example.com.', '0 .'],
  [{ type: 'NS', data: 'ns.example.org.' }, 'x.example.com.', 'ns.example.org.'],
  [{ type: 'TXT', data: 'PROXYSRV' }, 'x.example.com.', 'PROXYSRV'],
  [{ type: 'TXT', data: '"quoted" \\ ; ü 🙂' }, 'x.example.com.', '"quoted" \\ ; ü 🙂'],
  [{ type: 'CAA', data: 'ca.example', tag: 'ISSUE' }, 'x.example.com.', '0 issue "ca.example"'],
  [{ type: 'CAA', data: ';', tag: 'issuewild', flags: 128 }, 'x.example.com.', '128 issuewild ";"'],
  [{ type: 'CAA', data: 'mailto:a@b.c', tag: 'iodef' }, 'x.example.com.', '0 iodef "mailto:a@b.c"'],
  [
    { name: '_sip._tcp', type: 'SRV', data: 'sip', priority: 1, weight: 2, port: 3 },
    '_sip._tcp.example.com.',
    '1 2 3 sip.example.com.',
  ],
];

const refused: [wish: Partial<RecordWish>, field: string, words: RegExp][] = [
  [{ name: '' }, 'name', /is empty/],
  [{ name: 'a..b' }, 'name', /two dots in a row/],
  [{ name: 'ex.com/x' }, 'name', /the character \//],
  [{ name: 'a b' }, 'name', /has a space, which a name cannot have/],
  [{ name: 'a\u00a0b' }, 'name', /the character U\+00A0/],
  [{ type: 'CAA', data: 'ca.example' }, 'tag', /is missing for a record of type CAA\. An example: issue/],
  [{ name: 'x'.repeat(64) }, 'name', /more than 63 characters/],
  [{ name: Array(62).fill('abc').join('.') }, 'name', /longer than 253 characters with the zone/],
  [{ name: '-a' }, 'name', /hyphen/],
  [{ name: 'a.*' }, 'name', /the character \*/],
  [{ name: 'xn--a' }, 'name', /internationalised/],
  [{ name: 'a.example.org.' }, 'name', /outside the zone example\.com/],
  [{ name: 'a.example.com.example.com' }, 'name', /ends in example\.com twice/],
  [{ name: 'example.com.example.com.' }, 'name', /ends in example\.com twice/],
  [{ name: '@', type: 'NS', data: 'ns.example.org' }, 'name', /at the zone itself, which this service keeps/],
  [{ name: '*', type: 'NS', data: 'ns.example.org' }, 'name', /wildcard/],
  [{ name: '@', type: 'CNAME', data: 'a.example.org' }, 'name', /zone itself for CNAME/],
  [{ type: 'CNAME', data: 'x' }, 'data', /to itself/],
  [{ type: 'SOA' }, 'type', /cannot be SOA, which this service keeps itself/],
  [{ type: 'LOC' }, 'type', /must be one of A, AAAA, CNAME, MX, NS, TXT, CAA, SRV/],
  [{ data: '1.2.3.4.5' }, 'data', /IPv4 address/],
  [{ type: 'AAAA', data: '192.0.2.1' }, 'data', /IPv6 address/],
  [{ type: 'AAAA', data: 'fe80::1%eth0' }, 'data', /IPv6 address/],
  [{ type: 'MX', data: '192.0.2.1', priority: 1 }, 'data', /IP address where a name belongs/],
  [{ type: 'MX', data: 'mail' }, 'priority', /is missing for a record of type MX/],
  [{ type: 'MX', data: '.', priority: 1 }, 'priority', /must be 0/],
  [{ type: 'MX', data: 'PROXYSRV', priority: 1 }, 'data', /A, AAAA and CNAME records only/],
  [{ type: 'CNAME', data: 'a.1' }, 'data', /ends in a number/],
  [{ type: 'TXT', data: '' }, 'data', /is empty/],
  [{ type: 'TXT', data: 'a\nb' }, 'data', /control character/],
  [{ type: 'TXT', data: 'x'.repeat(4097) }, 'data', /longer than 4096 bytes/],
  [{ type: 'CAA', data: 'ca.example', tag: 'other' }, 'tag', /issue, issuewild or iodef/],
  [{ type: 'CAA', data: 'a"b', tag: 'issue' }, 'data', /cannot have/],
  [{ type: 'CAA', data: 'nowhere', tag: 'iodef' }, 'data', /report to/],
  [{ type: 'SRV', data: 'sip', priority: 1, weight: 1, port: 1 }, 'name', /service and a protocol/],
  [{ ttl: 59 }, 'ttl', /from 60 to 2592000/],
  [{ ttl: 1.5 }, 'ttl', /whole number/],
];

describe('a record', () => {
  for (const [wish, name, rdata] of accepted) {
    it(`is taken: ${JSON.stringify(wish)}`, () => {
      const record = read(wish);
      assert.deepEqual([record.name, record.rdata], [name, rdata]);
    });
  }

  for (const [wish, field, words] of refused) {
    it(`is refused: ${JSON.stringify(wish).slice(0, 80)}`, () => {
      assert.throws(
        () => read(wish),
        (error) => {
          assert.ok(error instanceof RecordFault);
          assert.equal(error.field, field);
          assert.match(error.message, words);
          assert.match(error.message, new RegExp(`^The field "${field}" .+ An example: .+`, 's'));
          return true;
        },
      );
    });
  }

  it('cannot stand for what the proxy does not have', () => {
    const proxy = { ipv4: null, ipv6: null, name: null };
    for (const type of ['A', 'AAAA', 'CNAME']) {
      assert.throws(() => read({ type, data: 'PROXYSRV' }, { proxy }), /the reverse proxy has no /);
    }
  });

  it('has an id of its name, type and data only, which fits 52 bits', () => {
    const { id } = read({});
    assert.equal(read({ ttl: 60, name: 'X.example.com.' }).id, id);
    assert.notEqual(read({ data: '192.0.2.2' }).id, id);
    assert.notEqual(read({ name: 'y' }).id, id);
    assert.ok(BigInt(id) < 2n ** 52n);
    // Kept by clients: it must never become another one.
    assert.equal(id, '508973819571579');
  });

  it('is read again from what it was taken apart into, and has one spelling', () => {
    for (const [wish] of accepted) {
      const record = read(wish);
      const { data, priority, weight, port, flags, tag } = partsOf(record);
      const again = read({
        name: record.name,
        type: record.type,
        data: ['CNAME', 'NS'].includes(record.type) ? `${data}.` : data,
        priority: priority ?? undefined,
        weight: weight ?? undefined,
        port: port ?? undefined,
        flags: flags ?? undefined,
        tag: tag ?? undefined,
      });
      assert.equal(again.id, record.id);
      assert.equal(canonicalRdata(record.type, record.rdata, zone), record.rdata);
    }
    assert.equal(canonicalRdata('CAA', '0 issue ca.example', zone), '0 issue "ca.example"');
    assert.equal(canonicalRdata('AAAA', '2001:DB8:0::1', zone), '2001:db8::1');
    assert.equal(canonicalRdata('CNAME', 'WWW.Example.org.', zone), 'www.example.org.');
    assert.equal(canonicalRdata('A', 'nonsense', zone), 'nonsense');
  });
});

describe('names', () => {
  const label = fc
    .stringMatching(/^[a-z0-9_](?:[a-z0-9_-]{0,20}[a-z0-9_])?$/)
    .filter((text) => !text.startsWith('xn--'));
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

  it('that are sound stay as they are, whatever their case', () => {
    fc.assert(
      fc.property(name, (text) => {
        assert.equal(toALabels(text), text);
        assert.equal(toALabels(text.toUpperCase()), text);
        assert.equal(ownerName(text, zone), ownerName(ownerName(text, zone), zone));
      }),
      { seed: 3 },
    );
  });

  it('come out as lower-case A-labels, or are refused, whatever goes in', () => {
    const form = /^(\*\.)?([a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+$/;
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('.', '-', 'xn--', '*', '@', 'ß', 'É', '。', '１'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        for (const read of [ownerName, targetName]) {
          try {
            const found = read(pieces.join(''), zone);
            assert.match(found, form);
            assert.ok(found.length <= 254);
            if (read === ownerName) assert.ok(found === zone || found.endsWith(`.${zone}`));
          } catch (error) {
            assert.ok(error instanceof NameFault, String(error));
          }
        }
      }),
      { seed: 5, numRuns: 3000 },
    );
  });
});

describe('records beside each other', () => {
  const check = (wishes: Partial<RecordWish>[], touched = wishes.map(({ name = 'x' }) => ownerName(name, zone))) =>
    checkRecords(
      wishes.map((wish) => read(wish)),
      new Set(touched),
      zone,
    );

  it('may be many of one type, and many types', () => {
    check([{}, { data: '192.0.2.2' }, { type: 'TXT', data: 'a' }, { type: 'MX', data: 'm', priority: 1 }]);
    check([{ name: 'a', type: 'CNAME', data: 'b' }, { name: 'b', type: 'CNAME', data: 'c' }, { name: 'c' }]);
  });

  const conflicts: [wishes: Partial<RecordWish>[], words: RegExp][] = [
    [[{}, {}], /same record/],
    [[{ ttl: 60 }, { ttl: 61, data: '192.0.2.2' }], /there are 60 and 61/],
    [
      [
        { type: 'CNAME', data: 'a' },
        { type: 'TXT', data: 'a' },
      ],
      /beside other records/,
    ],
    [
      [
        { type: 'CNAME', data: 'a' },
        { type: 'CNAME', data: 'b' },
      ],
      /has a CNAME already/,
    ],
    [
      [
        { name: 'a', type: 'CNAME', data: 'b' },
        { name: 'b', type: 'CNAME', data: 'a' },
      ],
      /circle/,
    ],
  ];
  for (const [wishes, words] of conflicts) {
    it(`may not be: ${words}`, () => {
      assert.throws(
        () => check(wishes),
        (error) =>
          error instanceof RecordConflict && words.test(error.message) && error.message.includes('An example: '),
      );
    });
  }

  it('are in nobody’s way where they are not touched', () => {
    check([{ name: 'odd' }, { name: 'odd' }, { name: 'x' }], ['x.example.com.']);
  });
});
