import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** Bearer keys. The secret itself is never stored. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('panel_keys')) return;
  await db.schema.createTable('panel_keys', (table) => {
    asciiColumn(table, dialect, 'id', 16).notNullable().comment('The public part of the key, by which it is found');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'secret_mac', 64)
      .notNullable()
      .comment('HMAC-SHA256 of the secret with the pepper, hex');
    longTextColumn(table, 'scopes').notNullable().comment('JSON array');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('expires_at').nullable().comment('The key is refused from then on');
    table.bigInteger('revoked_at').nullable();
    table.bigInteger('last_used_at').nullable().comment('Noted at most once a minute');
    table.primary(['id']);
    table.index(['panel_id', 'id']);
  });
};
