import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { startEngine, type TestEngine, testOperation } from '../../test/support/engine.ts';
import { claimOperation, findDue } from './claim-store.ts';
import { activeKey, nextKey } from './operation.ts';
import { beat, findOperation, patchFenced, patchFencedTelling, requestCancel } from './operation-store.ts';

describe('the key of a waiting operation', () => {
  it('is no active key of another service, whatever the panel calls it', () => {
    const service = { panelId: 'p', kind: 'site', serviceId: '12' };
    for (const serviceId of ['12:next', '12.next', '12-next', 'next']) {
      assert.notEqual(nextKey(service), activeKey({ ...service, serviceId }));
    }
    assert.doesNotMatch(nextKey(service).slice(activeKey(service).length), /^[A-Za-z0-9._:-]/);
  });
});

for (const database of databases) {
  describe(`a heartbeat on ${database.name}`, () => {
    const any = testOperation([{ name: 'any' }]);
    let engine: TestEngine;
    before(async () => {
      engine = await startEngine(database, [any], { workers: false });
    });
    after(() => engine.stop());

    it('holds what is being run, and not what has been put off', async () => {
      const { db } = engine.database;
      const service = await engine.newService();
      const { id } = await engine.submit(any, service);
      const now = await db.now();
      const claim = { owner: 'me', now, leaseUntil: now + 1_000 };
      const [due] = await findDue(db.knex, now, 1);
      const taken = await db.transaction((tx) => claimOperation(tx, due!, claim));
      const run = taken?.operation;
      assert.equal(run?.id, id);
      assert.deepEqual(await beat(db.knex, run!, now + 5_000), { cancelRequested: false });
      assert.equal((await findOperation(db.knex, id))?.dueAt, now + 5_000);
      await patchFenced(db.knex, run!, { owner: null, due_at: now + 100 });
      assert.equal(await beat(db.knex, run!, now + 60_000), null);
      assert.equal((await findOperation(db.knex, id))?.dueAt, now + 100);
    });
  });

  describe(`a due row that cannot be read on ${database.name}`, () => {
    it('holds up no other', async () => {
      const any = testOperation([{ name: 'any' }]);
      const engine = await startEngine(database, [any], { workers: false });
      const broken = await engine.submit(any, await engine.newService());
      await engine.database.db.knex('operations').where({ id: broken.id }).update({ params: '{' });
      const { id } = await engine.submit(any, await engine.newService());
      engine.operations.start();
      const rested = await engine.operations.waitForRest(id, 10_000);
      await engine.stop();
      assert.equal(rested?.state, 'done');
    });
  });

  describe(`a worker's write on ${database.name}`, () => {
    const any = testOperation([{ name: 'any' }]);
    let engine: TestEngine;
    before(async () => {
      engine = await startEngine(database, [any], { workers: false });
    });
    after(() => engine.stop());

    const claimed = async () => {
      const { db } = engine.database;
      const { id } = await engine.submit(any, await engine.newService());
      const now = await db.now();
      const due = (await findDue(db.knex, now, 20)).find((each) => each.operation.id === id)!;
      const claim = { owner: 'me', now, leaseUntil: now + 1_000 };
      const taken = await db.transaction((tx) => claimOperation(tx, due, claim, { step: 0, message: 'Anything' }));
      const write = (fence = taken!.operation.fence) =>
        db.transaction((tx) => patchFencedTelling(tx, { id, fence }, { percent: 7 }));
      return { db, id, taken: taken!, write };
    };

    it('comes after a submission that is told as it was written', async () => {
      const operation = await engine.submit(any, await engine.newService());
      assert.deepEqual(operation, await findOperation(engine.database.db.knex, operation.id));
    });

    it('knows what a claim wrote, and the time of it', async () => {
      const { db, id, taken } = await claimed();
      assert.deepEqual(taken.operation, await findOperation(db.knex, id));
      assert.ok(Math.abs(db.timeOf(taken.told) - (await db.now())) < 5_000);
    });

    it('tells the time, and whether the operation goes forward and nobody wants it cancelled', async () => {
      const { db, id, taken, write } = await claimed();
      const first = await write();
      assert.equal(first?.goesForward, true);
      assert.ok(Math.abs(db.timeOf(first!.told) - (await db.now())) < 5_000);
      assert.equal((await findOperation(db.knex, id))?.percent, 7);
      await db.transaction((tx) => requestCancel(tx, id));
      assert.equal((await write())?.goesForward, false);
      await db.knex('operations').where({ id }).update({ cancel_requested: 0, state: 'undoing' });
      assert.equal((await write())?.goesForward, false);
      assert.equal(await write(taken.operation.fence - 1), null);
      await db.knex('operations').where({ id }).update({ state: 'stuck' });
      assert.equal(await write(), null);
    });
  });
}
