/** What the database means to do for a query: whether it reads a whole table that grows. */
import type { Database, Queries } from '../../src/database/database.ts';
import type { Asked } from './asked.ts';

/** Tables of what an operator or a panel set up, and of the schema itself. Every other one grows with the services. */
const small = new Set([
  'panels',
  'panel_keys',
  'plans',
  'pools',
  'webhooks',
  // A row for each panel.
  'support_guesses',
  'schema_migrations',
  'migration_lease',
]);

export const isGrowing = (table: string): boolean => !small.has(table);

/** A plan names a table as the query does, which may be another name. A result that is read again is none. */
const readsGrowing = (sql: string, name: string): boolean => {
  if (name.startsWith('<')) return false;
  const alias = new RegExp(`\`?(\\w+)\`?\\s+as\\s+\`?${name}\`?(?!\\w)`, 'i').exec(sql)?.[1];
  return isGrowing(alias ?? name);
};

interface MysqlPlan {
  table: string | null;
  type: string | null;
  rows: number | string | null;
  Extra: string | null;
}

export const explainMysql = async (queries: Queries, { sql, bindings }: Asked) =>
  ((await queries.raw(`explain ${sql}`, bindings)) as [MysqlPlan[]])[0];

/** A sentence for each part of a plan that reads a whole growing table, or sorts much of one. */
export const wrongInPlan = (sql: string, plan: readonly MysqlPlan[]): string[] => {
  const wrong: string[] = [];
  for (const { table, type, rows, Extra } of plan) {
    if (table === null || !readsGrowing(sql, table)) continue;
    const isWhole = type === 'ALL' || type === 'index';
    const sortsMuch = /Using filesort/.test(Extra ?? '') && Number(rows) > 1000;
    // Reading along an index is no harm where a LIMIT ends it soon.
    const ends = type === 'index' && Number(rows) < 1000;
    if ((isWhole && !ends && Number(rows) > 1000) || sortsMuch)
      wrong.push(`${type} of ${rows} rows of ${table} (${Extra}): ${sql}`);
  }
  return wrong;
};

const wrongOnSqlite = async (queries: Queries, { sql, bindings }: Asked): Promise<string[]> => {
  const plan = (await queries.raw(`explain query plan ${sql}`, bindings)) as { detail: string }[];
  return plan
    .filter(({ detail }) => {
      const table = /^SCAN (\w+)/.exec(detail)?.[1];
      if (table === undefined || table === 'CONSTANT' || !readsGrowing(sql, table)) return false;
      // Along an index, to an end that is near, and in the order that is asked for.
      const ends = / USING (COVERING )?INDEX /.test(detail) && /\blimit\b/i.test(sql) && !/\bwhere\b/i.test(sql);
      return !ends;
    })
    .map(({ detail }) => `${detail}: ${sql}`);
};

/** A sentence for each of these statements that reads a whole growing table, or sorts much of one. */
export const wholeReads = async ({ dialect, knex }: Database, asked: readonly Asked[]): Promise<string[]> => {
  const wrong: string[] = [];
  for (const one of asked)
    wrong.push(
      ...(dialect === 'sqlite' ? await wrongOnSqlite(knex, one) : wrongInPlan(one.sql, await explainMysql(knex, one))),
    );
  return wrong;
};

/** Rows that a connection has read since its begin, of tables, of indexes and of what was sorted. */
export const readSoFar = async (queries: Queries): Promise<number> => {
  const [rows] = (await queries.raw(
    `show session status where variable_name like 'Handler_read%' or variable_name = 'Handler_icp_attempts'`,
  )) as [{ Value: string }[]];
  return rows.reduce((sum, row) => sum + Number(row.Value), 0);
};
