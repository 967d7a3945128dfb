import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** One lane for each target and service: who holds it sends, so that the order is kept. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('delivery_lanes')) return;
  await db.schema.createTable('delivery_lanes', (table) => {
    asciiColumn(table, dialect, 'target', 64).notNullable();
    asciiColumn(table, dialect, 'lane', 160).notNullable();
    asciiColumn(table, dialect, 'channel', 16).notNullable();
    table
      .bigInteger('due_at')
      .nullable()
      .comment('When it may be claimed: the next try, or the end of a lease; null when nothing waits');
    table.bigInteger('fence').notNullable().comment('Rises with every claim');
    table.integer('version').notNullable().comment('Rises with every delivery that is added');
    table.bigInteger('touched_at').notNullable();
    table.primary(['target', 'lane']);
    table.index(['due_at', 'touched_at'], 'delivery_lanes_due');
  });
};
