/**
 * What our code asks the database, told apart from what a test asks it by itself. With PROVISOR_TEST_QUERIES every
 * test that asks MariaDB leaves it in a file of that folder, for `npm run test:plans`.
 */
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../src/database/database.ts';

export type Value = string | number | null;

/** A statement with an example of its values. */
export interface Asked {
  sql: string;
  bindings: readonly Value[];
}

interface Query {
  sql: string;
  bindings?: readonly unknown[];
  isPrepared?: boolean;
}

/** A query that knex puts together. It keeps where that was begun when its option asyncStackTraces is on. */
interface Builder {
  _asyncStack?: { error: Error };
  on(event: 'query', listener: (query: Query) => void): void;
}

const explainable = /^\s*(select|update|delete)\b/i;
/** What the database knows of itself. */
const apart = /\binformation_schema\b/i;
/** Examples of one text. */
const most = 8;

const root = new URL('../../', import.meta.url);
const ours = new URL('src/', root).href;

const isOurs = ({ _asyncStack }: Builder): boolean => {
  const frames = _asyncStack?.error.stack?.split('\n') ?? [];
  const from = frames.find((line) => line.includes('://') && !line.includes('/node_modules/')) ?? '';
  return from.includes(ours) && !/\.test\.ts:|\/testdata\//.test(from);
};

const plain = (value: unknown): Value =>
  value === null || typeof value === 'string' || typeof value === 'number' ? value : String(value);

/** Some rows are many in one state and few in another: a text is asked with each of its words. */
const keyOf = ({ sql, bindings }: Asked): string =>
  [sql, ...bindings.filter((value) => typeof value === 'string' && /^[a-z_.]{3,24}$/.test(value))].join('\n');

const createAsked = () => {
  const all = new Map<string, Asked>();
  const texts = new Map<string, number>();
  return {
    all,
    add: (asked: Asked): void => {
      const key = keyOf(asked);
      const times = texts.get(asked.sql) ?? 0;
      if (all.has(key) || times >= most) return;
      all.set(key, asked);
      texts.set(asked.sql, times + 1);
    },
    clear: (): void => {
      all.clear();
      texts.clear();
    },
  };
};

/** Every statement that our code asks from now on, once. */
export const watchQueries = ({ knex }: Database) => {
  const seen = createAsked();
  const add = ({ sql, bindings = [] }: Query): void => {
    if (explainable.test(sql) && !apart.test(sql)) seen.add({ sql, bindings: bindings.map(plain) });
  };
  knex.client.config.asyncStackTraces = true;
  knex.on('start', (builder: Builder) => {
    if (isOurs(builder)) builder.on('query', add);
  });
  // Of `statement`, which nobody but our code has.
  knex.on('query', (query: Query) => {
    if (query.isPrepared) add(query);
  });
  return {
    list: (): Asked[] => [...seen.all.values()],
    clear: seen.clear,
  };
};

const folder = process.env.PROVISOR_TEST_QUERIES;

export const isCollecting = folder !== undefined;

/** Watches a database until the returned function is called, which leaves what was asked for `readCollected`. */
export const collectQueries = (db: Database): (() => Promise<void>) => {
  if (folder === undefined || db.dialect === 'sqlite') return async () => {};
  const seen = watchQueries(db);
  return async () => {
    const from = relative(fileURLToPath(root), process.argv[1] ?? '');
    const lines = seen.list().map((asked) => `${JSON.stringify({ from, ...asked })}\n`);
    await appendFile(join(folder, `${process.pid}.jsonl`), lines.join(''));
  };
};

/** All that was left in a folder, each once, and how many test files it came from. */
export const readCollected = async (from: string): Promise<{ asked: Asked[]; files: number }> => {
  const seen = createAsked();
  const files = new Set<string>();
  for (const name of (await readdir(from)).sort()) {
    for (const line of (await readFile(join(from, name), 'utf8')).split('\n').filter(Boolean)) {
      const { from: file, ...asked } = JSON.parse(line) as Asked & { from: string };
      files.add(file);
      seen.add(asked);
    }
  }
  return { asked: [...seen.all.values()], files: files.size };
};
