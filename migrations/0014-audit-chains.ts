import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** The last entry of each audit chain; its row serialises writers of one chain. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('audit_chains')) return;
  await db.schema.createTable('audit_chains', (table) => {
    asciiColumn(table, dialect, 'chain', 160).notNullable();
    table.integer('seq').notNullable();
    asciiColumn(table, dialect, 'hash', 64).notNullable();
    table.primary(['chain']);
  });
};
