import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Counted limits of a service. The database refuses what is over. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('quotas')) return;
  await db.schema.createTable('quotas', (table) => {
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'kind', 32).notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    asciiColumn(table, dialect, 'resource', 32).notNullable().comment('backups, domains');
    table.integer('used').notNullable().defaultTo(0);
    table.integer('lim').notNullable().comment('The limit');
    table.primary(['panel_id', 'kind', 'service_id', 'resource']);
    table.check('used >= 0 and used <= lim', {}, 'quotas_used_within_limit');
  });
};
