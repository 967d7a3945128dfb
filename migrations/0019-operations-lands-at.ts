import type { Knex } from 'knex';

/** A call that was not answered may still land; whoever makes an operation due earlier must not be earlier than that. */
export const up = async (db: Knex): Promise<void> => {
  if (await db.schema.hasColumn('operations', 'lands_at')) return;
  await db.schema.alterTable('operations', (table) => {
    table
      .bigInteger('lands_at')
      .nullable()
      .comment('When the last call that was not answered has landed for sure; nobody goes on with the service before');
  });
};
