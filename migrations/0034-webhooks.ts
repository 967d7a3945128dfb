import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** Where panels are told of what became of their services. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('webhooks')) return;
  await db.schema.createTable('webhooks', (table) => {
    idColumn(table, dialect, 'id').notNullable();
    idColumn(table, dialect, 'panel_id').notNullable();
    table.integer('slot').notNullable().comment('1 to the limit of a panel; unique, which is how the limit holds');
    longTextColumn(table, 'url').notNullable();
    longTextColumn(table, 'events').notNullable().comment('JSON: which events, as patterns');
    table.string('description', 250).notNullable();
    table.tinyint('enabled').notNullable();
    asciiColumn(table, dialect, 'disabled_reason', 16).nullable().comment('panel, gone or failing; null when enabled');
    table.bigInteger('disabled_at').nullable();
    longTextColumn(table, 'secret').notNullable().comment('Sealed with a key made from the pepper');
    longTextColumn(table, 'old_secret').nullable().comment('Sealed; signs too until old_secret_until');
    table.bigInteger('old_secret_until').nullable();
    table
      .bigInteger('failing_since')
      .nullable()
      .comment('The first failure since the last delivery; null when it works');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('updated_at').notNullable();
    table.primary(['id']);
    table.unique(['panel_id', 'slot']);
  });
};
