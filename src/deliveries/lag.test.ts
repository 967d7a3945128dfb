import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quiet } from '../../test/support/app.ts';
import { databases } from '../../test/support/databases.ts';
import { handClock } from '../../test/support/hand-clock.ts';
import { until, untilIdle } from '../../test/support/idle.ts';
import { newId } from '../kit/ids.ts';
import { noTelemetry } from '../kit/telemetry.ts';
import { tellOthers } from '../operations/outbox.ts';
import { createDeliveries } from './deliveries.ts';
import type { Outcome } from './delivery.ts';

for (const database of databases) {
  describe(`how late others are told, on ${database.name}`, () => {
    it('is what could be told now and is not; what is put off is not late', async () => {
      let later = 0;
      const { db, drop } = await database.open({ clockOffset: () => later });
      let outcome: Outcome = { is: 'later', error: 'The server answered 503.', afterMs: 3_600_000 };
      let calls = 0;
      const clock = handClock();
      const create = () => {
        const deliveries = createDeliveries({
          telemetry: noTelemetry,
          db,
          clock,
          log: quiet,
          transaction: (work) => db.transaction(work),
        });
        deliveries.register({
          name: 'test',
          targetsOf: async () => [{ name: 'receiver' }],
          send: async () => {
            calls += 1;
            return outcome;
          },
        });
        return deliveries;
      };
      const [deliveries, other] = [create(), create()];
      const isAbout = async (ms: number) => {
        const lag = await deliveries.lagMs();
        assert.ok(lag >= ms && lag < ms + 30_000, `${lag} in place of ${ms}`);
      };
      await isAbout(0);
      await db.transaction(async (tx) => {
        const service = { panelId: newId(), kind: 'test', serviceId: 's' };
        await tellOthers(tx, service, { name: 'e', payload: {}, at: await db.now(tx), seq: 1 });
      });
      // Nobody hands it on.
      later += 600_000;
      await isAbout(600_000);
      deliveries.start();
      await until('it fails once', () => calls === 1);
      await untilIdle(db);
      // It is tried again in an hour, and waits for its time.
      later += 1_800_000;
      await isAbout(0);
      // Its time has come and gone, with nobody there.
      await deliveries.stop();
      later += 5_400_000;
      const lag = await deliveries.lagMs();
      assert.ok(lag > 3_000_000 && lag < 3_700_000, String(lag));
      outcome = { is: 'delivered', status: 204 };
      other.start();
      await until('it is told', () => calls === 2);
      await untilIdle(db);
      await isAbout(0);
      await other.stop();
      await drop();
    });
  });
}
