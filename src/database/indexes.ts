import type { Knex } from 'knex';
import type { Dialect } from './columns.ts';

/** Whether a table has an index of this name. For the guards of migrations. */
export const hasIndex = async (db: Knex, dialect: Dialect, table: string, name: string): Promise<boolean> => {
  const found =
    dialect === 'mysql'
      ? db('information_schema.statistics')
          .where({ table_name: table, index_name: name })
          .whereRaw('table_schema = database()')
      : db('sqlite_master').where({ type: 'index', tbl_name: table, name });
  return (await found.first(db.raw('1 as n'))) !== undefined;
};
