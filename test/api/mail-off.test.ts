/** A program without e-mail: nothing is written down for it, and nothing stays of when there was. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { activeSite, startApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';

const day = 24 * 3_600_000;

for (const database of databases) {
  describe(`E-mail, on ${database.name}`, () => {
    it('is off unless a server is named, and what waits from before is removed in the end', async () => {
      let ahead = 0;
      const off = await startApp(database, {
        replacements: { clockOffset: () => ahead, deliveries: { timing: { pollMs: 20 } } },
      });
      try {
        const { service_id: id } = await activeSite(off.panel);
        const { db, mail, deliveries } = off.serving.provisor;
        const limit = AbortSignal.timeout(15_000);
        while ((await db.knex('outbox').where({ service_id: id }).whereNull('sent_at')).length > 0) {
          assert.ok(!limit.aborted, 'it was not handed on');
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assert.deepEqual(await db.knex('deliveries'), []);
        assert.deepEqual([mail.channel, await mail.check(AbortSignal.timeout(1_000))], [null, null]);
        await assert.rejects(mail.sendTrial('ana@example.com', AbortSignal.timeout(1_000)), {
          code: 'invalid_request',
        });
        const service = { panelId: off.panel.panelId, kind: 'site', serviceId: id };
        const event = {
          id: '01J0000000000000000000000X',
          service,
          name: 'site.create.done',
          payload: {},
          at: 0,
          seq: 9,
        };
        await db.transaction(async (tx) =>
          deliveries.add(tx, { channel: 'mail', target: { name: 'customer', facts: {} }, event }, await db.now(tx)),
        );
        // Another process may have e-mail already: what it adds is left to it.
        ahead = 29 * day;
        await deliveries.clean();
        assert.equal((await db.knex('deliveries').where({ state: 'pending' })).length, 1);
        ahead = 31 * day;
        await deliveries.clean();
        assert.deepEqual([await db.knex('deliveries'), await db.knex('delivery_lanes')], [[], []]);
      } finally {
        await off.stop();
      }
    });
  });
}
