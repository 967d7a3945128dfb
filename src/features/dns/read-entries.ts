/** The lexical half of a zone file (RFC 1035, section 5.1): from text to entries of words. Pure. */

/** A word or a quoted string. */
export interface Word {
  /** With its escapes resolved: `\DDD` is one byte, which need not be a character. */
  bytes: Buffer;
  quoted: boolean;
  /** An escape stood in it. */
  escaped: boolean;
}

export interface Entry {
  /** The line that it begins on, counted from 1. */
  line: number;
  /** It begins with a blank: its owner is that of the record before. */
  continues: boolean;
  words: Word[];
}

/** What cannot be read, and where. */
export class ZoneFileFault extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';
const endsWord = (character: string | undefined): boolean =>
  character === undefined || isBlank(character) || /[\n;()"]/.test(character);

/**
 * The entries of a zone file, in their order. Parentheses join lines, `;` begins a
 * comment outside quotes. Throws {@link ZoneFileFault}.
 */
export const readEntries = (text: string): Entry[] => {
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const entries: Entry[] = [];
  let at = 0;
  let line = 1;
  let opened = 0;
  let entry: Entry | null = null;
  let atStart = true;

  const readEscape = (): Buffer => {
    // `at` is on the backslash.
    const digits = source.slice(at + 1, at + 4);
    if (/^\d{3}$/.test(digits)) {
      if (Number(digits) > 255) throw new ZoneFileFault(line, `\\${digits} is no byte: 255 is the highest`);
      at += 4;
      return Buffer.from([Number(digits)]);
    }
    const character = source.codePointAt(at + 1);
    if (character === undefined || /[\n\d]/.test(String.fromCodePoint(character))) {
      throw new ZoneFileFault(line, 'a backslash stands before nothing that it could escape');
    }
    const plain = String.fromCodePoint(character);
    at += 1 + plain.length;
    return Buffer.from(plain);
  };

  const readWord = (): Word => {
    const quoted = source[at] === '"';
    const began = line;
    const parts: (Buffer | string)[] = [];
    let escaped = false;
    if (quoted) at += 1;
    for (;;) {
      const character = source[at];
      if (quoted ? character === '"' : endsWord(character)) break;
      if (character === undefined || character === '\n') {
        throw new ZoneFileFault(began, 'a quotation mark is opened and not closed on its line');
      }
      if (character === '\\') {
        escaped = true;
        parts.push(readEscape());
      } else {
        parts.push(character);
        at += 1;
      }
    }
    if (quoted) at += 1;
    return { bytes: joined(parts), quoted, escaped };
  };

  const add = (word: Word): void => {
    entry ??= { line, continues: false, words: [] };
    entry.words.push(word);
  };

  while (at < source.length) {
    const character = source[at];
    if (character === '\n') {
      if (opened === 0) {
        if (entry && entry.words.length > 0) entries.push(entry);
        entry = null;
      }
      atStart = opened === 0;
      at += 1;
      line += 1;
      continue;
    }
    if (isBlank(character)) {
      if (atStart) entry = { line, continues: true, words: [] };
      at += 1;
    } else if (character === ';') {
      const end = source.indexOf('\n', at);
      at = end === -1 ? source.length : end;
    } else if (character === '(') {
      opened += 1;
      at += 1;
    } else if (character === ')') {
      if (opened === 0) throw new ZoneFileFault(line, 'a parenthesis is closed that was not opened');
      opened -= 1;
      at += 1;
    } else {
      const began = line;
      const word = readWord();
      if (!entry) entry = { line: began, continues: false, words: [] };
      add(word);
    }
    atStart = false;
  }
  if (opened > 0) throw new ZoneFileFault(line, 'a parenthesis is opened and never closed');
  if (entry && (entry as Entry).words.length > 0) entries.push(entry);
  return entries;
};

/** Characters are joined before they are encoded: half of a surrogate pair is none. */
const joined = (parts: readonly (Buffer | string)[]): Buffer => {
  const buffers: Buffer[] = [];
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') text += part;
    else {
      buffers.push(Buffer.from(text), part);
      text = '';
    }
  }
  return Buffer.concat([...buffers, Buffer.from(text)]);
};
