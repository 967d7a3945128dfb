import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { statement } from './statement.ts';

for (const database of databases) {
  describe(`an update that tells on ${database.name}`, () => {
    it('tells of the row that it changed, each time anew, and nothing where it changed none', async () => {
      const { db, drop } = await database.open({ migrate: false });
      await db.knex.schema.createTable('counters', (table) => {
        table.integer('id').primary();
        table.integer('version').notNullable();
        table.integer('step').notNullable();
      });
      await db.knex('counters').insert([
        { id: 1, version: 0, step: 7 },
        { id: 2, version: 0, step: 9 },
      ]);
      const move = (tells: string) =>
        statement(({ updateTelling }) =>
          updateTelling({ table: 'counters', set: 'version = version + 1', where: 'id = ? and version = ?', tells }),
        );
      const [column, constant] = [move('step'), move('40 + 2')];
      await db.transaction(async (tx) => {
        assert.equal(await column.told(tx, [1, 0]), 7);
        assert.equal(await column.told(tx, [1, 0]), null);
        assert.equal(await column.told(tx, [2, 0]), 9);
        assert.equal(await constant.told(tx, [1, 1]), 42);
        assert.equal(await constant.told(tx, [1, 1]), null);
        assert.equal(await constant.told(tx, [1, 2]), 42);
      });
      await drop();
    });

    it('is refused where the server changed a row and told nothing', async (context) => {
      if (database.name === 'sqlite') return context.skip('It gives the row itself');
      const { db, drop } = await database.open({ migrate: false });
      await db.knex.schema.createTable('counters', (table) => table.integer('id').primary());
      await db.knex('counters').insert({ id: 1 });
      const silent = statement('update counters set id = id + 1 where id = ?');
      await assert.rejects(silent.told(db.knex, [1]), /did not tell/);
      assert.equal(await silent.told(db.knex, [9]), null);
      await drop();
    });
  });
}
