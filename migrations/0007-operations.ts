import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** Every change to infrastructure, written down before it is begun. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('operations')) return;
  await db.schema.createTable('operations', (table) => {
    idColumn(table, dialect, 'id').notNullable();
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'service_kind', 32).notNullable();
    asciiColumn(table, dialect, 'service_id', 64).notNullable();
    asciiColumn(table, dialect, 'kind', 64).notNullable().comment('Which declared operation');
    longTextColumn(table, 'params').notNullable().comment('JSON');
    asciiColumn(table, dialect, 'params_hash', 64)
      .notNullable()
      .comment('SHA-256 of the canonical JSON: is a repeat the same wish');
    asciiColumn(table, dialect, 'state', 16)
      .notNullable()
      .comment('pending, queued, running, undoing, done, failed, stuck');
    asciiColumn(table, dialect, 'stuck_in', 16)
      .nullable()
      .comment('The state to go on in when an operator retries a stuck operation');
    table
      .integer('step')
      .notNullable()
      .defaultTo(0)
      .comment('Index of the step to do, or to undo, next; always written as a number, never raised by one');
    asciiColumn(table, dialect, 'step_name', 64).nullable();
    table.integer('percent').notNullable().defaultTo(0);
    table.string('message', 250).notNullable();
    table.integer('attempts').notNullable().defaultTo(0).comment('Failed tries of the step under way');
    asciiColumn(table, dialect, 'owner', 64).nullable().comment('The worker that holds the lease');
    table
      .bigInteger('due_at')
      .nullable()
      .comment(
        'From then on any worker may claim it: the wished start, or the end of the lease and the grace; null when there is nothing to claim',
      );
    table.bigInteger('fence').notNullable().defaultTo(0);
    table.bigInteger('deadline_at').notNullable().comment('When to give up');
    table.tinyint('cancel_requested').notNullable().defaultTo(0);
    asciiColumn(table, dialect, 'active_key', 160)
      .nullable()
      .comment('Unique while the operation is active: one at a time for a service');
    longTextColumn(table, 'error').nullable().comment('JSON: code, message for the customer, detail for the operator');
    longTextColumn(table, 'result').nullable().comment('JSON');
    asciiColumn(table, dialect, 'actor', 64).notNullable().comment('The key that asked for it');
    asciiColumn(table, dialect, 'request_id', 64).nullable();
    table.integer('version').notNullable().defaultTo(0).comment('Rises with every change, for watchers');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('started_at').nullable();
    table.bigInteger('finished_at').nullable();
    table.primary(['id']);
    table.unique(['active_key']);
    table.index(['due_at']);
    table.index(['panel_id', 'id']);
    table.index(['panel_id', 'state', 'id']);
    table.index(['state', 'id']);
    table.index(['panel_id', 'service_kind', 'service_id', 'id']);
  });
};
