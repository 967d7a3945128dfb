/**
 * What holds between workers that know of each other only by the database. Each
 * has a clock that stands still until the test moves it, as that of a process does
 * which is paused; the lease passes by the clock of the database.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { startEngine, type TestEngine, testOperation } from '../../test/support/engine.ts';
import { type HandClock, handClock } from '../../test/support/hand-clock.ts';
import { until, untilIdle } from '../../test/support/idle.ts';
import { ProviderError } from '../kit/errors.ts';
import { claimOperation, type Due, findDue } from './claim-store.ts';
import type { AtPoint } from './crash-points.ts';
import { patchFenced } from './operation-store.ts';
import type { Operations } from './operations.ts';

const leaseMs = 60_000;
const graceMs = 30_000;
const beatMs = 15_000;
const timing = {
  leaseMs,
  graceMs,
  beatMs,
  callTimeoutMs: 1e9,
  settleMs: 1_000,
  marginMs: 2_000,
  pollMs: 1e9,
  backoffMs: { first: 1_000, last: 8_000 },
};
/** Longer than a test takes, shorter than anything above. */
const aLittle = 10_000;

interface Call {
  step: string;
  signal: AbortSignal;
  answer(error?: unknown): void;
}

for (const database of databases) {
  describe(`two workers on ${database.name}`, () => {
    let calls: Call[] = [];
    const waits = (step: string) => (context: { signal: AbortSignal }) =>
      new Promise<void>((resolve, reject) => {
        const answer = (error?: unknown) => (error === undefined ? resolve() : reject(error));
        calls.push({ step, signal: context.signal, answer });
      });
    const two = testOperation([
      {
        name: 'make',
        run: waits('make'),
        undo: waits('undo make'),
        owns: ({ service }) => ({ kind: 'thing', name: `thing-${service.serviceId}` }),
      },
      { name: 'finish', run: waits('finish') },
    ]);

    let engine: TestEngine;
    let one: { operations: Operations; clock: HandClock };
    let other: { operations: Operations; clock: HandClock };

    const newWorker = () => {
      const clock = handClock();
      return { clock, operations: engine.another({ clock }) };
    };
    const idle = () => untilIdle(engine.database.db);
    const names = () => calls.map((call) => call.step);

    before(async () => {
      engine = await startEngine(database, [two], { timing, workers: false });
    });
    after(() => engine.stop());
    beforeEach(() => {
      calls = [];
      one = newWorker();
    });

    /** An operation whose first step is under way at one worker, while another is about to begin. */
    const underWay = async () => {
      await idle();
      const service = await engine.newService();
      const operation = await engine.submit(two, service);
      one.operations.wake();
      await until('the first call', () => calls.length === 1);
      await idle();
      other = newWorker();
      await idle();
      return { service, operation, row: () => engine.find(operation.id) };
    };
    const passToOther = async () => {
      engine.pass(leaseMs + graceMs);
      await until('the other worker goes on', () => calls.length === 2);
      await idle();
    };
    /** Ends what is left, so that the next test begins with nothing. */
    const finish = async (id: string) => {
      for (const call of calls) call.answer();
      await until('the last step', () => names().includes('finish'));
      for (const call of calls) call.answer();
      await until('the end', async () => (await engine.find(id)).state === 'done');
      await Promise.all([one, other].map(({ operations }) => operations.drain(0)));
    };

    it('the one that lost its lease changes nothing when its call returns', async () => {
      const { operation, service, row } = await underWay();
      await passToOther();
      const before = await row();
      calls[0]!.answer();
      await until('the late one stops', () => one.operations.running() === 0);
      await idle();
      const { version, step, fence, owner } = await row();
      assert.deepEqual(
        { version, step, fence, owner },
        {
          version: before.version,
          step: 0,
          fence: before.fence,
          owner: before.owner,
        },
      );
      const thing = await engine.database.db
        .knex('resources')
        .where({ name: `thing-${service.serviceId}` })
        .first('state');
      assert.equal(thing.state, 'intent');
      assert.deepEqual(names(), ['make', 'make']);
      await finish(operation.id);
    });

    it('a failure that the one tells too late does not take the operation back', async () => {
      const { operation, row } = await underWay();
      await passToOther();
      calls[0]!.answer(new ProviderError('test/x', 'invalid', 'no'));
      await until('the late one stops', () => one.operations.running() === 0);
      await idle();
      assert.equal((await row()).state, 'running');
      await finish(operation.id);
    });

    it('the other does not begin before a call that was left under way has landed', async () => {
      const { operation } = await underWay();
      engine.pass(leaseMs + aLittle);
      await idle();
      assert.deepEqual(names(), ['make']);
      engine.pass(graceMs);
      await idle();
      assert.deepEqual(names(), ['make', 'make']);
      await finish(operation.id);
    });

    it('a beat leaves the same time for a call to land as a claim does', async () => {
      const { operation, row } = await underWay();
      engine.pass(aLittle);
      one.clock.advance(beatMs);
      await idle();
      const left = (await row()).dueAt! - (await engine.database.db.now());
      assert.ok(left > leaseMs + graceMs - aLittle, `due in ${left} ms`);
      await finish(operation.id);
    });

    it('the one stops its call at the next beat when the operation is another’s', async () => {
      const { operation } = await underWay();
      await passToOther();
      assert.equal(calls[0]!.signal.aborted, false);
      one.clock.advance(beatMs);
      await idle();
      assert.equal(calls[0]!.signal.aborted, true);
      assert.equal(calls[1]!.signal.aborted, false);
      await finish(operation.id);
    });

    it('the one stops by its own clock when no beat gets through', async () => {
      const { operation } = await underWay();
      one.clock.advance(leaseMs);
      assert.equal(calls[0]!.signal.aborted, true);
      await idle();
      await passToOther();
      await finish(operation.id);
    });

    it('one of them gets what both have seen to be due', async () => {
      const { db } = engine.database;
      const operation = await engine.submit(two, await engine.newService());
      const now = await db.now();
      const due = (await findDue(db.knex, now, 20)).find((each) => each.operation.id === operation.id)!;
      const claim = (owner: string) =>
        db.transaction((tx) => claimOperation(tx, due, { owner, now, leaseUntil: now + leaseMs + graceMs }));
      const claimed = await Promise.all([claim('one'), claim('other')]);
      assert.equal(claimed.filter((each) => each !== null).length, 1);
      await engine.operations.takeOver(0);
      other = newWorker();
      await until('the first call', () => calls.length === 1);
      await finish(operation.id);
    });

    it('none of them gets what has gone on since it was seen', async () => {
      const { db } = engine.database;
      const { id } = await engine.submit(two, await engine.newService());
      const now = await db.now();
      const see = async () => (await findDue(db.knex, now, 20)).find((each) => each.operation.id === id)!;
      const claim = (due: Due) =>
        db.transaction((tx) => claimOperation(tx, due, { owner: 'one', now, leaseUntil: now - 1 }));
      const run = await claim(await see());
      const seen = await see();
      // It was paused within its commit until its lease was over.
      await patchFenced(db.knex, run!.operation, { step: 1 });
      assert.equal(await claim(seen), null);
      assert.equal((await claim(await see()))?.operation.step, 1);
    });
  });

  describe(`a pause that a worker’s clock did not see on ${database.name}`, () => {
    it('between its look and a claim: what it then begins is held all the same', async () => {
      const answers: (() => void)[] = [];
      const any = testOperation([{ name: 'any', run: () => new Promise<void>((resolve) => answers.push(resolve)) }]);
      const engine = await startEngine(database, [any], { timing, workers: false });
      const { db } = engine.database;
      for (let n = 0; n < 2; n += 1) await engine.submit(any, await engine.newService());
      const claimed: string[] = [];
      const at: AtPoint = (point, { operationId }) => {
        if (point === 'claim:committed' && claimed.push(operationId) === 1) engine.pass(leaseMs + graceMs + aLittle);
      };
      const operations = engine.another({ clock: handClock(), at });
      await until('both calls', () => answers.length === 2);
      const left = (await engine.find(claimed[1]!)).dueAt! - (await db.now());
      for (const answer of answers) answer();
      await until('the end of both', () => operations.running() === 0);
      await engine.stop();
      assert.ok(left > leaseMs, `due in ${left} ms`);
    });
  });
}
