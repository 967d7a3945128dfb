import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Copies of the data of sites. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('backups')) return;
  await db.schema.createTable('backups', (table) => {
    idColumn(table, dialect, 'site').notNullable().comment('services.id');
    asciiColumn(table, dialect, 'name', 32).notNullable();
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'day', 8).notNullable().comment('DDMMYYYY in the time zone of the operator');
    table.integer('number').notNullable().comment('The how manieth of its day; never given twice');
    asciiColumn(table, dialect, 'state', 16).notNullable().comment('creating, ready, deleting, deleted');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('deleted_at').nullable();
    table.primary(['site', 'name']);
    table.index(['site', 'deleted_at', 'created_at']);
  });
};
