import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Names, addresses and numbers that belong to a service, or did until lately. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('reservations')) return;
  await db.schema.createTable('reservations', (table) => {
    asciiColumn(table, dialect, 'pool', 32).notNullable();
    asciiColumn(table, dialect, 'value', 64).notNullable();
    table.bigInteger('number').nullable().comment('In numbered pools');
    idColumn(table, dialect, 'panel_id').notNullable();
    idColumn(table, dialect, 'service').notNullable().comment('The service that has it, by our own id');
    table.bigInteger('free_at').nullable().comment('Given back: nobody else gets it before then; null while in use');
    table.primary(['pool', 'value']);
    table.unique(['pool', 'number']);
    table.index(['pool', 'free_at']);
    table.index(['service']);
  });
};
