/** What the database means to do for a query: whether it reads a whole table that grows. */
import type { Database } from '../../src/database/database.ts';

/** Tables with a row for each service or more. The others hold what an operator wrote: panels, keys, plans, pools. */
const growing = new Set([
  'services',
  'sites',
  'quotas',
  'operations',
  'operation_steps',
  'resources',
  'quota_holds',
  'idempotency_keys',
  'outbox',
  'deliveries',
  'delivery_lanes',
  'webhooks',
  'audit',
  'audit_chains',
  'reservations',
  'backups',
  'support',
  'domains',
  'domain_names',
  'zones',
  'zone_records',
]);

const explainable = /^\s*(select|update|delete)\b/i;
/** The clock, and what the database knows of itself. */
const apart = /\b(information_schema|unix_timestamp|julianday)\b/i;

/** Every text that is asked from now on, with one example of its values. */
export const watchQueries = ({ knex }: Database): Map<string, readonly unknown[]> => {
  const seen = new Map<string, readonly unknown[]>();
  knex.on('query', ({ sql, bindings }: { sql: string; bindings?: readonly unknown[] }) => {
    if (explainable.test(sql) && !apart.test(sql)) seen.set(sql, bindings ?? []);
  });
  return seen;
};

/** A plan names a table as the query does, which may be another name. */
const isGrowing = (sql: string, name: string): boolean => {
  const alias = new RegExp(`\`?(\\w+)\`?\\s+as\\s+\`?${name}\`?`, 'i').exec(sql)?.[1];
  return growing.has(name) || (alias !== undefined && growing.has(alias));
};

interface MysqlPlan {
  table: string | null;
  type: string | null;
  rows: number | string | null;
  Extra: string | null;
}

export const explainMysql = async ({ knex }: Database, sql: string, bindings: readonly unknown[] = []) =>
  ((await knex.raw(`explain ${sql}`, bindings as never)) as [MysqlPlan[]])[0];

const wrongOnMysql = async (db: Database, sql: string, bindings: readonly unknown[]): Promise<string[]> => {
  const wrong: string[] = [];
  for (const { table, type, rows, Extra } of await explainMysql(db, sql, bindings)) {
    if (table === null || !isGrowing(sql, table)) continue;
    const isWhole = type === 'ALL' || type === 'index';
    const sortsMuch = /Using filesort/.test(Extra ?? '') && Number(rows) > 1000;
    // Reading along an index is no harm where a LIMIT ends it soon.
    const ends = type === 'index' && Number(rows) < 1000;
    if ((isWhole && !ends && Number(rows) > 1000) || sortsMuch)
      wrong.push(`${type} of ${rows} rows of ${table} (${Extra}): ${sql}`);
  }
  return wrong;
};

const wrongOnSqlite = async ({ knex }: Database, sql: string, bindings: readonly unknown[]): Promise<string[]> => {
  const plan = (await knex.raw(`explain query plan ${sql}`, bindings as never)) as { detail: string }[];
  return plan
    .filter(({ detail }) => {
      const table = /^SCAN (\w+)/.exec(detail)?.[1];
      if (table === undefined || !isGrowing(sql, table)) return false;
      // Along an index, to an end that is near, and in the order that is asked for.
      const ends = / USING (COVERING )?INDEX /.test(detail) && /\blimit\b/i.test(sql) && !/\bwhere\b/i.test(sql);
      return !ends;
    })
    .map(({ detail }) => `${detail}: ${sql}`);
};

/** A sentence for each of these queries that reads a whole growing table, or sorts much of one. */
export const wholeReads = async (db: Database, seen: Map<string, readonly unknown[]>): Promise<string[]> => {
  const explain = db.dialect === 'sqlite' ? wrongOnSqlite : wrongOnMysql;
  const wrong: string[] = [];
  for (const [sql, bindings] of [...seen]) wrong.push(...(await explain(db, sql, bindings)));
  return wrong;
};
