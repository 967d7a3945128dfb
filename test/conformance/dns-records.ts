import type { RRset, RRType } from '../../src/ports/dns.ts';

/** A record set as it is wished, and as a listing shows it. */
export interface Sample {
  label: string;
  wished: RRset;
  shown: RRset;
}

// A key of 2,048 bits and more does not fit one string of a TXT record.
const key = `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA'.repeat(9)}`;

/** One RRset of every type and oddity that the rules above the adapters let through. */
export const recordsOfEveryKind = (zone: string): Sample[] => {
  const samples: Sample[] = [];
  const add = (label: string, name: string, type: RRType, wished: string[], shown = wished): void => {
    const rrset = { name: name === '@' ? zone : `${name}.${zone}`, type, ttl: 300 };
    samples.push({ label, wished: { ...rrset, rdata: wished }, shown: { ...rrset, rdata: shown } });
  };
  add('address', 'www', 'A', ['192.0.2.1', '192.0.2.2']);
  add('IPv6 in long', 'www', 'AAAA', ['2001:0DB8:0:0:0:0:0:1'], ['2001:db8::1']);
  add('apex address', '@', 'A', ['192.0.2.3']);
  add('alias', 'alias', 'CNAME', ['Target.Elsewhere.test.'], ['target.elsewhere.test.']);
  add('IDN alias', 'xn--bcher-kva', 'CNAME', ['xn--mnchen-3ya.test.']);
  add(
    'mail',
    '@',
    'MX',
    ['10 mail.elsewhere.test.', '020 Backup.elsewhere.test.'],
    ['10 mail.elsewhere.test.', '20 backup.elsewhere.test.'],
  );
  add('no mail', 'nomail', 'MX', ['0 .']);
  add('delegation', 'child', 'NS', ['ns1.elsewhere.test.', 'ns2.elsewhere.test.']);
  add('service', '_sip._tcp', 'SRV', ['1 2 5060 sip.elsewhere.test.', '2 0 5061 sip2.elsewhere.test.']);
  add('no service', '_imap._tcp', 'SRV', ['0 0 0 .']);
  add(
    'issuers',
    '@',
    'CAA',
    ['0 issue "ca.test; account=1"', '0 issuewild ";"', '128 iodef mailto:a@b.test'],
    ['0 issue "ca.test; account=1"', '0 issuewild ";"', '128 iodef "mailto:a@b.test"'],
  );
  add('wildcard', '*', 'A', ['192.0.2.9']);
  add('wildcard text at the top', '*', 'TXT', ['any name']);
  add('wildcard alias', '*.deep', 'CNAME', ['target.elsewhere.test.']);
  add('wildcard text', '*.txt', 'TXT', ['any']);
  add('text', 'txt', 'TXT', ['v=spf1 include:_spf.test -all', 'another; with semicolons, and (brackets) $ @']);
  add('long text', 'key._domainkey', 'TXT', [key]);
  add('text of 255 bytes', 't255', 'TXT', ['a'.repeat(255)]);
  add('text of 256 bytes', 't256', 'TXT', ['b'.repeat(256)]);
  add('text of 1,500 bytes', 't1500', 'TXT', ['c'.repeat(1_500)]);
  add('quotes', 'quotes', 'TXT', ['say "hello"', '"']);
  add('backslashes', 'backslashes', 'TXT', ['a\\b\\\\c\\065\\"', '\\']);
  add('quotes at the joint', 'joint', 'TXT', [`${'d'.repeat(254)}"\\${'e'.repeat(254)}\\"`]);
  add('non-ASCII text', 'unicode', 'TXT', ['Grüße ☃ 日本 🎈', 'é'.repeat(200)]);
  add('control characters', 'control', 'TXT', ['\u0000\u0001\u001f\u007f', 'line\r\nline\ttab']);
  add('spaces', 'spaces', 'TXT', ['  two before, two after  ']);
  add('empty text', 'empty', 'TXT', ['']);
  add('deep name', 'a.b.c.d.e.f', 'A', ['192.0.2.10']);
  add('underscores', '_a._b', 'TXT', ['x']);
  return samples;
};
