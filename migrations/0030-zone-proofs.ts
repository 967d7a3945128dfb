import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** That a customer could publish our TXT challenge: it was seen before the domain was moved to our nameservers. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('zone_proofs')) return;
  await db.schema.createTable('zone_proofs', (table) => {
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'customer_id', 64).notNullable().comment('Empty for the panel itself');
    asciiColumn(table, dialect, 'name', 253).notNullable().comment('Of the zone');
    table.bigInteger('seen_at').notNullable();
    table.primary(['panel_id', 'customer_id', 'name']);
  });
};
