/** Every letter in every language, as a mail program reads it, and with the names of people who mean harm. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMessage } from '../../../test/support/mail-server.ts';
import type { Language, MailFacts, News } from './letter.ts';
import { createMessage, oneLine } from './message.ts';
import type { Role } from './news.ts';
import { writeLetter } from './write-letter.ts';

const id = '01JABCDEFGHJKMNPQRSTVWXYZ0';
const at = Date.parse('2026-01-31T12:00:00Z');
const trouble = (is: 'failed' | 'stuck', kind: string, code = 'provider_refused'): News => ({
  is,
  kind,
  code,
  sentence: 'The infrastructure refused it. The operator has been given the details.',
  operation: '01JOPERATION',
});

const read = async (
  role: Role,
  news: News,
  language: Language,
  facts: Partial<MailFacts> = {},
  to = 'ana@example.com',
) => {
  const about = {
    to,
    language,
    hostname: 'ana.sites.example.com',
    url: 'https://ana.sites.example.com/',
    panel: role === 'operator' ? 'shop' : null,
    ...facts,
  };
  const letter = writeLetter(role, news, about, { panelId: '01P', kind: 'site', serviceId: '12345' });
  const from = { name: 'Găzduire „Exemplu”', address: 'post@example.net' };
  const bytes = await createMessage(letter, { id, from, to, at, language });
  return readMessage(bytes.toString('latin1'));
};

const letters: [Role, News, Record<Language, { subject: string; says: RegExp }>][] = [
  [
    'customer',
    { is: 'created' },
    {
      en: { subject: 'Your site is ready: ana.sites.example.com', says: /has been set up[\s\S]*https:\/\/ana\.sites/ },
      ro: {
        subject: 'Site-ul dumneavoastră este gata: ana.sites.example.com',
        says: /a fost creat[\s\S]*https:\/\/ana/,
      },
    },
  ],
  [
    'customer',
    { is: 'suspended' },
    {
      en: { subject: 'Your site is suspended: ana.sites.example.com', says: /your data is kept/ },
      ro: { subject: 'Site-ul dumneavoastră este suspendat: ana.sites.example.com', says: /datele sunt păstrate/ },
    },
  ],
  [
    'customer',
    { is: 'unsuspended' },
    {
      en: {
        subject: 'Your site is back: ana.sites.example.com',
        says: /no longer suspended[\s\S]*https:\/\/ana\.sites/,
      },
      ro: { subject: 'Site-ul dumneavoastră este din nou activ: ana.sites.example.com', says: /din nou:[\s\S]*https:/ },
    },
  ],
  [
    'customer',
    { is: 'deleted' },
    {
      en: { subject: 'Your site has been deleted: ana.sites.example.com', says: /with its data and its backups/ },
      ro: { subject: 'Site-ul dumneavoastră a fost șters: ana.sites.example.com', says: /copiile de siguranță/ },
    },
  ],
  [
    'customer',
    trouble('failed', 'site.backup'),
    {
      en: {
        subject: 'Making a backup of your site did not succeed: ana.sites.example.com',
        says: /\n\nThe infrastructure refused it\. The operator has been given the details\.\n\n/,
      },
      ro: {
        subject: 'Crearea unei copii de siguranță nu a reușit: ana.sites.example.com',
        says: /\n\nInfrastructura a refuzat cererea\./,
      },
    },
  ],
  [
    'operator',
    trouble('failed', 'zone.change'),
    {
      en: {
        subject: '[Provisor] zone.change failed: service 12345',
        says: /provisor operations show 01JOPERATION[\s\S]*Panel: shop[\s\S]*Reason: The infrastructure refused it/,
      },
      ro: { subject: '[Provisor] zone.change a eșuat: serviciul 12345', says: /Panou: shop[\s\S]*Motiv: The infra/ },
    },
  ],
  [
    'operator',
    trouble('stuck', 'site.create'),
    {
      en: { subject: '[Provisor] site.create waits for you: service 12345', says: /could not be finished by itself/ },
      ro: { subject: '[Provisor] site.create vă așteaptă: serviciul 12345', says: /nu a putut fi încheiată/ },
    },
  ],
];

describe('a letter', () => {
  for (const language of ['en', 'ro'] as const) {
    for (const [role, news, expected] of letters) {
      it(`says in "${language}" to the ${role}: ${'kind' in news ? `${news.kind} ` : ''}${news.is}`, async () => {
        const { header, text, html } = await read(role, news, language);
        assert.equal(header('subject'), expected[language].subject);
        assert.match(text, expected[language].says);
        assert.match(text, /12345/);
        assert.match(html, new RegExp(`<html lang="${language}">`));
        for (const line of text.split('\n\n')[0]!.split('\n')) assert.ok(html.includes(line), line);
        assert.equal(header('content-language'), language);
        assert.equal(header('auto-submitted'), 'auto-generated');
        assert.equal(header('message-id'), `<${id.toLowerCase()}@example.net>`);
        assert.equal(header('date'), 'Sat, 31 Jan 2026 12:00:00 +0000');
        assert.match(header('from') ?? '', /^"?Găzduire „Exemplu”"? <post@example\.net>$/);
        assert.equal(header('to'), 'ana@example.com');
        assert.match(header('content-type') ?? '', /^multipart\/alternative/);
      });
    }
  }

  it('invites nobody to a site that has no address any more', async () => {
    for (const is of ['created', 'unsuspended'] as const) {
      const { header, text } = await read('customer', { is }, 'en', { hostname: null, url: null });
      assert.match(header('subject') ?? '', /: service 12345$/);
      assert.doesNotMatch(text, /visit|http/);
    }
  });

  it('gives each failure its own name, and one that it does not know a general one', async () => {
    const subject = async (kind: string, language: Language) =>
      (await read('customer', trouble('failed', kind), language)).header('subject');
    assert.match((await subject('site.rollback', 'ro')) ?? '', /^Revenirea la o copie de siguranță nu a reușit/);
    assert.match((await subject('site.of-tomorrow', 'en')) ?? '', /^A change to your site did not succeed/);
    // A sentence that a provider gave has no other language.
    const { text } = await read('customer', { ...trouble('failed', 'site.create', 'of_tomorrow') } as News, 'ro');
    assert.match(text, /The infrastructure refused it/);
  });

  it('is the same to the byte each time', async () => {
    const [one, other] = [
      await read('customer', { is: 'created' }, 'ro'),
      await read('customer', { is: 'created' }, 'ro'),
    ];
    assert.equal(one.raw, other.raw);
  });

  it('gives hostile names no way out of their place', async () => {
    const hostile = 'x\r\nBcc: all@example.org\r\n\r\n<img src=x onerror=alert(1)>"&\u202egnp.exe\u2028\u0000';
    const news = { ...trouble('failed', 'site.create'), sentence: hostile, operation: hostile } as News;
    for (const role of ['customer', 'operator'] as const) {
      const { headers, text, html } = await read(role, news, 'en', { hostname: hostile, panel: hostile });
      assert.deepEqual(
        headers.map(([name]) => name).sort(),
        [
          'auto-submitted',
          'content-language',
          'content-type',
          'date',
          'from',
          'message-id',
          'mime-version',
          'subject',
          'to',
          'x-auto-response-suppress',
        ].sort(),
      );
      assert.doesNotMatch(html, /<img/);
      assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&amp;/);
      assert.doesNotMatch(text, /^Bcc:/m);
      for (const shown of [text, html]) assert.doesNotMatch(shown, /[\u202e\u2028]|(?!\n)\p{Cc}/u);
    }
    assert.equal(oneLine(' a\r\n\tb\u200f c '), 'a b c');
  });
});
