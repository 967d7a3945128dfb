import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** What others are to be told, written with the change itself. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('outbox')) return;
  await db.schema.createTable('outbox', (table) => {
    idColumn(table, dialect, 'id').notNullable();
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_kind', 32).notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    asciiColumn(table, dialect, 'event', 64).notNullable();
    longTextColumn(table, 'payload').notNullable().comment('JSON');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('sent_at').nullable();
    table.primary(['id']);
    table.index(['sent_at', 'id']);
  });
};
