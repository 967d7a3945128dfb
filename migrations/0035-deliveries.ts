import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** What somebody is to be told, once for each target of an event. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('deliveries')) return;
  await db.schema.createTable('deliveries', (table) => {
    idColumn(table, dialect, 'id').notNullable();
    asciiColumn(table, dialect, 'channel', 16).notNullable().comment('webhook or mail');
    asciiColumn(table, dialect, 'target', 64).notNullable().comment('The webhook, or to whom the mail goes');
    asciiColumn(table, dialect, 'lane', 160)
      .notNullable()
      .comment('Deliveries of one target and lane go one after the other');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_kind', 32).notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    idColumn(table, dialect, 'event_id').notNullable().comment('The same on every try: what the receiver knows it by');
    asciiColumn(table, dialect, 'event', 64).notNullable();
    table.integer('seq').notNullable().comment('Its place among the events of the service');
    longTextColumn(table, 'payload').notNullable().comment('JSON');
    table.bigInteger('event_at').notNullable();
    asciiColumn(table, dialect, 'state', 16).notNullable().comment('pending, delivered or failed');
    table.integer('attempts').notNullable();
    table.bigInteger('last_attempt_at').nullable();
    table.bigInteger('next_attempt_at').nullable();
    table.integer('response_status').nullable();
    table.string('error', 250).nullable();
    table.bigInteger('created_at').notNullable();
    table.bigInteger('ended_at').nullable().comment('Delivered or given up');
    table.primary(['id']);
    table.index(['target', 'id'], 'deliveries_by_target');
    table.index(['target', 'lane', 'state', 'seq', 'id'], 'deliveries_in_order');
    table.index(['ended_at'], 'deliveries_ended');
  });
};
