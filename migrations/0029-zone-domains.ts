import type { Knex } from 'knex';
import { asciiColumn, type Dialect } from '../src/database/columns.ts';

/** One row for each domain that zones were wished for in: whoever makes one locks it, so two that exclude each other see each other. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('zone_domains')) return;
  await db.schema.createTable('zone_domains', (table) => {
    asciiColumn(table, dialect, 'domain', 253).notNullable();
    table
      .integer('wishes')
      .notNullable()
      .comment('Rises with every zone that is wished for; raising it takes the lock');
    table.primary(['domain']);
  });
};
