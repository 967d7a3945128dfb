/**
 * SQL that is written out, for what every request and every step runs. The
 * query builder takes longer to put such a query together than the database to
 * answer it. A statement is prepared once for each connection, and passes the
 * same guards as every other query: transactions, time limits, errors.
 */
import type { Queries } from './database.ts';

/** What a query may carry: see `checkBindings`. */
export type Value = string | number | bigint | null;

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; stores give them types
export type Row = any;

/** What each database has its own words for. */
export interface Words {
  /** The database's time in epoch milliseconds, to be read with `Database.timeOf`. */
  now: string;
  /** At the end of a select in a transaction: nobody else changes the rows before its end. */
  forUpdate: string;
  /** At the end of an insert: a row whose `key` is there gets these columns of the new one. */
  orSet(key: readonly string[], columns: readonly string[]): string;
  /** For `updatesTelling`: an update whose answer `readTold` understands. */
  updateTelling(update: { table: string; set: string; where: string; tells: string }): string;
}

/** One statement, with a `?` for each value. */
export interface Statement {
  rows(queries: Queries, values: readonly Value[]): Promise<Row[]>;
  /** Null when there is none. */
  first(queries: Queries, values: readonly Value[]): Promise<Row | null>;
  /** How many rows were inserted, deleted, or matched by an update. */
  change(queries: Queries, values: readonly Value[]): Promise<number>;
}

/** The part of a knex client below its query builder. That of a transaction hands out its own connection. */
interface StatementClient {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
  query(connection: unknown, query: object): Promise<object>;
  processResponse(answered: object, builder: null): unknown;
  emit(event: 'query-response', response: unknown, answered: object, builder: null): void;
  readonly words: Words;
  /** From the answer to an `updateTelling`. Null when it changed no row, undefined when it changed one and did not tell. */
  readTold(response: unknown): number | null | undefined;
}

const run = async (
  queries: Queries,
  query: { sql: string; bindings: readonly Value[]; method: 'select' | 'update' },
): Promise<unknown> => {
  const client = queries.client as StatementClient;
  const connection = await client.acquireConnection();
  try {
    const answered = await client.query(connection, { ...query, isPrepared: true });
    const response = client.processResponse(answered, null);
    client.emit('query-response', response, answered, null);
    return response;
  } finally {
    await client.releaseConnection(connection);
  }
};

/** As `make`, which is asked once for each `key`. */
const onceForEach = <Of, Made>(make: (of: Of) => Made, key: (of: Of) => unknown): ((of: Of) => Made) => {
  const known = new Map<unknown, Made>();
  return (of) => {
    const by = key(of);
    const found = known.get(by) ?? make(of);
    known.set(by, found);
    return found;
  };
};

/** The text for the database that is asked. */
const textFor = (sql: string | ((words: Words) => string)): ((queries: Queries) => string) => {
  if (typeof sql === 'string') return () => sql;
  const text = onceForEach(sql, (words) => words);
  return (queries) => text((queries.client as StatementClient).words);
};

export const statement = (sql: string | ((words: Words) => string)): Statement => {
  const text = textFor(sql);
  const rows = async (queries: Queries, values: readonly Value[]): Promise<Row[]> =>
    (await run(queries, { sql: text(queries), bindings: values, method: 'select' })) as Row[];
  return {
    rows,
    first: async (queries, values) => (await rows(queries, values))[0] ?? null,
    change: async (queries, values) =>
      (await run(queries, { sql: text(queries), bindings: values, method: 'update' })) as number,
  };
};

const byName = (columns: readonly string[]): string => columns.join();

/** Statements that are alike but for the columns that they write: each set of columns is one statement. */
export const statementsOf = (sqlOf: (columns: readonly string[]) => string) =>
  onceForEach((columns: readonly string[]) => statement(sqlOf(columns)), byName);

/** What is told is larger. A server that could not tell gives 0, or the number of a row that a trigger has written. */
const leastTold = 2 ** 40;

/**
 * Updates of the one row with an `id`, alike but for the columns that they write, which tell a whole number of it: one
 * that is made of the time, and of columns that they leave as they are. Where a trigger keeps MySQL or MariaDB from
 * telling it with the update, it is read.
 */
export const updatesTelling = (
  table: string,
  { set, and, tells }: { set: (columns: readonly string[]) => string; and: string; tells: (words: Words) => string },
) => {
  const where = `id = ? and ${and}`;
  const textOf = onceForEach(
    (columns: readonly string[]) =>
      textFor((words) => words.updateTelling({ table, set: set(columns), where, tells: tells(words) })),
    byName,
  );
  const read = statement((words) => `select ${tells(words)} as told from ${table} where id = ?`);

  /** In a transaction. Null when no row is so. */
  return async (
    tx: Queries,
    columns: readonly string[],
    values: { set: readonly Value[]; id: string; and: readonly Value[] },
  ): Promise<number | null> => {
    const bindings = [...values.set, values.id, ...values.and];
    const response = await run(tx, { sql: textOf(columns)(tx), bindings, method: 'select' });
    const told = (tx.client as StatementClient).readTold(response);
    if (told === null || (told !== undefined && told > leastTold)) return told;
    return Number((await read.first(tx, [values.id])).told);
  };
};

const insertText = (table: string, columns: readonly string[], rows = 1): string => {
  const row = `(${columns.map(() => '?').join(', ')})`;
  return `insert into ${table} (${columns.join(', ')}) values ${Array.from({ length: rows }, () => row).join(', ')}`;
};

/** An insert of a row with these columns. */
export const insertInto = (table: string, columns: readonly string[]): Statement =>
  statement(insertText(table, columns));

/** Statements that are alike but for how many rows they write: each number is one statement. */
const byCount = (of: (rows: number) => Statement) => onceForEach(of, (rows) => rows);

/** An insert of so many rows, of which all or none come in. */
export const insertAllInto = (table: string, columns: readonly string[]): ((rows: number) => Statement) =>
  byCount((rows) => statement(insertText(table, columns, rows)));

/** An insert of so many rows; those whose `key` is there get the columns `set` of the new ones instead. */
export const upsertInto = (
  table: string,
  { columns, key, set }: { columns: readonly string[]; key: readonly string[]; set: readonly string[] },
): ((rows: number) => Statement) =>
  byCount((rows) => statement((words) => `${insertText(table, columns, rows)} ${words.orSet(key, set)}`));
