import type { Knex } from 'knex';

/** The order of the events of one service. */
export const up = async (db: Knex): Promise<void> => {
  if (await db.schema.hasColumn('outbox', 'seq')) return;
  await db.schema.alterTable('outbox', (table) => {
    table
      .integer('seq')
      .nullable()
      .comment(
        'Number of the audit entry that was written with it: rises within a service, in the order of the commits',
      );
    table.index(['sent_at', 'panel_id', 'service_kind', 'service_id', 'seq'], 'outbox_by_service');
  });
};
