import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** What a panel sold, of any kind. The row outlives the service, so that its identifier is never given to something else. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('services')) return;
  await db.schema.createTable('services', (table) => {
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'kind', 32).notNullable().comment('site, and later others');
    asciiColumn(table, dialect, 'service_id', 64).notNullable().comment('The identifier of the panel');
    idColumn(table, dialect, 'id').notNullable().comment('Ours, never reused; names of outside objects come from it');
    asciiColumn(table, dialect, 'customer_id', 64).nullable().comment('The customer of the panel');
    asciiColumn(table, dialect, 'state', 16).notNullable();
    asciiColumn(table, dialect, 'plan', 64).notNullable();
    table.integer('generation').notNullable().defaultTo(1).comment('Rises when a failed service is made anew');
    table
      .bigInteger('fence')
      .notNullable()
      .defaultTo(0)
      .comment('Rises with every claim; a write with an older one is refused');
    table.bigInteger('suspended_at').nullable();
    table.string('suspended_reason', 200).nullable();
    table.bigInteger('created_at').notNullable();
    table.bigInteger('updated_at').notNullable();
    table.bigInteger('deleted_at').nullable();
    table.primary(['panel_id', 'kind', 'service_id']);
    table.unique(['id']);
    table.index(['panel_id', 'kind', 'deleted_at', 'id']);
    table.index(['panel_id', 'kind', 'state', 'id']);
    table.index(['panel_id', 'kind', 'customer_id', 'id']);
    table.index(['plan', 'deleted_at']);
  });
};
