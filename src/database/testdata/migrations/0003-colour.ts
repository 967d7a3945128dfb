import type { Knex } from 'knex';

/** With MIGRATION_TEST_DIES its process is killed between the change and the record of it. */
export const up = async (db: Knex): Promise<void> => {
  if (!(await db.schema.hasColumn('things', 'colour'))) {
    await db.schema.alterTable('things', (table) => {
      table.string('colour', 16).nullable();
    });
  }
  if (process.env.MIGRATION_TEST_DIES) process.kill(process.pid, 'SIGKILL');
};
