import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** DNS zones of customers; state, customer and times are in services. What is published is the provider's to say. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('zones')) return;
  await db.schema.createTable('zones', (table) => {
    idColumn(table, dialect, 'id').notNullable().comment('services.id');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'name', 253).notNullable().comment('Lower-case A-labels, without the trailing dot');
    asciiColumn(table, dialect, 'live_name', 253)
      .nullable()
      .comment('The name while the zone is in use: unique among all panels; null once it was given back');
    asciiColumn(table, dialect, 'number', 16)
      .notNullable()
      .comment('A hash of the name, for clients that want numbers');
    asciiColumn(table, dialect, 'domain', 253)
      .notNullable()
      .comment('The name below the public suffix; zones of one domain are parents and children of each other');
    table
      .integer('version')
      .notNullable()
      .defaultTo(0)
      .comment('Rises with every change that is begun or ended; a change planned on an older one is planned anew');
    idColumn(table, dialect, 'created_by').notNullable().comment('The operation that makes it');
    table.primary(['id']);
    table.unique(['live_name']);
    table.index(['panel_id', 'name']);
    table.index(['panel_id', 'number']);
    table.index(['domain']);
  });
};
