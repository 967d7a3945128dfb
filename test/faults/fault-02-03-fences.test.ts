/**
 * Faults 2 and 3: a run that was paused for longer than its lease and grace goes
 * on, and another has been there meanwhile. What it still writes changes no row.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Database } from '../../src/database/database.ts';
import { type Clock, systemClock } from '../../src/kit/clock.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import type { AtPoint, CrashPoint } from '../../src/operations/crash-points.ts';
import type { Operation, ServiceKey } from '../../src/operations/operation.ts';
import type { Operations } from '../../src/operations/operations.ts';
import { readQuotas } from '../../src/operations/quota.ts';
import { databases } from '../support/databases.ts';
import { gate, startEngine, type TestEngine, testOperation, testTiming } from '../support/engine.ts';
import { report } from './report.ts';
import { isWaitedFor } from './waited-for.ts';

const pauseMs = testTiming.leaseMs + testTiming.graceMs + 1;
const deadlineSeconds = 60;

/** The clock of a process that is stopped: nothing that it waits for comes, until it goes on. */
const stoppableClock = () => {
  let lateMs = 0;
  const clock: Clock = {
    monotonic: () => systemClock.monotonic() + lateMs,
    after: () => ({ cancel: () => {} }),
  };
  return {
    clock,
    /** It goes on, and sees on its clock how long it was away. A suspended virtual machine may not see it. */
    noticePause: () => {
      lateMs += pauseMs;
    },
  };
};

/** Lets a run get as far as `point` of `step` and stops it there until it may go on. */
const pauseAt = (point: CrashPoint, step: string | null) => {
  const reached = gate();
  const goOn = gate();
  let paused = false;
  const at: AtPoint = async (passed, of) => {
    if (paused || passed !== point || (step !== null && of.step !== step)) return;
    paused = true;
    reached.open();
    await goOn.opened;
  };
  return { at, reached: reached.opened, goOn: goOn.open };
};

/** Every row that an operation has anywhere. */
const rowsOf = async ({ knex }: Database, operation: Operation): Promise<unknown> => {
  const { panelId, serviceId } = operation.service;
  const own = { panel_id: panelId, service_id: serviceId };
  return {
    operation: await knex('operations').where({ id: operation.id }),
    steps: await knex('operation_steps').where({ operation_id: operation.id }).orderBy(['seq', 'direction']),
    resources: await knex('resources').where(own).orderBy('name'),
    holds: await knex('quota_holds').where({ operation_id: operation.id }),
    quotas: await knex('quotas').where(own),
    services: await knex('services').where(own),
    outbox: await knex('outbox').where(own).orderBy('id'),
    audit: await knex('audit').where('chain', 'like', `%${serviceId}`).orderBy('seq'),
  };
};

