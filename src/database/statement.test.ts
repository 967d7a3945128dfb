import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { updatesTelling } from './statement.ts';

/** What is told is made of a time, and so never small. */
const large = 2 ** 41;

for (const database of databases) {
  describe(`an update that tells on ${database.name}`, () => {
    let test: TestDatabase;
    before(async () => {
      test = await database.open({ migrate: false });
      await test.db.knex.schema.createTable('counters', (table) => {
        table.string('id', 8).primary();
        table.integer('version').notNullable();
        table.bigInteger('step').notNullable();
        table.integer('other').notNullable().defaultTo(0);
      });
      await test.db.knex.schema.createTable('journal', (table) => {
        table.increments('seq');
        table.string('id', 8).notNullable();
      });
    });
    after(() => test.drop());
    beforeEach(async () => {
      await test.db.knex('counters').delete();
      await test.db.knex('counters').insert([
        { id: 'a', version: 0, step: large + 7 },
        { id: 'b', version: 0, step: large + 9 },
      ]);
    });

    const move = (tells: string) =>
      updatesTelling('counters', {
        set: (columns) => `${columns.map((column) => `${column} = ?, `).join('')}version = version + 1`,
        and: 'version = ?',
        tells: () => tells,
      });

    const tellsEachTimeAnew = async () => {
      const [column, constant] = [move('step'), move(`${large} + 42`)];
      await test.db.transaction(async (tx) => {
        assert.equal(await column(tx, [], { set: [], id: 'a', and: [0] }), large + 7);
        assert.equal(await column(tx, [], { set: [], id: 'a', and: [0] }), null);
        assert.equal(await column(tx, ['other'], { set: [5], id: 'b', and: [0] }), large + 9);
        assert.equal(await constant(tx, [], { set: [], id: 'a', and: [1] }), large + 42);
        assert.equal(await constant(tx, [], { set: [], id: 'a', and: [1] }), null);
        assert.equal(await constant(tx, [], { set: [], id: 'a', and: [2] }), large + 42);
      });
      assert.deepEqual(await test.db.knex('counters').orderBy('id').select('id', 'version', 'other'), [
        { id: 'a', version: 3, other: 0 },
        { id: 'b', version: 1, other: 5 },
      ]);
    };

    it('tells of the row that it changed, each time anew, and nothing where it changed none', tellsEachTimeAnew);

    it('tells it as well where a trigger writes a row with a number of its own', async () => {
      const insert = 'INSERT INTO journal (id) VALUES (NEW.id)';
      await test.db.knex.raw(
        test.db.dialect === 'sqlite'
          ? `CREATE TRIGGER counted AFTER UPDATE ON counters BEGIN ${insert}; END`
          : `CREATE TRIGGER counted AFTER UPDATE ON counters FOR EACH ROW ${insert}`,
      );
      await tellsEachTimeAnew();
      assert.equal((await test.db.knex('journal').select('seq')).length, 4);
      await test.db.knex.raw('DROP TRIGGER counted');
    });
  });
}
