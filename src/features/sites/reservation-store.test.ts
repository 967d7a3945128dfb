/** Numbers and names that no two services may share, on both databases. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../../test/support/databases.ts';
import type { Tx } from '../../database/database.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import { AppError } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { type NumberPool, releaseAll, reserveName, reserveNumbers } from './reservation-store.ts';

const now = 1_700_000_000_000;

for (const each of databases) {
  describe(`reservations on ${each.name}`, () => {
    let database: TestDatabase;
    before(async () => {
      database = await each.open();
    });
    after(() => database.drop());

    let address: NumberPool;
    let number: NumberPool;
    beforeEach(() => {
      const name = newId().slice(-12);
      address = { name: `a${name}`, label: 'address', start: 10, end: 15, format: (n) => `10.0.0.${n}` };
      number = { name: `n${name}`, label: 'number', start: 100, end: 199, format: String };
    });

    const holderOf = (service = newId()) => ({ panelId: 'panel', service });
    /** As `operations.transaction` runs it. */
    const inTransaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await database.db.transaction(work);
        } catch (error) {
          if (!isUniqueViolation(error)) throw error;
        }
      }
    };
    const take = (pools: NumberPool[], service = newId(), at = now) =>
      inTransaction((tx) => reserveNumbers(tx, pools, holderOf(service), at));
    const giveBack = (service: string, freeAt: number) =>
      database.db.transaction((tx) => releaseAll(tx, service, freeAt));
    const isExhausted = (error: unknown) => error instanceof AppError && error.code === 'pool_exhausted';

    it('are given one after the other, from each pool its own', async () => {
      assert.deepEqual(await take([address, number]), [10, 100]);
      assert.deepEqual(await take([address, number]), [11, 101]);
      assert.deepEqual(await take([number, address]), [102, 12]);
      assert.deepEqual(await take([number]), [103]);
      const rows = await database.db
        .knex('reservations')
        .where({ pool: address.name })
        .orderBy('number')
        .select('value');
      assert.deepEqual(rows, [{ value: '10.0.0.10' }, { value: '10.0.0.11' }, { value: '10.0.0.12' }]);
    });

    it('that were given back rest, and are then given before new ones', async () => {
      const service = newId();
      assert.deepEqual(await take([address, number], service), [10, 100]);
      await giveBack(service, now + 1000);
      assert.deepEqual(await take([address, number]), [11, 101]);
      assert.deepEqual(await take([address, number], newId(), now + 1000), [10, 100]);
      assert.deepEqual(await take([address, number], newId(), now + 1000), [12, 102], 'no number was passed over');
    });

    it('come from one pool rested and from the other new', async () => {
      const service = newId();
      await take([address], service);
      await take([number]);
      await giveBack(service, now);
      assert.deepEqual(await take([address, number]), [10, 101]);
    });

    it('come to an end, which takes nothing of another pool', async () => {
      for (let n = 10; n <= 15; n += 1) assert.deepEqual(await take([address, number]), [n, n + 90]);
      await assert.rejects(take([address, number]), isExhausted);
      await assert.rejects(take([number, address]), isExhausted);
      assert.deepEqual(await take([number]), [106]);
    });

    it('fill a gap when the pool was widened downwards', async () => {
      for (let n = 10; n <= 15; n += 1) await take([address]);
      const wider = { ...address, start: 8 };
      assert.deepEqual(await take([wider, number]), [8, 100]);
      assert.deepEqual(await take([wider, number]), [9, 101]);
      await assert.rejects(take([wider]), isExhausted);
    });

    it('are passed over where another has them already', async () => {
      await take([address]);
      await database.db
        .knex('reservations')
        .insert({ pool: address.name, value: '10.0.0.11', number: 11, panel_id: 'panel', service: newId() });
      assert.deepEqual(await take([address, number]), [12, 100]);
    });

    it('are never given twice, by 40 at once', async () => {
      const all = await Promise.all(Array.from({ length: 40 }, () => take([number])));
      assert.deepEqual(
        all.flat().sort((a, b) => a - b),
        Array.from({ length: 40 }, (_, n) => 100 + n),
      );
    });

    it('of a name: its holder may have it again, others once it has rested', async () => {
      const name = newId().toLowerCase();
      const [mine, other] = [newId(), newId()];
      const reserve = (service: string, at = now) =>
        inTransaction((tx) => reserveName(tx, 'subdomain', name, holderOf(service), at));
      assert.equal(await reserve(mine), true);
      assert.equal(await reserve(mine), true);
      assert.equal(await reserve(other), false);
      await giveBack(mine, now + 1000);
      assert.equal(await reserve(other, now + 999), false);
      assert.equal(await reserve(mine, now + 999), true);
      await giveBack(mine, now + 1000);
      assert.equal(await reserve(other, now + 1000), true);
      assert.equal(await reserve(mine, now + 1000), false);
    });

    it('of a name: one of many at once gets it', async () => {
      const name = newId().toLowerCase();
      const all = await Promise.all(
        Array.from({ length: 20 }, () => inTransaction((tx) => reserveName(tx, 'subdomain', name, holderOf(), now))),
      );
      assert.equal(all.filter(Boolean).length, 1);
    });
  });
}