for (const database of databases) {
  describe(`a paused run on ${database.name}`, () => {
    /** The objects outside, and the calls that were made for them. */
    const world = new Set<string>();
    let calls: string[] = [];
    let failing: Error | null = null;
    const nameOf = (service: ServiceKey) => `thing-${service.serviceId}`;

    const make = testOperation(
      [
        {
          name: 'make',
          owns: ({ service }) => ({ kind: 'thing', name: nameOf(service) }),
          run: async ({ service }) => {
            calls.push('make');
            if (failing) throw failing;
            world.add(nameOf(service));
          },
          undo: async ({ service }) => {
            calls.push('unmake');
            world.delete(nameOf(service));
          },
        },
        { name: 'finish', run: async () => void calls.push('finish') },
      ],
      { deadlineSeconds },
    );

    let engine: TestEngine;
    before(async () => {
      engine = await startEngine(database, [make], { workers: false });
    });
    after(() => engine.stop());
    // A test that fails must not leave a run waiting for ever.
    let release = () => {};
    afterEach(() => release());

    /** Brings run A of a new operation to a point and stops it there. */
    const pauseA = async (point: CrashPoint, step: string | null) => {
      calls = [];
      failing = null;
      const { clock, noticePause } = stoppableClock();
      const { at, reached, goOn } = pauseAt(point, step);
      release = goOn;
      const service = await engine.newService({ things: 1 });
      const operation = await engine.submit(make, service, { holds: { things: 1 } });
      const a = engine.another({ clock, at });
      await reached;
      return { a, service, operation, noticePause, goOn };
    };

    /** Lets the lease and the grace pass; B claims the operation and brings it to its end. */
    const letBFinish = async (operation: Operation, afterMs = pauseMs): Promise<Operations> => {
      const b = engine.another();
      engine.pass(afterMs);
      await engine.operations.waitForRest(operation.id, 10_000);
      return b;
    };

    /** A goes on until it gives up by itself. */
    const untilOver = async (a: Operations): Promise<void> => {
      while (a.running() > 0) await new Promise((resolve) => setImmediate(resolve));
      await a.drain(2_000);
      assert.equal(a.running(), 0);
    };

    const paused: {
      where: string;
      point: CrashPoint;
      step: string | null;
      notices: boolean;
      /** Calls of A before it is paused, of B meanwhile, and of A afterwards. */
      calls: string[];
    }[] = [
      {
        where: 'after its claim, and sees on its clock that it is late: the call is not made',
        point: 'claim:committed',
        step: null,
        notices: true,
        calls: ['make', 'finish'],
      },
      {
        where: 'after its claim, and its clock stood still: the call finds its object there',
        point: 'claim:committed',
        step: null,
        notices: false,
        calls: ['make', 'finish', 'make'],
      },
      {
        where: 'before a call, and sees on its clock that it is late: the call is not made',
        point: 'call:before',
        step: 'make',
        notices: true,
        calls: ['make', 'finish'],
      },
      {
        where: 'before a call, and its clock stood still: the call finds its object there',
        point: 'call:before',
        step: 'make',
        notices: false,
        calls: ['make', 'finish', 'make'],
      },
      {
        where: 'before a commit',
        point: 'call:after',
        step: 'make',
        notices: false,
        calls: ['make', 'make', 'finish'],
      },
      {
        where: 'before the last commit',
        point: 'call:after',
        step: 'finish',
        notices: true,
        calls: ['make', 'finish', 'finish'],
      },
    ];
    for (const { where, point, step, notices, calls: expected } of paused) {
      it(`${where}: its commit changes 0 rows`, async () => {
        const { a, service, operation, noticePause, goOn } = await pauseA(point, step);
        const b = await letBFinish(operation);
        const rows = await rowsOf(engine.database.db, operation);
        if (notices) noticePause();
        goOn();
        await untilOver(a);
        assert.deepEqual(calls, expected);
        assert.deepEqual(await rowsOf(engine.database.db, operation), rows);
        assert.equal((await engine.find(operation.id)).state, 'done');
        assert.ok(world.has(nameOf(service)));
        await b.drain(2_000);
        report({ fault: 2, name: 'paused longer than the lease: the stale commit changes 0 rows', cases: 1 });
      });
    }

    for (const outcome of ['done', 'refused'] as const) {
      it(`before a commit (${outcome}), and B is still under way: B's fence alone keeps A out`, async () => {
        const { a, operation, goOn } = await pauseA(outcome === 'done' ? 'call:after' : 'call:before', 'make');
        const second = pauseAt('call:before', 'make');
        release = () => {
          goOn();
          second.goOn();
        };
        // Without timers B sends no beats, so that its rows stand still.
        const b = engine.another({ clock: stoppableClock().clock, at: second.at });
        engine.pass(pauseMs);
        await second.reached;
        const rows = await rowsOf(engine.database.db, operation);
        if (outcome === 'refused') failing = new ProviderError('test/x', 'invalid', 'refused');
        goOn();
        await untilOver(a);
        assert.deepEqual(await rowsOf(engine.database.db, operation), rows);
        failing = null;
        second.goOn();
        assert.equal((await engine.operations.waitForRest(operation.id, 10_000))?.state, 'done');
        assert.deepEqual(calls, ['make', 'make', 'finish']);
        await b.drain(2_000);
        report({ fault: 2, name: 'paused longer than the lease: the stale commit changes 0 rows', cases: 1 });
      });
    }

    it('before it can say that its call was refused: nothing is taken back', async () => {
      const { a, service, operation, goOn } = await pauseA('call:before', 'make');
      const b = await letBFinish(operation);
      const rows = await rowsOf(engine.database.db, operation);
      failing = new ProviderError('test/x', 'invalid', 'refused');
      goOn();
      await untilOver(a);
      assert.deepEqual(calls, ['make', 'finish', 'make']);
      assert.deepEqual(await rowsOf(engine.database.db, operation), rows);
      assert.ok(world.has(nameOf(service)));
      await b.drain(2_000);
      report({ fault: 2, name: 'paused longer than the lease: the stale commit changes 0 rows', cases: 1 });
    });

    for (const reason of ['cancelled', 'deadline_exceeded'] as const) {
      it(`A calls, B takes it back (${reason}), A commits: A is refused and the world is as the rows say`, async () => {
        const { a, service, operation, goOn } = await pauseA('call:after', 'make');
        assert.ok(world.has(nameOf(service)), 'A has made it');
        if (reason === 'cancelled') await engine.operations.cancel(engine.caller, operation.id);
        const b = await letBFinish(operation, reason === 'cancelled' ? pauseMs : deadlineSeconds * 1_000 + 1);
        assert.deepEqual(calls, ['make', 'unmake']);
        const rows = await rowsOf(engine.database.db, operation);
        goOn();
        await untilOver(a);
        assert.deepEqual(calls, ['make', 'unmake']);
        assert.deepEqual(await rowsOf(engine.database.db, operation), rows);
        const ended = await engine.find(operation.id);
        assert.equal(ended.state, 'failed');
        assert.equal(ended.error?.code, reason);
        const thing = await engine.database.db
          .knex('resources')
          .where({ name: nameOf(service) })
          .first('state');
        assert.equal(thing.state, 'gone');
        assert.ok(!world.has(nameOf(service)));
        const [quota] = await readQuotas(engine.database.db.knex, service);
        assert.equal(quota?.used, 0, 'given back once');
        await b.drain(2_000);
        report({ fault: 3, name: 'A calls, B undoes, A commits: A rejected, world = rows', cases: 1 });
      });
    }

    // On SQLite an open transaction has the whole file, so there is nothing that another could do meanwhile.
    if (database.name === 'mariadb') {
      it('inside its commit: nobody gets in, and then B goes on behind it', async () => {
        const { a, operation, noticePause, goOn } = await pauseA('step:committing', 'make');
        assert.deepEqual(calls, ['make']);
        const b = engine.another();
        engine.pass(pauseMs);
        while (!(await isWaitedFor(engine.database.db))) await new Promise((resolve) => setImmediate(resolve));
        noticePause();
        goOn();
        await untilOver(a);
        const done = await engine.operations.waitForRest(operation.id, 10_000);
        assert.equal(done?.state, 'done');
        assert.deepEqual(calls, ['make', 'finish']);
        await b.drain(2_000);
        report({ fault: 2, name: 'paused longer than the lease: the stale commit changes 0 rows', cases: 1 });
      });

      it('inside its commit, and its connection is cut meanwhile: its commit changes 0 rows', async () => {
        const { a, service, operation, goOn } = await pauseA('step:committing', 'make');
        await cutTransaction(engine.database.db);
        const b = await letBFinish(operation);
        const rows = await rowsOf(engine.database.db, operation);
        assert.deepEqual(calls, ['make', 'make', 'finish']);
        goOn();
        await untilOver(a);
        assert.deepEqual(calls, ['make', 'make', 'finish']);
        assert.deepEqual(await rowsOf(engine.database.db, operation), rows);
        assert.ok(world.has(nameOf(service)));
        await b.drain(2_000);
        report({ fault: 2, name: 'paused longer than the lease: the stale commit changes 0 rows', cases: 1 });
      });
    }
  });
}

/** Ends the one connection that has a transaction open on this database. */
const cutTransaction = async ({ knex }: Database): Promise<void> => {
  const [rows] = await knex.raw(
    `SELECT process.id AS id FROM information_schema.innodb_trx AS trx
     JOIN information_schema.processlist AS process ON process.id = trx.trx_mysql_thread_id
     WHERE process.db = database()`,
  );
  assert.equal(rows.length, 1);
  await knex.raw(`KILL ${Number(rows[0].id)}`);
};
