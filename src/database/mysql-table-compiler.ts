import MysqlTableCompiler from 'knex/lib/dialects/mysql/schema/mysql-tablecompiler.js';

/**
 * knex creates a table on MySQL in several statements: first the table, then
 * each index. A kill between them leaves a table that `hasTable` takes for
 * finished, without its unique keys. This makes them one statement, which both
 * servers carry out wholly or not at all.
 *
 * It also settles what a server's configuration would decide: InnoDB, and text
 * that is compared and sorted byte by byte, as SQLite does.
 */
export class WholeTableCompiler extends MysqlTableCompiler {
  override create(ifNotExists: boolean, like: boolean): void {
    this.single.engine ??= 'InnoDB';
    this.single.collate ??= 'utf8mb4_bin';
    super.create(ifNotExists, like);
    if (like) return;

    const added = `alter table ${this.tableName()} add `;
    const [table, ...others] = this.sequence;
    if (!table) return;
    const parts = others.filter(({ sql, bindings }) => sql.startsWith(added) && bindings.length === 0);
    // Keys may stand before the columns they name. The first parenthesis after the table's name opens the list.
    const start = table.sql.indexOf('(', table.sql.indexOf(this.tableName()) + this.tableName().length) + 1;
    const keys = parts.map(({ sql }) => `${sql.slice(added.length)}, `).join('');
    table.sql = table.sql.slice(0, start) + keys + table.sql.slice(start);
    this.sequence = [table, ...others.filter((other) => !parts.includes(other))];
  }
}
