import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Expected,
  holderOf,
  judge,
  nextCheckAfter,
  recordsFor,
  type Sighting,
  shorten,
  tokenFor,
} from './domain.ts';
import { hostnameOf } from './hostname.ts';

const token = 'provisor-verification=abc';
const auto: Expected = {
  ownName: 'alice.sites.example',
  sharedNames: ['proxy.example'],
  addresses: ['192.0.2.1', '2001:db8::1'],
  token,
  tokenAlways: false,
  tokenNever: false,
};
const always = { ...auto, tokenAlways: true };
const never = { ...auto, tokenNever: true };
const none: Sighting = { cname: [], addresses: [], txt: [] };

describe('what the DNS says of a domain', () => {
  const table: [what: string, seen: Partial<Sighting>, wished: [auto: unknown, always: unknown, never: unknown]][] = [
    ['nothing', {}, ['not_pointing', 'not_pointing', 'not_pointing']],
    ['only the token', { txt: [token] }, ['not_pointing', 'not_pointing', 'not_pointing']],
    ['a CNAME to the site', { cname: ['alice.sites.example'] }, [null, 'not_owned', null]],
    ['the same, further down', { cname: ['www.example.com', 'alice.sites.example'] }, [null, 'not_owned', null]],
    ['the same and the token', { cname: ['alice.sites.example'], txt: ['v=spf1', token] }, [null, null, null]],
    ['a CNAME to another site', { cname: ['bob.sites.example'] }, ['not_pointing', 'not_pointing', 'not_pointing']],
    ['a CNAME to all sites', { cname: ['proxy.example'] }, ['not_owned', 'not_owned', null]],
    ['a CNAME to all sites and the token', { cname: ['proxy.example'], txt: [token] }, [null, null, null]],
    ['our address', { addresses: ['192.0.2.1'] }, ['not_owned', 'not_owned', null]],
    ['both our addresses and the token', { addresses: ['192.0.2.1', '2001:db8::1'], txt: [token] }, [null, null, null]],
    ["another's token", { addresses: ['192.0.2.1'], txt: [`${token}d`] }, ['not_owned', 'not_owned', null]],
    [
      'our address and a foreign one',
      { addresses: ['192.0.2.1', '198.51.100.1'], txt: [token] },
      ['not_pointing', 'not_pointing', 'not_pointing'],
    ],
    ['no answer at all', { cname: null, addresses: null, txt: null }, ['dns_silent', 'dns_silent', 'dns_silent']],
    ['no answer to CNAME', { cname: null, txt: [token] }, ['dns_silent', 'dns_silent', 'dns_silent']],
    ['no answer to addresses', { addresses: null, txt: [token] }, ['dns_silent', 'dns_silent', 'dns_silent']],
    ['no answer to TXT', { addresses: ['192.0.2.1'], txt: null }, ['dns_silent', 'dns_silent', null]],
    [
      'a CNAME to the site, the rest silent',
      { cname: ['alice.sites.example'], addresses: null, txt: null },
      [null, 'dns_silent', null],
    ],
  ];
  for (const [what, seen, wished] of table) {
    it(what, () => {
      assert.deepEqual(
        [auto, always, never].map((expected) => judge({ ...none, ...seen }, expected)),
        wished,
      );
    });
  }
});

describe('what is kept of what the DNS said', () => {
  it('is short, whatever the DNS said', () => {
    const many = Array.from({ length: 50 }, () => 'x'.repeat(1_000));
    const { cname, addresses, txt } = shorten({ cname: null, addresses: ['192.0.2.1'], txt: many });
    assert.deepEqual([cname, addresses, txt?.length, txt?.[0]?.length], [null, ['192.0.2.1'], 10, 255]);
  });
});

describe('what a customer has to set', () => {
  const lines = (name: string, expected: Expected) =>
    recordsFor(hostnameOf(name), expected).map((each) => `${each.name} ${each.type} ${each.value} ${each.required}`);

  it('is a CNAME and, otherwise, a token', () => {
    assert.deepEqual(lines('www.example.com', auto), [
      'www.example.com CNAME alice.sites.example true',
      `_provisor-challenge.www.example.com TXT ${token} false`,
    ]);
    assert.deepEqual(lines('*.example.com', always), [
      '*.example.com CNAME alice.sites.example true',
      `_provisor-challenge.example.com TXT ${token} true`,
    ]);
    assert.deepEqual(lines('www.example.com', never), ['www.example.com CNAME alice.sites.example true']);
  });

  it('is an address where no CNAME can stand', () => {
    assert.deepEqual(lines('example.com', auto), [
      'example.com A 192.0.2.1 true',
      'example.com AAAA 2001:db8::1 true',
      `_provisor-challenge.example.com TXT ${token} true`,
    ]);
  });
});

describe('the token', () => {
  const site = {
    id: '01M7YRZ71V9F3HEY8H2HR4H8EB',
    key: { panelId: 'p', kind: 'site', serviceId: '1' },
    customerId: 'c',
  };

  it("is one for all sites of a customer, and nobody else's", () => {
    const one = tokenFor('key', holderOf(site), 'example.com');
    assert.match(one, /^provisor-verification=[0-9a-f]{32}$/);
    assert.equal(tokenFor('key', holderOf({ ...site, id: 'other' }), 'example.com'), one);
    const others = [
      tokenFor('key', holderOf({ ...site, customerId: 'd' }), 'example.com'),
      tokenFor('key', holderOf({ ...site, customerId: null }), 'example.com'),
      tokenFor('key', holderOf({ ...site, key: { ...site.key, panelId: 'q' } }), 'example.com'),
      tokenFor('key', holderOf(site), 'example.org'),
      tokenFor('other key', holderOf(site), 'example.com'),
    ];
    assert.equal(new Set([one, ...others]).size, 6);
  });

  it('of a site without a customer is not that of a customer who is called like the site', () => {
    const alone = tokenFor('key', holderOf({ ...site, customerId: null }), 'example.com');
    assert.notEqual(tokenFor('key', holderOf({ ...site, customerId: site.id }), 'example.com'), alone);
  });
});

describe('the intervals of the checks', () => {
  it('grow with the age, from a quarter of a minute to half an hour', () => {
    const minute = 60_000;
    assert.deepEqual([0, minute, 3 * minute, 60 * minute, 180 * minute, 4_000 * minute].map(nextCheckAfter), [
      15_000,
      15_000,
      30_000,
      10 * minute,
      30 * minute,
      30 * minute,
    ]);
  });

  it('let a domain that waits for three days be looked at fewer than 200 times', () => {
    let age = 0;
    let checks = 0;
    for (; age < 72 * 3600_000; checks += 1) age += nextCheckAfter(age);
    assert.ok(checks > 100 && checks < 200, String(checks));
  });
});
