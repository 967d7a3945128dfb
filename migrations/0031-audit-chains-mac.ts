import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** Only who has the pepper can say what the last entry of a chain is. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasColumn('audit_chains', 'mac')) return;
  await db.schema.alterTable('audit_chains', (table) => {
    asciiColumn(table, dialect, 'mac', 64)
      .nullable()
      .comment('HMAC-SHA256 over chain, seq and hash with a key made from the pepper');
  });
};
