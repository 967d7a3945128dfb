import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** What is particular to a site; the rest is in services. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('sites')) return;
  await db.schema.createTable('sites', (table) => {
    idColumn(table, dialect, 'id').notNullable().comment('services.id');
    idColumn(table, dialect, 'panel_id').notNullable();
    table.string('email', 254).notNullable();
    asciiColumn(table, dialect, 'subdomain', 64).nullable();
    table.integer('vmid').nullable();
    asciiColumn(table, dialect, 'private_ip', 45).nullable();
    asciiColumn(table, dialect, 'public_ip', 45).notNullable();
    table.integer('memory_mb').notNullable();
    table.integer('disk_mb').notNullable().comment('Granted; never shrinks');
    idColumn(table, dialect, 'created_by').notNullable().comment('The operation of the last create');
    table.primary(['id']);
  });
};
