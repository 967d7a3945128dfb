import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** What a site of a plan is granted. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('plans')) return;
  await db.schema.createTable('plans', (table) => {
    asciiColumn(table, dialect, 'name', 64).notNullable();
    table.integer('memory_mb').notNullable();
    table.integer('disk_mb').notNullable();
    table.integer('backups').notNullable().comment('How many at most');
    table.integer('domains').notNullable().comment('How many custom domains at most');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('updated_at').notNullable();
    table.primary(['name']);
  });
};
