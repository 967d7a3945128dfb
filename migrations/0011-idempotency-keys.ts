import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** Answers that were given under an Idempotency-Key. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('idempotency_keys')) return;
  await db.schema.createTable('idempotency_keys', (table) => {
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'idem_key', 255).notNullable();
    asciiColumn(table, dialect, 'request_hash', 64)
      .notNullable()
      .comment('SHA-256 of the operation, its path parameters and the body');
    asciiColumn(table, dialect, 'state', 16).notNullable().comment('running or done');
    table.bigInteger('locked_until').notNullable().comment('A running one is abandoned after this');
    idColumn(table, dialect, 'operation_id').nullable().comment('What the call submitted, in the same transaction');
    table.integer('status').nullable();
    longTextColumn(table, 'headers').nullable().comment('JSON');
    longTextColumn(table, 'body').nullable();
    table.bigInteger('created_at').notNullable();
    table.bigInteger('expires_at').notNullable();
    table.primary(['panel_id', 'idem_key']);
    table.index(['expires_at']);
  });
};
