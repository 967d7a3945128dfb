import type { Knex } from 'knex';
import { asciiColumn, type Dialect, longTextColumn } from '../src/database/columns.ts';

/** Who did what, hash-chained, one chain for each service. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('audit')) return;
  await db.schema.createTable('audit', (table) => {
    asciiColumn(table, dialect, 'chain', 160).notNullable();
    table.integer('seq').notNullable();
    table.bigInteger('at').notNullable();
    asciiColumn(table, dialect, 'actor', 64).notNullable();
    asciiColumn(table, dialect, 'action', 64).notNullable();
    asciiColumn(table, dialect, 'outcome', 32).notNullable();
    longTextColumn(table, 'details').notNullable().comment('JSON');
    asciiColumn(table, dialect, 'request_id', 64).nullable();
    asciiColumn(table, dialect, 'prev_hash', 64).notNullable();
    asciiColumn(table, dialect, 'hash', 64).notNullable().comment('SHA-256 over the entry and prev_hash');
    table.primary(['chain', 'seq']);
  });
};
