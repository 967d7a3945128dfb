import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { newId } from '../kit/ids.ts';
import { holdQuota, readQuotas, settleHolds, takeQuota } from './quota.ts';

for (const database of databases) {
  describe(`quotas on ${database.name}`, () => {
    let engine: TestEngine;
    before(async () => {
      engine = await startEngine(database, [], { workers: false });
    });
    after(() => engine.stop());

    it('are given back once, however often that is asked for', async () => {
      const { db } = engine.database;
      const service = await engine.newService({ things: 5 });
      const [mine, other] = [newId(), newId()];
      await db.transaction(async (tx) => {
        await holdQuota(tx, service, mine, 'things', 2);
        await holdQuota(tx, service, other, 'things', 3);
      });
      const release = () => db.transaction((tx) => settleHolds(tx, service, mine, 'released'));
      await Promise.all([release(), release()]);
      await release();
      assert.deepEqual(await readQuotas(db.knex, service), [{ resource: 'things', used: 3, limit: 5 }]);
    });

    it('once kept, are not given back by a later failure', async () => {
      const { db } = engine.database;
      const service = await engine.newService({ things: 5 });
      const id = newId();
      await db.transaction((tx) => holdQuota(tx, service, id, 'things', 2));
      await db.transaction((tx) => settleHolds(tx, service, id, 'kept'));
      await db.transaction((tx) => settleHolds(tx, service, id, 'released'));
      assert.deepEqual(await readQuotas(db.knex, service), [{ resource: 'things', used: 2, limit: 5 }]);
    });

    it('are never taken beyond the limit by 64 at once', async () => {
      const { db } = engine.database;
      const service = await engine.newService({ things: 10 });
      // As many as there are connections for transactions go at the same time: none before the last of them has one.
      const together = db.dialect === 'sqlite' ? 1 : db.connections().most / 2;
      const { promise: allBegan, resolve: lastBegan } = Promise.withResolvers<void>();
      let begun = 0;
      const take = () =>
        db.transaction(async (tx) => {
          begun += 1;
          if (begun === together) lastBegan();
          await allBegan;
          await takeQuota(tx, service, 'things', 1);
        });
      const all = await Promise.allSettled(Array.from({ length: 64 }, take));
      assert.equal(all.filter((each) => each.status === 'fulfilled').length, 10);
      assert.deepEqual(await readQuotas(db.knex, service), [{ resource: 'things', used: 10, limit: 10 }]);
    });
  });
}
