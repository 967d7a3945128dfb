/**
 * Records from a zone file (RFC 1035, section 5; `$TTL` of RFC 2308). Whatever the
 * file says that cannot be taken is told with its line; nothing is passed over in
 * silence. Pure.
 */

import { type Entry, readEntries, type Word, ZoneFileFault } from './read-entries.ts';
import type { RecordWish } from './record.ts';

/** A record of the file: its names absolute, the rest as it stands there. */
export interface FileRecord {
  line: number;
  wish: RecordWish;
}

export interface FileProblem {
  line: number;
  message: string;
}

export interface ZoneFile {
  records: FileRecord[];
  problems: FileProblem[];
  /** What was understood and is not taken, because it is ours. */
  ignored: FileProblem[];
}

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const ttlForm = /^(?:\d+|(?:\d+[smhdw])+)$/i;
const classForm = /^(?:IN|CH|HS|CS|ANY|NONE|CLASS\d+)$/i;
const mostProblems = 50;

/** `1h30m` in seconds. */
const seconds = (text: string): number =>
  [...text.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (units[unit.toLowerCase()] ?? 1),
    0,
  );

const decoder = new TextDecoder('utf-8', { fatal: true });

const textOf = (words: readonly Word[], line: number): string => {
  try {
    return decoder.decode(Buffer.concat(words.map(({ bytes }) => bytes)));
  } catch {
    throw new ZoneFileFault(line, 'a text is not UTF-8');
  }
};

/** Reads all of a zone file. `zone` is the origin that it begins with, absolute. */
export const readZoneFile = (text: string, zone: string): ZoneFile => {
  const file: ZoneFile = { records: [], problems: [], ignored: [] };
  let origin = zone;
  let defaultTtl: number | undefined;
  let lastTtl: number | undefined;
  let lastOwner: string | undefined;

  const plain = (word: Word | undefined, line: number, what: string): string => {
    if (!word) throw new ZoneFileFault(line, `${what} is missing`);
    if (word.escaped) throw new ZoneFileFault(line, `${what} has a backslash, which we do not take there`);
    return textOf([word], line);
  };

  const absolute = (word: Word | undefined, line: number, what: string): string => {
    const name = plain(word, line, what);
    if (name === '@') return origin;
    if (name.endsWith('.')) return name;
    return origin === '.' ? `${name}.` : `${name}.${origin}`;
  };

  const number = (word: Word | undefined, line: number, what: string): number => {
    const digits = plain(word, line, what);
    if (!/^\d{1,10}$/.test(digits)) throw new ZoneFileFault(line, `${what} must be a number`);
    return Number(digits);
  };

  const exactly = ({ line }: Entry, words: Word[], count: number, form: string): void => {
    if (words.length !== count) throw new ZoneFileFault(line, `the data must be: ${form}`);
  };

  const direct = (entry: Entry, name: string): void => {
    const { line, words } = entry;
    switch (name) {
      case '$ORIGIN':
        exactly(entry, words, 2, '$ORIGIN name');
        origin = absolute(words[1], line, 'the origin');
        return;
      case '$TTL': {
        exactly(entry, words, 2, '$TTL time');
        const ttl = plain(words[1], line, 'the time');
        if (!ttlForm.test(ttl)) throw new ZoneFileFault(line, 'the time must be seconds, or like 1h30m');
        defaultTtl = seconds(ttl);
        return;
      }
      default:
        throw new ZoneFileFault(line, `${name.slice(0, 20)} is not taken here: write the records out`);
    }
  };

  /** The data of a record as a wish has it. */
  const dataOf = (entry: Entry, type: string, words: Word[]): Omit<RecordWish, 'name' | 'type' | 'ttl'> => {
    const { line } = entry;
    const target = (at: number) => absolute(words[at], line, 'the target');
    switch (type) {
      case 'A':
      case 'AAAA':
        exactly(entry, words, 1, 'an address');
        return { data: plain(words[0], line, 'the address') };
      case 'CNAME':
      case 'NS':
        exactly(entry, words, 1, 'a name');
        return { data: target(0) };
      case 'MX':
        exactly(entry, words, 2, 'priority name');
        return { priority: number(words[0], line, 'the priority'), data: target(1) };
      case 'SRV':
        exactly(entry, words, 4, 'priority weight port name');
        return {
          priority: number(words[0], line, 'the priority'),
          weight: number(words[1], line, 'the weight'),
          port: number(words[2], line, 'the port'),
          data: target(3),
        };
      case 'CAA':
        exactly(entry, words, 3, 'flags tag value');
        return {
          flags: number(words[0], line, 'the flags'),
          tag: plain(words[1], line, 'the tag'),
          data: textOf([words[2]!], line),
        };
      case 'TXT':
        if (words.length === 0) throw new ZoneFileFault(line, 'the text is missing');
        return { data: textOf(words, line) };
      default:
        throw new ZoneFileFault(line, `records of type ${type.slice(0, 20)} are not taken here`);
    }
  };

  const record = (entry: Entry): void => {
    const { line, continues } = entry;
    const words = [...entry.words];
    if (!continues) lastOwner = absolute(words.shift(), line, 'the owner');
    if (lastOwner === undefined) throw new ZoneFileFault(line, 'the first record has no owner');
    const name = lastOwner;
    let ttl: number | undefined;
    let inClass = false;
    let type = '';
    for (;;) {
      const word = words.shift();
      const text = plain(word, line, 'the type').toUpperCase();
      if (ttl === undefined && ttlForm.test(text)) ttl = seconds(text);
      else if (!inClass && classForm.test(text)) {
        if (text !== 'IN') throw new ZoneFileFault(line, `the class ${text} is not taken here, only IN`);
        inClass = true;
      } else {
        type = text;
        break;
      }
    }
    if (ttl !== undefined) lastTtl = ttl;
    if (/^TYPE\d+$/.test(type) || (words[0]?.escaped === true && textOf([words[0]], line) === '#')) {
      throw new ZoneFileFault(line, 'data in the form of RFC 3597 (TYPE123, \\#) is not taken here');
    }
    const atApex = name.toLowerCase() === zone;
    if (type === 'SOA' || (type === 'NS' && atApex)) {
      file.ignored.push({
        line,
        message: `this service keeps the ${type === 'SOA' ? 'SOA' : 'NS at the zone'} itself`,
      });
      return;
    }
    const data = dataOf(entry, type, words);
    file.records.push({ line, wish: { name, type, ttl: ttl ?? defaultTtl ?? lastTtl, ...data } });
  };

  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ZoneFileFault)) throw error;
      file.problems.push({ line: error.line, message: error.message });
    }
  };

  let entries: Entry[] = [];
  guarded(() => {
    entries = readEntries(text);
  });
  for (const entry of entries) {
    if (file.problems.length >= mostProblems) break;
    guarded(() => {
      const first = entry.continues ? '' : textOf(entry.words.slice(0, 1), entry.line);
      if (first.startsWith('$') && entry.words[0]?.quoted === false) direct(entry, first.toUpperCase());
      else record(entry);
    });
  }
  return file;
};
