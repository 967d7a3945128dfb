import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { gate, startEngine, type TestEngine, testOperation } from '../../test/support/engine.ts';
import { AppError, ProviderError } from '../kit/errors.ts';
import { auditHash, genesisHash } from './audit.ts';
import { readQuotas } from './quota.ts';

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

for (const database of databases) {
  describe(`putting operations in line on ${database.name}`, () => {
    let hold = gate();
    const three = testOperation([{ name: 'one' }, { name: 'two' }, { name: 'three' }]);
    const held = testOperation([{ name: 'first' }, { name: 'held', timeoutMs: 60_000, run: () => hold.opened }]);
    const refused = testOperation([
      {
        name: 'refused',
        run: async () => {
          throw new ProviderError('test/x', 'invalid', 'no');
        },
      },
    ]);

    let engine: TestEngine;
    before(async () => {
      engine = await startEngine(database, [three, held, refused], { queueCap: 40 });
    });
    after(() => engine.stop());

    const run = async (definition: typeof three, more?: Parameters<TestEngine['submit']>[2]) => {
      const service = await engine.newService({ things: 3 });
      const operation = await engine.submit(definition, service, more);
      return { service, operation, ended: () => engine.operations.waitForRest(operation.id, 10_000) };
    };

    it('answers the same wish with the operation under way and refuses another', async () => {
      hold = gate();
      const { service, operation, ended } = await run(held, { params: { a: 1, b: 2 } });
      const again = await engine.submit(held, service, { params: { b: 2, a: 1 } });
      assert.equal(again.id, operation.id);
      await assert.rejects(engine.submit(held, service, { params: { a: 2 } }), (error: unknown) => {
        assert.ok(code('operation_in_progress')(error));
        assert.equal((error as AppError).details?.operation_id, operation.id);
        return true;
      });
      await assert.rejects(engine.submit(three, service), code('operation_in_progress'));
      hold.open();
      assert.equal((await ended())?.state, 'done');
    });

    it('takes a wish that came 50 times at once only once', async () => {
      hold = gate();
      const service = await engine.newService();
      const all = await Promise.all(Array.from({ length: 50 }, () => engine.submit(held, service)));
      assert.equal(new Set(all.map((operation) => operation.id)).size, 1);
      hold.open();
      await engine.operations.waitForRest(all[0]!.id, 10_000);
    });

    it('lets one of 20 different wishes have the service', async () => {
      hold = gate();
      const service = await engine.newService();
      const all = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => engine.submit(held, service, { params: { n } })),
      );
      const accepted = all.filter((each) => each.status === 'fulfilled');
      assert.equal(accepted.length, 1);
      for (const each of all) if (each.status === 'rejected') assert.ok(code('operation_in_progress')(each.reason));
      hold.open();
      await engine.operations.waitForRest(accepted[0]!.value.id, 10_000);
    });

    it('takes units when it is put in line and gives them back once when it fails', async () => {
      const { service, operation, ended } = await run(refused, { holds: { things: 2 } });
      assert.deepEqual(await readQuotas(engine.database.db.knex, service), [{ resource: 'things', used: 2, limit: 3 }]);
      await ended();
      assert.deepEqual(await readQuotas(engine.database.db.knex, service), [{ resource: 'things', used: 0, limit: 3 }]);
      const hold = await engine.database.db.knex('quota_holds').where({ operation_id: operation.id }).first('state');
      assert.equal(hold.state, 'released');
      const kept = await engine.submit(three, service, { holds: { things: 3 } });
      await engine.operations.waitForRest(kept.id, 10_000);
      await assert.rejects(engine.submit(three, service, { holds: { things: 1 } }), (error: unknown) => {
        assert.ok(code('quota_exceeded')(error));
        assert.equal((error as AppError).message, 'Things quota exceeded: 3 of 3 used');
        return true;
      });
    });

    it('refuses a panel that has too many in line', async () => {
      hold = gate();
      const panelId = '0'.repeat(26);
      const services = await Promise.all(Array.from({ length: 41 }, () => engine.newService()));
      const submitted: string[] = [];
      for (const service of services.slice(0, 40)) {
        const own = { ...service, panelId };
        await engine.database.db
          .knex('services')
          .where({ service_id: service.serviceId })
          .update({ panel_id: panelId });
        submitted.push((await engine.submit(held, own, { caller: { panelId } })).id);
      }
      await engine.database.db
        .knex('services')
        .where({ service_id: services[40]!.serviceId })
        .update({ panel_id: panelId });
      await assert.rejects(
        engine.submit(held, { ...services[40]!, panelId }, { caller: { panelId } }),
        code('too_many_operations'),
      );
      hold.open();
      for (const id of submitted) assert.equal((await engine.operations.waitForRest(id, 20_000))?.state, 'done');
    });

    it('keeps an audit trail in which every entry is hashed onto the one before', async () => {
      const { service, operation, ended } = await run(three);
      await ended();
      const chain = `${service.panelId}:${service.kind}:${service.serviceId}`;
      const rows = await engine.database.db.knex('audit').where({ chain }).orderBy('seq');
      assert.deepEqual(
        rows.map((row) => row.outcome),
        ['accepted', 'done'],
      );
      let prevHash = genesisHash;
      for (const row of rows) {
        const entry = {
          chain,
          seq: Number(row.seq),
          at: Number(row.at),
          actor: row.actor,
          action: row.action,
          outcome: row.outcome,
          details: JSON.parse(row.details),
          requestId: row.request_id,
          prevHash,
        };
        assert.equal(row.prev_hash, prevHash);
        assert.equal(row.hash, auditHash(entry));
        prevHash = row.hash;
      }
      const told = await engine.database.db.knex('outbox').where({ service_id: service.serviceId });
      assert.deepEqual(
        told.map((row) => row.event),
        [`${operation.kind}.done`],
      );
    });
  });
}
