import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** How far each numbered pool has been handed out. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('pools')) return;
  await db.schema.createTable('pools', (table) => {
    asciiColumn(table, dialect, 'name', 32).notNullable();
    table.bigInteger('next_number').notNullable();
    table.primary(['name']);
  });
};
