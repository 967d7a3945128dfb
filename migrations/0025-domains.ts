import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** Domains that customers bring to their sites. Several sites may wait for one name; `domain_names` says who has it. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('domains')) return;
  await db.schema.createTable('domains', (table) => {
    idColumn(table, dialect, 'site').notNullable().comment('services.id');
    asciiColumn(table, dialect, 'hostname', 253)
      .notNullable()
      .comment('Lower-case A-labels; a wildcard begins with *.');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable().comment('With panel_id and kind the site of services');
    asciiColumn(table, dialect, 'state', 24)
      .notNullable()
      .comment('pending_verification, issuing, active, removing, expired, failed');
    asciiColumn(table, dialect, 'reason', 24).nullable().comment('Why it is not active');
    longTextColumn(table, 'seen').nullable().comment('JSON: what the DNS said at the last check');
    table.bigInteger('checked_at').nullable();
    table.integer('checks').notNullable().defaultTo(0).comment('Rises with every check that is begun: its fence');
    table
      .bigInteger('next_check_at')
      .nullable()
      .comment('Due then; while a check is under way, when another may take it over');
    table.bigInteger('verify_until').notNullable().comment('Given up when its DNS is not right by then');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('active_at').nullable();
    table.primary(['site', 'hostname']);
    table.index(['next_check_at']);
  });
};
