import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { startEngine, type TestEngine, testOperation } from '../../test/support/engine.ts';
import { ProviderError } from '../kit/errors.ts';
import { deleteKey, findBound, findKey, insertKey } from './idempotency-store.ts';

for (const database of databases) {
  describe(`an Idempotency-Key in the engine, on ${database.name}`, () => {
    const nothing = testOperation([{ name: 'nothing' }]);
    const refused = testOperation([
      {
        name: 'refused',
        run: async () => {
          throw new ProviderError('test/x', 'invalid', 'no');
        },
      },
    ]);
    let dies = false;
    let engine: TestEngine;
    let keys = 0;
    before(async () => {
      engine = await startEngine(database, [nothing, refused], {
        at: (point) => {
          if (dies && point === 'submit:committing') throw new Error('The process dies here');
        },
      });
    });
    after(() => engine.stop());

    const newCaller = async () => {
      const { db } = engine.database;
      const caller = { ...engine.caller, idempotencyKey: `key-${++keys}` };
      const now = await db.now();
      await insertKey(db.knex, {
        panelId: caller.panelId,
        key: caller.idempotencyKey,
        requestHash: '0'.repeat(64),
        lockedUntil: now,
        createdAt: now,
        expiresAt: now + 60_000,
      });
      return caller;
    };

    it('leads to what was submitted under it from the same commit on, also once that is done', async () => {
      const caller = await newCaller();
      const service = await engine.newService();
      const operation = await engine.submit(nothing, service, { caller });
      assert.equal(await findBound(engine.database.db.knex, caller), operation.id);
      await engine.operations.waitForRest(operation.id, 10_000);
      assert.equal((await engine.submit(nothing, service, { caller })).id, operation.id);
      assert.equal((await engine.operations.list({ panelId: service.panelId, service }, { limit: 10 })).length, 1);
    });

    it('leads to a new try once what was submitted under it has failed', async () => {
      const caller = await newCaller();
      const service = await engine.newService();
      const operation = await engine.submit(refused, service, { caller });
      await engine.operations.waitForRest(operation.id, 10_000);
      const again = await engine.submit(refused, service, { caller });
      assert.notEqual(again.id, operation.id);
      assert.equal(await findBound(engine.database.db.knex, caller), again.id);
    });

    it('leads to the same wish that was under way already', async () => {
      const [one, other] = [await newCaller(), await newCaller()];
      const service = await engine.newService();
      const all = await engine.operations.transaction(async (tx) => [
        await engine.operations.submit(tx, nothing, one, { service, params: {} }),
        await engine.operations.submit(tx, nothing, other, { service, params: {} }),
      ]);
      assert.equal(all[0]!.id, all[1]!.id);
      assert.equal(await findBound(engine.database.db.knex, other), all[0]!.id);
    });

    it('leads to nothing when the process died before the commit', async () => {
      const caller = await newCaller();
      const service = await engine.newService();
      dies = true;
      await assert.rejects(engine.submit(nothing, service, { caller }), /dies here/);
      dies = false;
      assert.equal(await findBound(engine.database.db.knex, caller), null);
      assert.deepEqual(await engine.operations.list({ panelId: service.panelId, service }, { limit: 10 }), []);
    });

    it('is not forgotten while something was submitted under it', async () => {
      const { knex } = engine.database.db;
      const caller = await newCaller();
      await engine.submit(nothing, await engine.newService(), { caller });
      await deleteKey(knex, caller.panelId, caller.idempotencyKey);
      assert.ok(await findKey(knex, caller.panelId, caller.idempotencyKey));
    });
  });
}
