import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Support subscriptions of customers. A row is never deleted. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('support')) return;
  await db.schema.createTable('support', (table) => {
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    asciiColumn(table, dialect, 'customer_id', 64).nullable().comment('The customer, as the panel calls it');
    table.string('email', 254).notNullable();
    table.string('firstname', 100).notNullable();
    table.string('lastname', 100).notNullable();
    asciiColumn(table, dialect, 'state', 16).notNullable().comment('active, suspended, terminated');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('updated_at').notNullable();
    table.primary(['panel_id', 'service_id']);
  });
};
