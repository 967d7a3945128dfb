import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn, longTextColumn } from '../src/database/columns.ts';

/** The records that were asked for here: held against what the provider has, they show what was changed behind our back. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('zone_records')) return;
  await db.schema.createTable('zone_records', (table) => {
    idColumn(table, dialect, 'zone').notNullable().comment('zones.id');
    asciiColumn(table, dialect, 'id', 16).notNullable().comment('A hash of name, type and data');
    idColumn(table, dialect, 'panel_id').notNullable();
    asciiColumn(table, dialect, 'name', 254).notNullable().comment('Absolute, with the trailing dot');
    asciiColumn(table, dialect, 'type', 8).notNullable();
    table.integer('ttl').notNullable().comment('Seconds');
    longTextColumn(table, 'rdata').notNullable().comment('In the form of a zone file; TXT raw');
    table.tinyint('alias').notNullable().defaultTo(0).comment('Asked for as PROXYSRV');
    table.primary(['zone', 'id']);
  });
};
