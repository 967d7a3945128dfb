/** Zone files of the shapes that people have, made up from a seed, each with the records that it means. */

export interface MadeRecord {
  /** Absolute. */
  name: string;
  ttl: number;
  type: string;
  /** In the form of the ports. */
  rdata: string;
}

export interface MadeZone {
  text: string;
  records: MadeRecord[];
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

export const sizes = [1, 4, 12, 30, 60, 120, 250, 500, 1000, 2000];

const texts = [
  'v=spf1 include:_spf.example.net ip4:192.0.2.0/24 -all',
  'say "hello; world" (twice)',
  'back\\slash and \\"both\\"',
  '  blanks  kept   ',
  'ümlaut – и кириллица',
  `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(20)}`,
  'one-word',
  "it's 100% $ORIGIN @ ;",
];

const plainWord = /^[A-Za-z0-9_-]+$/;

const quote = (text: string, odd: boolean): string => {
  let quoted = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === '\\') quoted += `\\${character}`;
    else if (byte < 0x20 || byte > 0x7e || (odd && byte % 7 === 0)) quoted += `\\${String(byte).padStart(3, '0')}`;
    else quoted += character;
  }
  return `"${quoted}"`;
};

const ttlText = (ttl: number, odd: boolean): string =>
  odd && ttl === 3600 ? '1h' : odd && ttl === 5400 ? '1H30M' : odd && ttl === 86_400 ? '1d' : String(ttl);

/** A zone file of `size` records in `zone`, which is absolute. */
export const makeZoneFile = (zone: string, size: number, seed: number): MadeZone => {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const whole = (most: number) => Math.floor(random() * most);
  const records: MadeRecord[] = [];
  const lines = [
    '; made up',
    `$TTL 1h ; the usual`,
    `@ IN SOA ns1.example.net. hostmaster ( 2026010101 ; serial`,
    '    3h 15m',
    '    1w 1h )',
    '\tNS ns1.example.net.',
    '@ 1d IN NS ns2.example.net.',
  ];

  const ip = () => `192.0.2.${1 + whole(254)}`;
  const dataOf = (type: string, at: number): { rdata: string; text: string } => {
    switch (type) {
      case 'A': {
        const rdata = ip();
        return { rdata, text: rdata };
      }
      case 'AAAA': {
        const tail = (at + 1).toString(16);
        return { rdata: `2001:db8::${tail}`, text: pick([`2001:db8::${tail}`, `2001:0DB8:0:0:0:0:0:${tail}`]) };
      }
      case 'CNAME': {
        const host = `target-${at}.example.org`;
        return { rdata: `${host}.`, text: pick([`${host}.`, `${host.toUpperCase()}.`]) };
      }
      case 'MX': {
        const priority = whole(100);
        return { rdata: `${priority} mx${at}.example.net.`, text: `${priority} mx${at}.example.net.` };
      }
      case 'NS':
        return { rdata: 'ns1.example.org.', text: 'ns1.example.org.' };
      case 'CAA':
        return pick([
          { rdata: '0 issue "letsencrypt.org"', text: '0 issue "letsencrypt.org"' },
          { rdata: '128 issuewild ";"', text: '128 issuewild ";"' },
          { rdata: '0 iodef "mailto:sec@example.com"', text: '0 iodef mailto:sec@example.com' },
        ]);
      case 'SRV': {
        const rdata = `${whole(50)} ${whole(100)} ${1 + whole(65_000)} sip${at}.example.net.`;
        return { rdata, text: rdata };
      }
      default: {
        const rdata = pick(texts);
        const half = Math.floor(rdata.length / 2);
        const forms = [quote(rdata, false), quote(rdata, true), `( ${quote(rdata, false)} ; a comment\n )`];
        // In two strings, where that does not cut a character in half.
        if (/^[\x20-\x7e]*$/.test(rdata))
          forms.push(`${quote(rdata.slice(0, half), false)} ${quote(rdata.slice(half), true)}`);
        if (plainWord.test(rdata)) forms.push(rdata);
        return { rdata, text: pick(forms) };
      }
    }
  };

  const kinds = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'CAA', 'SRV'];
  const prefixes: Record<string, string[]> = {
    A: ['h', 'www.h', '*.h', 'xn--mnchen-3ya.h'],
    TXT: ['_dmarc.t', 'key._domainkey.t', 't'],
    SRV: ['_sip._tcp.s', '_xmpp-server._tcp.s'],
  };
  for (let at = 0; records.length < size; at += 1) {
    const type = kinds[at % kinds.length]!;
    const relative = `${pick(prefixes[type] ?? [type.toLowerCase()])}${at}`;
    const ttl = pick([300, 3600, 5400, 86_400]);
    const count = type === 'CNAME' || type === 'NS' || random() < 0.7 ? 1 : 1 + whole(3);
    const seen = new Set<string>();
    for (let one = 0; one < count && records.length < size; one += 1) {
      const { rdata, text } = dataOf(type, at * 8 + one);
      if (seen.has(rdata)) continue;
      const owner =
        seen.size > 0
          ? pick(['', ' ']).padEnd(1, '\t')
          : pick([relative, `${relative}.${zone}`, relative.toUpperCase()]);
      seen.add(rdata);
      records.push({ name: `${relative}.${zone}`, ttl, type, rdata });
      const words = ttlText(ttl, random() < 0.5);
      const before = pick([`${words} IN`, `IN ${words}`, words]);
      lines.push(`${owner} ${before} ${pick([type, type.toLowerCase()])} ${text}${pick(['', ' ; why not'])}`);
    }
  }
  return { text: `${lines.join(pick(['\n', '\r\n']))}\n`, records };
};

/** One line for each record, in an order of their own: equal for equal zones. */
export const normalised = (records: readonly MadeRecord[]): string[] =>
  records.map(({ name, ttl, type, rdata }) => JSON.stringify([name, ttl, type, rdata])).sort();
