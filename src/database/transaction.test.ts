import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { AppError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { afterCommit } from './after-commit.ts';
import { connectDatabase } from './connect.ts';

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

for (const database of databases) {
  describe(`transaction on ${database.name}`, () => {
    let test: TestDatabase;
    before(async () => {
      test = await database.open({ migrate: false });
      await test.db.knex.schema.createTable('counters', (table) => {
        table.string('id', 32).primary();
        table.integer('n').notNullable();
      });
    });
    beforeEach(() => test.db.knex('counters').delete());
    after(() => test.drop());
    const ids = () => test.db.knex('counters').orderBy('id').pluck('id');

    it('commits what the work did and gives its result', async () => {
      const result = await test.db.transaction(async (tx) => {
        await tx('counters').insert({ id: 'a', n: 1 });
        return { done: true };
      });
      assert.deepEqual(result, { done: true });
      assert.deepEqual(await ids(), ['a']);
    });

    it('rolls back and rethrows what the work threw, once', async () => {
      let runs = 0;
      const refusal = new AppError('limit', 'quota_exceeded', 'No more', { retryable: true });
      await assert.rejects(
        test.db.transaction(async (tx) => {
          runs++;
          await tx('counters').insert({ id: 'a', n: 1 });
          throw refusal;
        }),
        (error) => error === refusal,
      );
      assert.equal(runs, 1);
      assert.deepEqual(await ids(), []);
    });

    it('goes on after a unique violation that the work caught', async () => {
      await test.db.transaction(async (tx) => {
        await tx('counters').insert({ id: 'a', n: 1 });
        await assert.rejects(async () => tx('counters').insert({ id: 'a', n: 2 }));
        await tx('counters').insert({ id: 'b', n: 2 });
      });
      assert.deepEqual(await ids(), ['a', 'b']);
    });

    it('refuses a query that leaves the transaction', async () => {
      const { db } = test;
      const leaving = /inside a transaction but not on its tx/;
      await db.transaction(async () => {
        await assert.rejects(async () => db.knex('counters').select(), leaving);
        await assert.rejects(
          db.transaction(async () => {}),
          leaving,
        );
        await assert.rejects(db.now(), leaving);
        await assert.rejects(db.ping(), leaving);
        await assert.rejects(async () => db.knex.schema.hasTable('counters'), leaving);
      });
      await db.knex('counters').select();
    });

    it('lets go of what the work started and did not wait for', async () => {
      const { db } = test;
      const { promise: committed, resolve: commit } = Promise.withResolvers<void>();
      let later: Promise<unknown> = Promise.resolve();
      await db.transaction(async (tx) => {
        afterCommit(tx, commit);
        later = committed.then(() => db.knex('counters').select());
      });
      assert.deepEqual(await later, []);
    });

    it('runs tasks after a commit, and only then', async () => {
      const { db } = test;
      const told: string[] = [];
      await db.transaction(async (tx) => {
        afterCommit(tx, () => {
          throw new Error('logged, nothing else');
        });
        afterCommit(tx, () => told.push('committed'));
        told.push('working');
      });
      await assert.rejects(
        db.transaction(async (tx) => {
          afterCommit(tx, () => told.push('never'));
          throw new Error('no');
        }),
      );
      assert.deepEqual(told, ['working', 'committed']);
      assert.throws(() => afterCommit({} as never, () => {}), /Database.transaction/);
    });

    it('lets a second connection wait for the first and see its write', async (context) => {
      const other = connectDatabase({ url: test.url, log: quiet });
      context.after(() => other.close());
      await test.db.knex('counters').insert({ id: 'a', n: 0 });
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
      const add = (db: typeof other, wait: Promise<void>) =>
        db.transaction(async (tx) => {
          await tx('counters').where({ id: 'a' }).increment('n', 1);
          lock();
          await wait;
        });
      const first = add(test.db, held);
      await locked;
      const second = add(other, Promise.resolve());
      letGo();
      await Promise.all([first, second]);
      assert.deepEqual(await test.db.knex('counters').pluck('n'), [2]);
    });

    it('lets two connections read and then write, each running once', async (context) => {
      const other = connectDatabase({ url: test.url, log: quiet });
      context.after(() => other.close());
      const runs: string[] = [];
      const readThenWrite = (db: typeof other, id: string, meanwhile: () => void) =>
        db.transaction(async (tx) => {
          runs.push(id);
          await tx('counters').select();
          meanwhile();
          // Without BEGIN IMMEDIATE the second would read in here, and then never be allowed to write.
          for (let turn = 0; turn < 5; turn++) await tx('counters').select();
          await tx('counters').insert({ id, n: 1 });
        });
      const { promise: second, resolve: start } = Promise.withResolvers<Promise<void>>();
      await readThenWrite(test.db, 'first', () => start(readThenWrite(other, 'second', () => {})));
      await second;
      assert.deepEqual(runs, ['first', 'second']);
      assert.deepEqual(await ids(), ['first', 'second']);
    });

    it('counts right under contention', async (context) => {
      const other = connectDatabase({ url: test.url, log: quiet });
      context.after(() => other.close());
      await test.db.knex('counters').insert({ id: 'a', n: 0 });
      const add = (_: unknown, index: number) =>
        (index % 2 ? other : test.db).transaction(async (tx) => {
          const taken = await tx('counters').where({ id: 'a' }).where('n', '<', 25).increment('n', 1);
          return taken;
        });
      const taken = await Promise.all(Array.from({ length: 40 }, add));
      assert.equal(
        taken.reduce((sum, one) => sum + one, 0),
        25,
      );
    });

    it('leaves no transaction open behind a COMMIT that fails', async () => {
      const { db } = test;
      // A deferred foreign key, on SQLite, is what fails at COMMIT; MariaDB has none, so there the connection goes.
      if (db.dialect === 'sqlite') {
        await db.knex.raw(
          'CREATE TABLE children (id integer PRIMARY KEY, counter text REFERENCES counters (id) DEFERRABLE INITIALLY DEFERRED)',
        );
        await assert.rejects(
          db.transaction((tx) => tx('children').insert({ id: 1, counter: 'nobody' }).then()),
          /FOREIGN KEY/,
        );
        assert.deepEqual(await db.knex('children').select(), []);
      } else {
        await assert.rejects(
          db.transaction(async (tx) => {
            await tx('counters').insert({ id: 'lost', n: 1 });
            await tx.raw('KILL CONNECTION_ID()').catch(() => {});
            throw new AppError('conflict', 'x', 'The work’s own error, not that of the ROLLBACK');
          }),
          AppError,
        );
      }
      await db.transaction(async (tx) => tx('counters').insert({ id: 'next', n: 1 }));
      assert.deepEqual(await ids(), ['next']);
    });
  });
}
