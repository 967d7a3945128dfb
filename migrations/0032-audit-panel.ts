import type { Knex } from 'knex';
import type { Dialect } from '../src/database/columns.ts';

/** Whose an entry is, worked out from its chain, so that it can be asked by and not be changed. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasColumn('audit', 'panel_id')) return;
  const type = dialect === 'mysql' ? 'varchar(26) character set ascii collate ascii_bin' : 'varchar(26)';
  await db.raw(`alter table audit add column panel_id ${type} generated always as (substr(chain, 1, 26)) virtual`);
  await db.schema.alterTable('audit', (table) => {
    table.index(['panel_id', 'at', 'chain', 'seq'], 'audit_by_panel');
  });
};
