/** 500 names and values that nobody means well with: each is refused in a sentence, and none reaches the DNS. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { seeded } from '../support/zone-files.ts';

const zone = 'victim.com';
const count = 500;

type Wish = Record<string, unknown>;

/** One hostile wish after the other, of every kind in turn. */
const hostile = (seed: number): Wish[] => {
  const random = seeded(seed);
  const whole = (most: number) => Math.floor(random() * most);
  const pick = <T>(items: readonly T[]): T => items[whole(items.length)]!;
  const word = () => Math.floor(random() * 36 ** 6).toString(36);
  const control = () => String.fromCharCode(pick([0, 1, 7, 8, 10, 13, 27, 31, 127]));
  const evil = () =>
    pick([
      ' ',
      '/',
      '\\',
      ';',
      '"',
      "'",
      '`',
      '$(id)',
      '<b>',
      '%00',
      '@',
      '#',
      '(',
      '|',
      '&',
      '?',
      '=',
      '!',
      '*',
      '\u3002',
      '\u200b',
      '\u202e',
      '\u00ad',
      '\ufffd',
      '🙂',
      control(),
    ]);
  const a = (more: Wish): Wish => ({ name: 'x', type: 'A', data: '192.0.2.1', ...more });
  const badTarget = () =>
    pick([
      `${word()}..${word()}`,
      `${word()}${evil()}${word()}.org`,
      '192.0.2.1',
      '2001:db8::1',
      `-${word()}.org`,
      `${word()}-.org`,
      `${'y'.repeat(64)}.org`,
      `${word()}.1`,
      `*.${word()}.org`,
      '',
      `${'abcdefgh.'.repeat(32)}org`,
    ]);
  const kinds: (() => Wish)[] = [
    () => a({ name: `${word()}${evil()}${word()}` }),
    () => a({ name: `${word()}..${word()}` }),
    () => a({ name: `.${word()}` }),
    () => a({ name: 'z'.repeat(64 + whole(200)) }),
    () => a({ name: `${word()}.`.repeat(50) + word() }),
    () => a({ name: pick([`-${word()}`, `${word()}-`, `${word()}.-.${word()}`]) }),
    () => a({ name: `${word()}.${pick(['org', 'com', 'example.net', `not${zone}`])}.` }),
    () => a({ name: `${word()}.${zone}.${zone}` }),
    () => a({ name: `${word()}.*.${word()}` }),
    () => a({ name: `xn--${pick(['a', '0', '-', 'zz--', '\u00fc'])}` }),
    () =>
      a({
        data: pick([
          `1.2.3`,
          `1.2.3.4.5`,
          `256.1.1.${whole(255)}`,
          `01.2.3.${whole(9)}`,
          `0x7f.1`,
          `192.0.2.1${evil()}`,
          '',
          '::1',
          word(),
        ]),
      }),
    () =>
      a({
        type: 'AAAA',
        data: pick(['192.0.2.1', '::fffff', 'fe80::1%eth0', `2001:db8::${evil()}`, ':::', '', `${word()}::z`]),
      }),
    () => a({ type: 'CNAME', data: badTarget() }),
    () => a({ type: 'NS', data: badTarget() }),
    () => a({ type: 'MX', priority: 10, data: badTarget() }),
    () => a({ type: 'MX', priority: pick([-1, 65_536, 99_999]), data: 'mail.example.org' }),
    () =>
      a({
        type: 'SRV',
        name: pick(['x', '_sip', '_sip.tcp', 'sip._tcp']),
        priority: 1,
        weight: 1,
        port: 1,
        data: 'x.org',
      }),
    () => a({ type: 'SRV', name: '_sip._tcp', priority: 1, weight: 1, port: pick([-1, 65_536]), data: 'x.org' }),
    () => a({ type: 'SRV', name: '_sip._tcp', priority: 1, weight: 1, port: 1, data: badTarget() }),
    () => a({ type: 'TXT', data: pick([`a${control()}b`, '', 'x'.repeat(4097), 'ü'.repeat(2049), `${word()}\u0085`]) }),
    () => a({ type: 'CAA', tag: pick(['', 'ISSUES', `issue ${word()}`, 'issue"']), data: 'ca.org' }),
    () =>
      a({
        type: 'CAA',
        tag: 'issue',
        data: pick([`ca.org"${word()}`, `ca\\${word()}`, 'ca org', '', `ca${control()}.org`, 'ü.org']),
      }),
    () => a({ type: 'CAA', tag: 'iodef', data: pick(['javascript:1', word(), 'mailto:', 'ftp://x.org']) }),
    () =>
      a({ type: pick(['SOA', 'PTR', 'ANY', 'AXFR', 'TYPE1', '', `A ${word()}`, 'NULL', 'DNSKEY', `A${control()}`]) }),
    () => a({ ttl: pick([0, 1, 59, -1, 2_592_001, 4_294_967_296]) }),
    () => a({ type: 'NS', name: pick(['@', zone, `${zone}.`]), data: 'ns.attacker.org' }),
    () => a({ type: 'CNAME', name: pick(['@', zone]), data: 'attacker.org' }),
    () => a({ type: 'CNAME', name: 'x', data: pick(['x', `x.${zone}`, `X.${zone.toUpperCase()}.`]) }),
    () => a({ type: pick(['MX', 'NS']), priority: 1, data: 'PROXYSRV' }),
    () => a({ type: 'CNAME', name: 'www', data: `${word()}.org` }),
  ];
  return Array.from({ length: count }, (_, at) => kinds[at % kinds.length]!());
};

