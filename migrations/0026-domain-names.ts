import type { Knex } from 'knex';
import { asciiColumn, type Dialect, idColumn } from '../src/database/columns.ts';

/** Who has a name, or had it last. A name is taken when its DNS was right, so nobody is kept from it by a mere wish. */
export const up = async (db: Knex, dialect: Dialect): Promise<void> => {
  if (await db.schema.hasTable('domain_names')) return;
  await db.schema.createTable('domain_names', (table) => {
    asciiColumn(table, dialect, 'hostname', 253).notNullable();
    asciiColumn(table, dialect, 'parent', 253).notNullable().comment('The name without its first label');
    idColumn(table, dialect, 'panel_id').nullable();
    asciiColumn(table, dialect, 'owner', 80)
      .nullable()
      .comment('customer/… of the panel, or site/… where it names none');
    idColumn(table, dialect, 'site').nullable().comment('Who has it now, by services.id');
    table.bigInteger('free_at').nullable().comment('Given back: no other owner gets it before then; null while in use');
    table
      .integer('turns')
      .notNullable()
      .defaultTo(0)
      .comment('Raised on a wildcard by whoever takes a name it covers, so that they go one after the other');
    table.primary(['hostname']);
    table.index(['parent']);
    table.index(['site']);
  });
};
