import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** What a request began, a worker goes on with later: in the same trace. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasColumn('operations', 'traceparent')) return;
  await db.schema.alterTable('operations', (table) => {
    asciiColumn(table, dialect, 'traceparent', 55)
      .nullable()
      .comment('W3C Trace Context of the request that asked for it');
  });
};
