/**
 * What one run promises whatever becomes of it. The worker's clock stands still,
 * so nothing here happens because somebody polled; time passes in the database.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { type AnyTestDefinition, startEngine, type TestEngine, testOperation } from '../../test/support/engine.ts';
import { type HandClock, handClock } from '../../test/support/hand-clock.ts';
import { until, untilIdle } from '../../test/support/idle.ts';
import type { Database } from '../database/database.ts';
import { ProviderError } from '../kit/errors.ts';
import type { AtPoint } from './crash-points.ts';
import type { ServiceKey } from './operation.ts';
import { readQuotas } from './quota.ts';

const leaseMs = 60_000;
const graceMs = 30_000;
const timing = {
  leaseMs,
  graceMs,
  beatMs: 15_000,
  callTimeoutMs: 10_000,
  settleMs: 1_000,
  marginMs: 2_000,
  pollMs: 1e9,
  backoffMs: { first: 1_000, last: 1_000 },
};
/** The longest wait after a failure whose outcome is known. */
const backoffMs = 1_250;

const busy = () => new ProviderError('test/x', 'rate_limited', 'slow down');
const refused = () => new ProviderError('test/x', 'invalid', 'no');
const unanswered = () => new ProviderError('test/x', 'unknown_outcome', 'no answer');
const foreign = () => new ProviderError('test/x', 'conflict', 'an object of that name is not ours');

