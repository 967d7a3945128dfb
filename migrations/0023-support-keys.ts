import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Support keys, those that hold and those that were replaced. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('support_keys')) return;
  await db.schema.createTable('support_keys', (table) => {
    asciiColumn(table, dialect, 'mac', 64).primary().comment('HMAC of the key with a key made from the pepper');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable().comment('support.service_id');
    asciiColumn(table, dialect, 'sealed', 255).notNullable().comment('The key, sealed with a key made from the pepper');
    table.integer('current').nullable().comment('1 for the one that holds, else null');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('replaced_at').nullable();
    table.unique(['panel_id', 'service_id', 'current']);
  });
};
