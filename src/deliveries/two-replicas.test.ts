/**
 * What holds between processes that tell others out of one database, and know of each other by nothing else: each
 * has connections of its own, and a clock that stands still. A lease passes by the clock of the database.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { quiet } from '../../test/support/app.ts';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { handClock } from '../../test/support/hand-clock.ts';
import { until, untilIdle } from '../../test/support/idle.ts';
import { connectDatabase } from '../database/connect.ts';
import { newId } from '../kit/ids.ts';
import { noTelemetry } from '../kit/telemetry.ts';
import { createTrail } from '../operations/audit.ts';
import type { ServiceKey } from '../operations/operation.ts';
import { createOperations } from '../operations/operations.ts';
import { tellOthers } from '../operations/outbox.ts';
import { createDeliveries } from './deliveries.ts';
import type { Delivery, Outcome } from './delivery.ts';

const [sendMs, leaseMs] = [20_000, 60_000];
const delivered: Outcome = { is: 'delivered', status: 204 };

interface Call {
  by: string;
  delivery: Delivery;
  signal: AbortSignal;
}

for (const database of databases) {
  describe(`two processes that deliver, on ${database.name}`, () => {
    let test: TestDatabase;
    let later = 0;
    let panelId = '';
    let calls: Call[] = [];
    /** How the receiver answers: at once and well, unless a test says otherwise. */
    let answer: (call: Call) => Promise<Outcome> = async () => delivered;
    let replicas: Awaited<ReturnType<typeof newReplica>>[] = [];

    const newReplica = async (name: string) => {
      const clock = handClock();
      const db = connectDatabase({ url: test.url, log: quiet, clock, clockOffset: () => later });
      const trail = createTrail({ pepper: 'a pepper for tests only' });
      const { transaction } = createOperations({ db, clock, log: quiet, trail });
      const deliveries = createDeliveries({
        telemetry: noTelemetry,
        db,
        clock,
        log: quiet,
        transaction,
        timing: { sendMs, leaseMs },
      });
      deliveries.register({
        name: 'test',
        targetsOf: async () => [{ name: 'receiver' }],
        send: async (delivery, signal) => {
          const call = { by: name, delivery, signal };
          calls.push(call);
          return answer(call);
        },
      });
      return { name, db, deliveries };
    };

    before(async () => {
      test = await database.open({ clockOffset: () => later });
    });
    after(() => test.drop());
    beforeEach(async () => {
      calls = [];
      answer = async () => delivered;
      panelId = newId();
      replicas = [await newReplica('one'), await newReplica('other')];
    });
    afterEach(async () => {
      await Promise.all(replicas.map(({ deliveries }) => deliveries.stop()));
      await Promise.all(replicas.map(({ db }) => db.close()));
      for (const table of ['outbox', 'deliveries', 'delivery_lanes']) await test.db.knex(table).delete();
    });

    const service = (serviceId: string): ServiceKey => ({ panelId, kind: 'test', serviceId });
    const happen = (serviceId: string, seq: number) =>
      test.db.transaction(async (tx) =>
        tellOthers(tx, service(serviceId), { name: `event.${seq}`, payload: {}, at: await test.db.now(tx), seq }),
      );
    const look = () => {
      for (const { deliveries } of replicas) {
        deliveries.start();
        deliveries.wake();
      }
    };
    const rest = async () => {
      for (let n = 0; n < 2; n += 1) for (const { db } of replicas) await untilIdle(db);
    };
    const left = async () => {
      const { knex } = test.db;
      const waiting = await knex('outbox').whereNull('sent_at').select('id');
      const pending = await knex('deliveries').where({ state: 'pending' }).select('id');
      return waiting.length + pending.length;
    };
    const toldOf = (serviceId: string) =>
      calls
        .filter(({ delivery }) => delivery.event.service.serviceId === serviceId)
        .map(({ delivery }) => delivery.event.name);
    const byWhom = () => calls.map(({ by }) => by);

    it('share the work, send nothing twice, and keep the order of each service', async () => {
      const [ids, seqs] = [Array.from({ length: 12 }, (_, at) => `s${at}`), [1, 2, 3]];
      // Both must have begun before either goes on; so neither does it all before the other has looked.
      const bothBegan = until('both send', () => new Set(byWhom()).size === 2);
      answer = async () => {
        await bothBegan;
        return delivered;
      };
      // What happens while it is told, and before.
      for (const seq of seqs.slice(0, 1)) for (const id of ids) await happen(id, seq);
      look();
      for (const seq of seqs.slice(1)) {
        for (const id of ids) {
          await happen(id, seq);
          look();
        }
      }
      await until('all are told', async () => {
        look();
        return (await left()) === 0;
      });
      for (const id of ids)
        assert.deepEqual(
          toldOf(id),
          seqs.map((seq) => `event.${seq}`),
          id,
        );
      const rows = await test.db.knex('deliveries').select('state', 'attempts');
      assert.equal(rows.length, ids.length * seqs.length);
      assert.ok(rows.every(({ state, attempts }) => state === 'delivered' && Number(attempts) === 1));
    });

    it('hand an event on once, however both look at it', async () => {
      for (let seq = 1; seq <= 20; seq += 1) {
        await happen('s', seq);
        look();
      }
      await until('all are told', async () => {
        look();
        return (await left()) === 0;
      });
      assert.equal((await test.db.knex('deliveries').select('id')).length, 20);
      assert.equal(new Set(calls.map(({ delivery }) => delivery.event.id)).size, 20);
    });

    /** One of them sends, and never hears an answer. */
    const oneIsDead = async () => {
      const late = Promise.withResolvers<Outcome>();
      answer = ({ by }) => (by === 'one' ? late.promise : Promise.resolve(delivered));
      for (const seq of [1, 2, 3]) await happen('s', seq);
      const [one, other] = replicas;
      one!.deliveries.start();
      await until('the one sends', () => calls.length === 1);
      other!.deliveries.start();
      await rest();
      return { late, other: other!.deliveries };
    };

    it('one takes over what the other held when it died, not before the lease is over', async () => {
      const { late, other } = await oneIsDead();
      later += leaseMs - 5_000;
      other.wake();
      await rest();
      assert.deepEqual(byWhom(), ['one']);
      later += 5_000;
      other.wake();
      await until('the other goes on', async () => (await left()) === 0);
      assert.deepEqual(byWhom(), ['one', 'other', 'other', 'other']);
      assert.deepEqual(toldOf('s'), ['event.1', 'event.1', 'event.2', 'event.3']);
      const [first, again] = calls;
      assert.deepEqual(again!.delivery.event, first!.delivery.event);
      late.resolve(delivered);
    });

    it('the one that slept through its lease writes nothing of what it hears then', async () => {
      const { late, other } = await oneIsDead();
      later += leaseMs;
      other.wake();
      await until('the other goes on', async () => (await left()) === 0);
      const rows = () => test.db.knex('deliveries').orderBy('seq').select('state', 'attempts', 'error');
      const before = await rows();
      late.resolve({ is: 'later', error: 'The server answered 503.' });
      await rest();
      assert.deepEqual(await rows(), before);
      assert.equal(calls.length, 4);
    });

    it('one that ends in order leaves the rest to the other at once', async () => {
      const sent = Promise.withResolvers<void>();
      answer = ({ by, signal }) => {
        if (by === 'other') return Promise.resolve(delivered);
        sent.resolve();
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ is: 'later', error: 'The server did not answer in time.' }));
        });
      };
      for (const seq of [1, 2]) await happen('s', seq);
      const [one, other] = replicas;
      one!.deliveries.start();
      await sent.promise;
      await one!.deliveries.stop();
      other!.deliveries.start();
      await until('the other goes on', async () => (await left()) === 0);
      assert.deepEqual(byWhom(), ['one', 'other', 'other']);
      const rows = await test.db.knex('deliveries').select('attempts');
      assert.deepEqual(
        rows.map(({ attempts }) => Number(attempts)),
        [1, 1],
      );
    });
  });
}