const inTens = async (wishes: Wish[], work: (wish: Wish) => Promise<void>): Promise<void> => {
  for (let at = 0; at < wishes.length; at += 10) await Promise.all(wishes.slice(at, at + 10).map(work));
};

// They are refused before anything is written, so one database is enough.
for (const database of databases.slice(0, 1)) {
  describe(`${count} hostile records`, () => {
    let app: TestApp;
    let reached: string[] = [];
    before(async () => {
      app = await startApp(database, {
        replacements: {
          adapters: (configured) => {
            const { port } = configured.dns;
            const dns: typeof port = {
              ...port,
              createZone: (wish, over) => {
                reached.push(wish.name);
                return port.createZone(wish, over);
              },
              applyChanges: (name, changes, over) => {
                reached.push(JSON.stringify(changes));
                return port.applyChanges(name, changes, over);
              },
            };
            const { open, close } = configured.dns;
            return {
              ...configured,
              dns: { port: dns, ...(open ? { open: () => open() } : {}), ...(close ? { close: () => close() } : {}) },
            };
          },
        },
      });
      const made = await app.panel.call('POST', '/v1/zones', { name: zone }, waiting);
      assert.equal(made.status, 201, made.text);
      reached = [];
    });
    after(() => app.stop());

    it('are refused with a sentence that names the field and what is right, and none reaches the adapter', async () => {
      const wishes = hostile(4711);
      await inTens(wishes, async (wish) => {
        const answer = await app.panel.call('POST', `/v1/zones/${zone}/records`, wish);
        const said = `${JSON.stringify(wish)}: ${answer.text}`;
        assert.match(answer.body.code ?? '', /^record_(invalid|conflict)$/, said);
        assert.match(
          answer.body.error,
          /^The field "(name|type|data|ttl|priority|weight|port|flags|tag)" .+ An example: \S/s,
          said,
        );
        assert.doesNotMatch(answer.body.error, /[\p{Cc}\u202e\u200b]/u, said);
      });
      assert.deepEqual(reached, []);
      assert.equal((await app.panel.call('GET', `/v1/zones/${zone}/records`)).body.data.length, 2);
    });

    it('and none gets in by a zone file, as a name or as an id', async () => {
      await inTens(hostile(815), async (wish) => {
        const { name, type, data } = wish as Record<string, string>;
        const answer = await app.panel.call('POST', `/v1/zones/${zone}/import`, {
          zone_file: `${name} ${type} ${data}`,
          dry_run: true,
        });
        // What is broken by its spelling as a line of a file may be a sound line.
        if (answer.status !== 200) assert.match(answer.body.code, /^(zone_file_invalid|record_conflict)$/, answer.text);
      });
      for (const name of ["' OR 1=1 --", '..', '%00', 'a/b', '../etc', 'x'.repeat(900), '\u202ecom']) {
        const path = `/v1/zones/${encodeURIComponent(name)}`;
        assert.ok([400, 404].includes((await app.panel.call('GET', path)).status), name);
        assert.ok([400, 404].includes((await app.panel.call('DELETE', `${path}/records/12`)).status), name);
      }
      assert.deepEqual(reached, []);
    });
  });
}