for (const database of databases) {
  describe(`a run on ${database.name}`, () => {
    let engine: TestEngine;
    let clock: HandClock;
    /** What the steps did, in order. */
    let did: string[] = [];
    /** What each call throws in turn; after the last it succeeds. */
    let errors: Record<string, Error[]> = {};
    /** Holds a call up. */
    let holding: Record<string, Promise<void>> = {};
    let look: (name: string, service: ServiceKey) => Promise<void> = async () => {};
    let at: AtPoint = () => {};

    const call =
      (name: string) =>
      async ({ service }: { service: ServiceKey }) => {
        did.push(name);
        await look(name, service);
        await holding[name];
        const error = errors[name]?.shift();
        if (error) throw error;
      };
    const thing = (service: ServiceKey) => ({ kind: 'thing', name: `thing-${service.serviceId}` });
    const make = testOperation(
      [
        { name: 'one', run: call('one'), undo: call('undo one'), owns: ({ service }) => thing(service) },
        { name: 'two', run: call('two'), undo: call('undo two') },
        { name: 'three', run: call('three') },
      ],
      { maxAttempts: 3 },
    );
    const remove = testOperation(
      [
        {
          name: 'remove',
          run: call('remove'),
          undo: call('undo remove'),
          removes: ({ service }) => thing(service),
        },
      ],
      { forwardOnly: true, waits: true, deadlineSeconds: 600 },
    );

    before(async () => {
      clock = handClock();
      engine = await startEngine(database, [make, remove], { timing, clock, at: (point, of) => at(point, of) });
    });
    after(() => engine.stop());
    beforeEach(() => {
      did = [];
      errors = {};
      holding = {};
      look = async () => {};
      at = () => {};
    });

    const idle = () => untilIdle(engine.database.db);
    const begin = async (definition: AnyTestDefinition, service?: ServiceKey, holds?: Record<string, number>) => {
      const of = service ?? (await engine.newService({ things: 3 }));
      const operation = await engine.submit(definition, of, holds ? { holds } : {});
      await idle();
      return { service: of, id: operation.id, row: () => engine.find(operation.id) };
    };
    const pass = async (ms: number) => {
      engine.pass(ms);
      await idle();
    };
    const stateOf = async (service: ServiceKey): Promise<string | undefined> => {
      const row = await engine.database.db.knex('resources').where(thing(service)).first('state');
      return row?.state;
    };

    it('writes down what may be outside before it is made, and before it is removed', async () => {
      const seen: string[] = [];
      look = async (name, service) => {
        seen.push(`${name}: ${await stateOf(service)}`);
      };
      const { service, row } = await begin(make);
      assert.equal((await row()).state, 'done');
      await begin(remove, service);
      assert.deepEqual(seen, ['one: intent', 'two: present', 'three: present', 'remove: deleting']);
      assert.equal(await stateOf(service), 'gone');
    });

    it('takes back only after a call that was not answered has landed', async () => {
      errors.two = [busy(), busy(), unanswered()];
      const { row } = await begin(make);
      await pass(backoffMs);
      await pass(backoffMs);
      assert.equal((await row()).state, 'undoing');
      await pass(graceMs - 5_000);
      assert.deepEqual(did, ['one', 'two', 'two', 'two']);
      await pass(5_000);
      assert.deepEqual(did.slice(4), ['undo two', 'undo one']);
      assert.equal((await row()).error?.code, 'attempts_exhausted');
    });

    const askedSooner: Record<string, (service: ServiceKey, id: string) => Promise<unknown>> = {
      'a cancellation': (_service, id) => engine.operations.cancel(engine.caller, id),
      'a retry': (_service, id) => engine.operations.retry(engine.caller, id),
      'a deletion': (service) => engine.submit(remove, service),
    };
    for (const [what, ask] of Object.entries(askedSooner)) {
      it(`waits for a call that was not answered to land, though ${what} wants it sooner`, async () => {
        errors.two = [unanswered()];
        const { service, id, row } = await begin(make);
        await ask(service, id);
        await idle();
        await pass(graceMs - 5_000);
        assert.deepEqual(did, ['one', 'two']);
        await pass(5_000);
        assert.equal((await row()).state, what === 'a retry' ? 'done' : 'failed');
      });
    }

    it('waits for the call of an undo that got stuck to land, before a deletion takes its place', async () => {
      errors.two = [refused()];
      errors['undo one'] = Array.from({ length: 9 }, unanswered);
      const { service, row } = await begin(make);
      for (let wait = 1; wait < 9; wait += 1) await pass(backoffMs + graceMs);
      assert.equal((await row()).state, 'stuck');
      const deletion = await begin(remove, service);
      await pass(graceMs - 5_000);
      assert.ok(!did.includes('remove'));
      await pass(5_000);
      assert.equal((await deletion.row()).state, 'done');
    });

    it('waits for the call of a failed undo to land, when a deletion waits already', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      holding.two = promise;
      errors['undo one'] = Array.from({ length: 9 }, unanswered);
      const { service, row } = await begin(make);
      const deletion = await begin(remove, service);
      resolve();
      await idle();
      for (let wait = 1; wait < 9; wait += 1) await pass(backoffMs + graceMs);
      assert.equal((await row()).error?.code, 'superseded');
      assert.ok(!did.includes('remove'));
      await pass(graceMs);
      assert.equal((await deletion.row()).state, 'done');
    });

    it('passes over the steps that an operation does not have, forwards and taken back', async () => {
      let wanted: string[] = ['a', 'c'];
      const optional = (name: string) => ({
        name,
        run: call(name),
        undo: call(`undo ${name}`),
        when: () => wanted.includes(name),
      });
      const choosing = testOperation(['a', 'b', 'c', 'd', 'e'].map(optional));
      engine.operations.register(choosing);
      assert.equal((await (await begin(choosing)).row()).state, 'done');
      assert.deepEqual(did.splice(0), ['a', 'c']);
      wanted = ['b', 'e'];
      errors.e = [refused()];
      const taken = await begin(choosing);
      assert.equal((await taken.row()).state, 'failed');
      assert.deepEqual(did.splice(0), ['b', 'e', 'undo e', 'undo b']);
      wanted = [];
      assert.equal((await (await begin(choosing)).row()).state, 'done');
      assert.deepEqual(did, []);
    });

    it('gives each step its own attempts', async () => {
      errors.one = [busy(), busy()];
      errors.two = [busy(), busy()];
      const { row } = await begin(make);
      for (let wait = 1; wait <= 4; wait += 1) await pass(backoffMs);
      assert.equal((await row()).state, 'done');
    });

    it('leaves what has our name and is not ours, and is not stuck for it', async () => {
      errors.two = [refused()];
      errors['undo one'] = [foreign()];
      const { row, service } = await begin(make);
      const failed = await row();
      assert.equal(failed.state, 'failed');
      assert.equal(failed.error?.code, 'provider_refused');
      assert.equal(await stateOf(service), 'gone');
      errors.remove = [foreign()];
      assert.equal((await (await begin(remove, service)).row()).state, 'done');
    });

    it('does not adopt what has our name and is not ours', async () => {
      errors.one = [foreign()];
      const { row } = await begin(make);
      assert.equal((await row()).error?.code, 'provider_refused');
    });

    it('goes on with a deletion after its deadline and never takes it back', async () => {
      errors.remove = [busy()];
      const { row } = await begin(remove);
      await pass(700_000);
      assert.deepEqual(did, ['remove', 'remove']);
      assert.equal((await row()).state, 'done');
    });

    it('ends what it undid with its units given back in the same commit', async () => {
      errors.three = [refused()];
      const used: number[] = [];
      const { db } = engine.database;
      at = async (point, of) => {
        if (point !== 'step:committed') return;
        const operation = await engine.find(of.operationId);
        if (operation.state === 'failed') used.push((await readQuotas(db.knex, operation.service))[0]!.used);
      };
      await begin(make, undefined, { things: 2 });
      assert.deepEqual(used, [0]);
    });

    it('begins the deletion that waits for it at once, without anybody polling', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      holding.two = promise;
      const { service } = await begin(make);
      const deletion = await begin(remove, service);
      assert.equal((await deletion.row()).state, 'pending');
      resolve();
      await until('the deletion is done', async () => (await deletion.row()).state === 'done');
      assert.deepEqual(did, ['one', 'two', 'undo two', 'undo one', 'remove']);
    });

    it('is let alone by others when it goes on after a pause that its clock did not see', async () => {
      const { db } = engine.database;
      const left: number[] = [];
      look = async (_name, service) => {
        const row = await db.knex('operations').where({ service_id: service.serviceId }).first('due_at');
        left.push(Number(row.due_at) - (await db.now()) - graceMs);
        if (left.length === 1) engine.pass(leaseMs + graceMs + 1);
      };
      await idle();
      const { row } = await begin(make);
      await until('it is done', async () => (await row()).state === 'done');
      assert.deepEqual(did, ['one', 'two', 'three']);
      assert.ok(
        left.every((ms) => ms > leaseMs - 10_000),
        left.join(),
      );
    });

    it('skips no step when a commit was made twice and the process then died', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      holding.two = promise;
      const { db } = engine.database;
      let twice = false;
      // After a connection that was lost at COMMIT nobody knows whether it was made, so it is made again.
      const doubting: Database = {
        ...db,
        transaction: async (work) => {
          if (!twice) return db.transaction(work);
          await db.transaction(work);
          return db.transaction(work);
        },
      };
      const dying = engine.another({
        db: doubting,
        clock: handClock(),
        at: (point) => {
          if (point === 'claim:committed') twice = true;
        },
      });
      await idle();
      const service = await engine.newService();
      await dying.transaction((tx) => dying.submit(tx, make, engine.caller, { service, params: {} }));
      await idle();
      assert.deepEqual(did, ['one', 'two']);
      holding = {};
      await pass(leaseMs + graceMs);
      assert.deepEqual(did, ['one', 'two', 'two', 'three']);
      resolve();
      await until('the dead one is gone', () => dying.running() === 0);
    });
  });
}
