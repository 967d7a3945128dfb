/**
 * Fault 17: a process is killed at every point between the outbox and the answer of a
 * mail server. The letter comes; twice only when it was sent before, and then it is the same.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deliveryPoints } from '../../../src/deliveries/deliveries.ts';
import { databases } from '../../support/databases.ts';
import { dieOnTheWay } from '../../support/mail-death.ts';
import { report } from '../report.ts';

const sentBefore = ['send:after', 'settle:committing'];

for (const database of databases) {
  describe(`fault 17, killed on the way of an e-mail, on ${database.name}`, () => {
    for (const point of deliveryPoints) {
      it(`loses no letter at ${point}`, async () => {
        const received = await dieOnTheWay(database, point);
        assert.equal(received.length, sentBefore.includes(point) ? 2 : 1);
        assert.equal(new Set(received.map(({ raw }) => raw)).size, 1);
        report({ fault: 17, name: 'SIGKILL at every point between the outbox and a mail server', cases: 1 });
      });
    }
  });
}
