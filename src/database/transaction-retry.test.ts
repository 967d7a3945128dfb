import assert from 'node:assert/strict';

import { after, before, beforeEach, describe, it } from 'node:test';
import { startCuttingProxy } from '../../test/support/cutting-proxy.ts';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { type Clock, systemClock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { afterCommit } from './after-commit.ts';
import { connectDatabase } from './connect.ts';
import type { Tx } from './database.ts';
import { isRetryable, isUniqueViolation } from './errors.ts';

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Makes the server answer this one query with an error of its own making. */
const fail = (tx: Tx, errno: number) => tx.raw(`SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = ${errno}`);

for (const database of databases.filter(({ name }) => name === 'mariadb')) {
  describe('transaction on mariadb runs again', () => {
    let test: TestDatabase;
    before(async () => {
      test = await database.open({ migrate: false });
      await test.db.knex.schema.createTable('rows', (table) => {
        table.string('id', 32).primary();
        table.integer('n').notNullable().defaultTo(0);
      });
    });
    beforeEach(() => test.db.knex('rows').delete());
    after(() => test.drop());
    const ids = () => test.db.knex('rows').orderBy('id').pluck('id');

    it('after a deadlock', async () => {
      const { db } = test;
      await db.knex('rows').insert([{ id: 'a' }, { id: 'b' }]);
      const { promise: bothHold, resolve: hold } = Promise.withResolvers<void>();
      let holding = 0;
      let runs = 0;
      const told: string[] = [];
      const touch = (one: string, two: string) =>
        db.transaction(async (tx) => {
          runs++;
          afterCommit(tx, () => told.push(one));
          await tx('rows').where({ id: one }).increment('n', 1);
          if (++holding === 2) hold();
          await bothHold;
          await tx('rows').where({ id: two }).increment('n', 1);
        });
      await Promise.all([touch('a', 'b'), touch('b', 'a')]);
      assert.equal(runs, 3);
      assert.deepEqual(await db.knex('rows').pluck('n'), [2, 2]);
      assert.deepEqual(told.sort(), ['a', 'b'], 'no task of the attempt that was rolled back');
    });

    it('after a lost connection', async () => {
      let runs = 0;
      await test.db.transaction(async (tx) => {
        runs++;
        await tx('rows').insert({ id: `run-${runs}` });
        if (runs === 1) await tx.raw('KILL CONNECTION_ID()');
      });
      assert.deepEqual(await ids(), ['run-2']);
    });

    for (const errno of [1213, 1205, 1020]) {
      it(`after error ${errno}, even when the work swallowed it, and with nothing committed on the side`, async () => {
        let runs = 0;
        await test.db.transaction(async (tx) => {
          runs++;
          await tx('rows').insert({ id: `run-${runs}` });
          if (runs > 1) return;
          await fail(tx, errno).catch(() => {});
          // After a real deadlock this would be committed at once, by itself.
          await assert.rejects(async () => tx('rows').insert({ id: 'stray' }), isRetryable);
        });
        assert.deepEqual(await ids(), ['run-2']);
      });
    }

    it('but not for ever: the last error is rethrown', async (context) => {
      let runs = 0;
      // Its backoff is looked at, not waited for.
      const waits: number[] = [];
      const clock: Clock = {
        monotonic: () => 0,
        after: (ms, task) => {
          waits.push(ms);
          return systemClock.after(0, task);
        },
      };
      const db = connectDatabase({ url: test.url, log: quiet, clock });
      context.after(() => db.close());
      await assert.rejects(
        db.transaction(async (tx) => {
          runs++;
          await fail(tx, 1213);
        }),
        isRetryable,
      );
      assert.equal(runs, 12);
      assert.equal(waits.length, 11);
      assert.ok(waits.every((ms) => ms >= 0 && ms <= 1000));
      assert.deepEqual(await ids(), []);
    });

    for (const when of ['before', 'after'] as const) {
      it(`when the connection is lost ${when} COMMIT reached the server`, async (context) => {
        const proxy = await startCuttingProxy(new URL(test.url), (commit) => (commit === 1 ? when : null));
        const db = connectDatabase({ url: proxy.url, log: quiet });
        context.after(async () => {
          await db.close();
          await proxy.stop();
        });
        const found: string[] = [];
        let committed = 0;
        await db.transaction(async (tx) => {
          afterCommit(tx, () => committed++);
          await tx('rows')
            .insert({ id: 'wish' })
            .then(
              () => found.push('new'),
              (error: unknown) => {
                if (!isUniqueViolation(error)) throw error;
                found.push('there');
              },
            );
        });
        assert.equal(proxy.cuts(), 1);
        assert.deepEqual(found, when === 'before' ? ['new', 'new'] : ['new', 'there']);
        assert.equal(committed, 1);
        assert.deepEqual(await ids(), ['wish']);
      });
    }
  });
}
