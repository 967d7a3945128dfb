import type { Knex } from 'knex';
import { newId } from '../../../kit/ids.ts';

/** Not guarded on purpose: a row for each time that it ran. */
export const up = async (db: Knex): Promise<void> => {
  if (!(await db.schema.hasTable('runs'))) {
    await db.schema.createTable('runs', (table) => {
      table.string('id', 32).primary();
    });
  }
  await db('runs').insert({ id: newId() });
};
