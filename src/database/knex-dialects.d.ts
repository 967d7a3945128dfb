// The dialects that knex ships have no types of their own. These are the parts
// that ours override or call.

declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import { Knex } from 'knex';

  export interface DriverQuery {
    sql: string;
    bindings?: readonly unknown[];
    options?: object;
    /** Ours: made by `statement`, and worth preparing. */
    isPrepared?: boolean;
    response?: unknown;
    context?: { lastID: number | bigint; changes: number };
  }

  export default class BetterSqlite3Client extends Knex.Client {
    _query(connection: unknown, query: DriverQuery): Promise<DriverQuery>;
  }
}

declare module 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js' {
  export default class SqliteTransaction {
    constructor(...args: unknown[]);
    begin(connection: unknown): Promise<unknown>;
    query(connection: unknown, sql: string, status?: number, value?: unknown): Promise<unknown>;
  }
}

declare module 'knex/lib/dialects/mysql2/index.js' {
  import { Knex } from 'knex';
  import type { DriverQuery } from 'knex/lib/dialects/better-sqlite3/index.js';

  export default class Mysql2Client extends Knex.Client {
    _query(connection: unknown, query: DriverQuery): Promise<DriverQuery>;
  }
}

declare module 'knex/lib/dialects/mysql2/transaction.js' {
  export default class MysqlTransaction {
    constructor(...args: unknown[]);
    begin(connection: unknown): Promise<unknown>;
  }
}

declare module 'knex/lib/dialects/mysql/schema/mysql-tablecompiler.js' {
  export default class MysqlTableCompiler {
    constructor(client: unknown, tableBuilder: unknown);
    /** The statements made so far. */
    sequence: { sql: string; bindings: unknown[] }[];
    /** What the table builder was told of the table as a whole. */
    single: { collate?: string; engine?: string };
    tableName(): string;
    create(ifNotExists: boolean, like: boolean): void;
  }
}
