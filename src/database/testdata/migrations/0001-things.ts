import type { Knex } from 'knex';

export const up = async (db: Knex): Promise<void> => {
  if (await db.schema.hasTable('things')) return;
  await db.schema.createTable('things', (table) => {
    table.string('id', 32).primary();
    table.string('name', 32).notNullable().comment("A child's name (for one)");
    table.integer('parent_runs');
    table.unique(['name']);
    table.index(['parent_runs']);
  });
};
