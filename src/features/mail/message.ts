/**
 * A letter as a message: plain text, and the same as simple HTML. It is the same
 * to the byte for the same delivery, so whoever gets it twice can tell.
 */
import MailComposer from 'nodemailer/lib/mail-composer';
import { escapeHtml } from '../../kit/html.ts';
import type { Mailbox } from '../../kit/mail-address.ts';
import type { Language, Letter } from './letter.ts';

/** On one line: no line breaks, and nothing that turns the reading direction or hides. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();

const textOf = (letter: Letter): string =>
  [
    ...letter.paragraphs,
    ...(letter.link ? [letter.link.url] : []),
    ...(letter.command ? [letter.command] : []),
    letter.facts.map(([name, value]) => `${name}: ${value}`).join('\n'),
    `-- \n${letter.ending}`,
  ].join('\n\n');

const htmlOf = (letter: Letter, language: Language): string => {
  const paragraph = (html: string) => `<p>${html}</p>`;
  const rows = letter.facts.map(
    ([name, value]) =>
      `<tr><td style="color:#555;padding-right:1em">${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${escapeHtml(letter.subject)}</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5;max-width:40em">',
    ...letter.paragraphs.map((text) => paragraph(escapeHtml(text))),
    ...(letter.link
      ? [
          paragraph(
            `<a href="${escapeHtml(letter.link.url)}">${escapeHtml(letter.link.text)}</a><br>${escapeHtml(letter.link.url)}`,
          ),
        ]
      : []),
    ...(letter.command ? [paragraph(escapeHtml(letter.command))] : []),
    `<table>${rows.join('')}</table>`,
    `<p style="color:#555;font-size:smaller">${escapeHtml(letter.ending)}</p>`,
    '</body></html>',
  ].join('\n');
};

const cleaned = (letter: Letter): Letter => ({
  subject: oneLine(letter.subject).slice(0, 200),
  paragraphs: letter.paragraphs.map(oneLine),
  ...(letter.link ? { link: { text: oneLine(letter.link.text), url: new URL(letter.link.url).href } } : {}),
  facts: letter.facts.map(([name, value]) => [oneLine(name), oneLine(value)]),
  ...(letter.command ? { command: oneLine(letter.command) } : {}),
  ending: oneLine(letter.ending),
});

export interface Sending {
  /** Names the message for ever: the id of its delivery. */
  id: string;
  from: Mailbox;
  to: string;
  at: number;
  language: Language;
}

export const messageIdOf = ({ id, from }: Pick<Sending, 'id' | 'from'>): string =>
  `<${id.toLowerCase()}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`;

/** The bytes that are handed to a server. Errors: none that a letter could cause. */
export const createMessage = (written: Letter, sending: Sending): Promise<Buffer> => {
  const letter = cleaned(written);
  return new MailComposer({
    from: { name: oneLine(sending.from.name), address: sending.from.address },
    to: { name: '', address: sending.to },
    subject: letter.subject,
    date: new Date(sending.at),
    messageId: messageIdOf(sending),
    headers: {
      // No holiday notices, and no answers of other programs (RFC 3834, and Exchange's own way).
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': sending.language,
    },
    text: textOf(letter),
    html: htmlOf(letter, sending.language),
    encoding: 'quoted-printable',
    baseBoundary: sending.id.toLowerCase(),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
};
