import type { Knex } from 'knex';
import { type Dialect, longTextColumn } from '../src/database/columns.ts';

/** What a message is made of is looked up once, so that it is the same on every try. */
export const up = async (db: Knex, _dialect: Dialect): Promise<void> => {
  if (await db.schema.hasColumn('deliveries', 'facts')) return;
  await db.schema.alterTable('deliveries', (table) => {
    longTextColumn(table, 'facts')
      .nullable()
      .comment('JSON: what its channel looked up when the event was handed on, e.g. an address');
  });
};
