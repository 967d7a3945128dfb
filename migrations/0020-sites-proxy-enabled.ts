import type { Knex } from 'knex';

/** Whether visitors are let in, whatever the workload does. */
export const up = async (db: Knex): Promise<void> => {
  if (await db.schema.hasColumn('sites', 'proxy_enabled')) return;
  await db.schema.alterTable('sites', (table) => {
    table.tinyint('proxy_enabled').notNullable().defaultTo(1).comment('Whether visitors are let in');
  });
};
