/** Whatever a thief of the database does to the audit trail, it is found, and the entry is named. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { newId } from '../kit/ids.ts';
import { auditHash, createTrail, genesisHash } from './audit.ts';
import { signOldHeads, verifyAudit } from './verify-audit.ts';

const pepper = 'a pepper for tests only';
const trail = createTrail({ pepper });

for (const each of databases) {
  describe(`The audit trail, on ${each.name}`, () => {
    let database: TestDatabase;
    let chain = '';

    before(async () => {
      database = await each.open();
    });
    after(() => database.drop());

    const append = (to = chain, n = 0) =>
      database.db.transaction((tx) =>
        trail.append(tx, {
          chain: to,
          at: 1_700_000_000_000 + n,
          actor: 'key',
          action: 'site.suspend',
          outcome: 'done',
          details: { n, deep: { a: [1, 'two'] } },
          requestId: n % 2 === 0 ? `request-${n}` : null,
        }),
      );
    const rows = () => database.db.knex('audit').where({ chain });
    const head = () => database.db.knex('audit_chains').where({ chain });
    const faults = async () =>
      (await verifyAudit(database.db, pepper)).faults.map(({ chain: of, seq }) => [of === chain, seq]);

    beforeEach(async () => {
      await database.db.knex('audit').delete();
      await database.db.knex('audit_chains').delete();
      chain = `${newId()}:site:s`;
      for (let n = 1; n <= 6; n += 1) await append(chain, n);
      await append('system', 1);
    });

    it('is whole where two processes write it in turn', async () => {
      const other = createTrail({ pepper });
      const entry = { chain, at: 1, actor: 'a', action: 'b', outcome: 'c', requestId: null };
      const seqs: number[] = [];
      for (const one of [other, other, trail, other, trail, trail])
        seqs.push(await database.db.transaction((tx) => one.append(tx, entry)));
      assert.deepEqual(seqs, [7, 8, 9, 10, 11, 12]);
      assert.deepEqual(await faults(), []);
    });

    it('goes on from what is there after an entry that was rolled back', async () => {
      const entry = { chain, at: 1, actor: 'a', action: 'b', outcome: 'c', requestId: null };
      await assert.rejects(
        database.db.transaction(async (tx) => {
          await trail.append(tx, entry);
          throw new Error('no');
        }),
      );
      assert.equal(await append(chain, 7), 7);
      assert.deepEqual(await faults(), []);
    });

    it('is whole as it was written, over more than a page', async () => {
      const long = `${newId()}:site:long`;
      await database.db.transaction(async (tx) => {
        for (let n = 1; n <= 1_100; n += 1) {
          await trail.append(tx, { chain: long, at: n, actor: 'a', action: 'b', outcome: 'c', requestId: null });
        }
      });
      assert.deepEqual(await verifyAudit(database.db, pepper), { chains: 3, entries: 1_107, faults: [] });
      await database.db.knex('audit').where({ chain: long, seq: 777 }).update({ actor: 'z' });
      const { faults: found } = await verifyAudit(database.db, pepper);
      assert.deepEqual(
        found.map(({ chain: of, seq }) => [of, seq]),
        [[long, 777]],
      );
    });

    it('gives each entry the number after the last, whoever writes at the same time', async () => {
      const numbers = await Promise.all(Array.from({ length: 12 }, (_, n) => append(chain, n)));
      assert.deepEqual(
        numbers.sort((a, b) => a - b),
        Array.from({ length: 12 }, (_, n) => n + 7),
      );
      assert.deepEqual(await faults(), []);
    });

    const changes: Record<string, unknown> = {
      at: 5,
      actor: 'nobody',
      action: 'site.delete',
      outcome: 'failed',
      details: '{"n":99}',
      request_id: 'another',
      prev_hash: 'f'.repeat(64),
      hash: 'f'.repeat(64),
    };
    for (const [column, value] of Object.entries(changes)) {
      it(`shows in every row when its ${column} was changed`, async () => {
        for (let seq = 1; seq <= 6; seq += 1) {
          const was = (await rows().where({ seq }).first(column))[column];
          await rows()
            .where({ seq })
            .update({ [column]: value });
          assert.deepEqual(await faults(), [[true, seq]], `entry ${seq}`);
          await rows()
            .where({ seq })
            .update({ [column]: was });
        }
        assert.deepEqual(await faults(), []);
      });
    }

    it('shows when an entry was given another number, or another chain', async () => {
      await rows().where({ seq: 3 }).update({ seq: 30 });
      assert.deepEqual(
        (await faults()).map(([, seq]) => seq),
        [3, 7, 30, 7],
      );
      await rows().where({ seq: 30 }).update({ seq: 3 });
      await rows().where({ seq: 6 }).update({ chain: 'elsewhere', seq: 1 });
      assert.deepEqual(await faults(), [
        [true, 6],
        [false, 1],
        [false, null],
      ]);
    });

    it('shows when the last, a middle or the first entry was deleted', async () => {
      for (const seq of [6, 3, 1]) {
        const kept = await rows().where({ seq }).first();
        delete kept.panel_id;
        await rows().where({ seq }).delete();
        assert.deepEqual(await faults(), [[true, seq]]);
        await rows().insert(kept);
      }
      await rows().where('seq', '>', 4).delete();
      assert.deepEqual(await faults(), [[true, 5]]);
    });

    it('shows when two entries were swapped', async () => {
      await rows().where({ seq: 2 }).update({ seq: 99 });
      await rows().where({ seq: 4 }).update({ seq: 2 });
      await rows().where({ seq: 99 }).update({ seq: 4 });
      assert.deepEqual(await faults(), [
        [true, 2],
        [true, 4],
      ]);
    });

    /** What somebody does who knows how entries are hashed: from `first` on, all of it fits again. */
    const rewriteFrom = async (first: number) => {
      let prevHash = genesisHash;
      for (const row of await rows().orderBy('seq')) {
        const seq = Number(row.seq);
        if (seq >= first) {
          const hash = auditHash({
            chain,
            seq,
            at: Number(row.at),
            actor: row.actor,
            action: row.action,
            outcome: row.outcome,
            details: JSON.parse(row.details),
            requestId: row.request_id,
            prevHash,
          });
          await rows().where({ seq }).update({ prev_hash: prevHash, hash });
          row.hash = hash;
        }
        prevHash = row.hash;
      }
      return prevHash;
    };

    it('shows when one entry was rewritten so that it fits its own hash', async () => {
      const { hash: next } = await rows().where({ seq: 4 }).first('hash');
      await rows().where({ seq: 3 }).update({ actor: 'nobody' });
      await rewriteFrom(3);
      const { faults: found } = await verifyAudit(database.db, pepper);
      assert.deepEqual(
        found.map(({ seq }) => seq),
        [6],
        'only the head tells of a chain that was rewritten to its end',
      );
      assert.notEqual(next, (await rows().where({ seq: 4 }).first('hash')).hash);
    });

    it('shows when everything was rewritten, head and all, by somebody without the pepper', async () => {
      await rows().where({ seq: 3 }).update({ actor: 'nobody' });
      const hash = await rewriteFrom(3);
      await head().update({ hash });
      assert.deepEqual(await faults(), [[true, 6]]);
      // More entries do not cover it up.
      await append(chain, 7);
      assert.deepEqual(await faults(), [[true, 7]]);
    });

    it('shows when the end was cut off, head and all, and more was written since', async () => {
      const { hash } = await rows().where({ seq: 4 }).first('hash');
      await rows().where('seq', '>', 4).delete();
      await head().update({ seq: 4, hash });
      assert.deepEqual(await faults(), [[true, 4]]);
      await append(chain, 9);
      await append(chain, 10);
      assert.deepEqual(await faults(), [[true, 6]]);
    });

    it('shows when the head is gone, its signature is gone, or another pepper is used', async () => {
      const kept = await head().first();
      await head().update({ mac: null });
      assert.deepEqual(await faults(), [[true, 6]]);
      await append(chain, 7);
      assert.deepEqual(await faults(), [[true, 7]]);
      await rows().where({ seq: 7 }).delete();
      await head().delete();
      assert.deepEqual(await faults(), [[true, null]]);
      await head().insert(kept);
      assert.deepEqual(await faults(), []);
      assert.equal((await verifyAudit(database.db, 'another pepper for tests')).faults.length, 2);
    });

    it('shows when all of a service’s trail is gone, and its operations are not', async () => {
      const [panelId, , serviceId] = chain.split(':');
      const operation = {
        id: newId(),
        panel_id: panelId,
        service_kind: 'site',
        service_id: serviceId,
        kind: 'site.create',
        params: '{}',
        params_hash: '',
        state: 'done',
        message: '',
        deadline_at: 0,
        actor: 'key',
        created_at: 1_700_000_000_001,
        step: 0,
        percent: 100,
        attempts: 0,
        fence: 0,
        cancel_requested: 0,
        version: 1,
      };
      await database.db.knex('operations').insert(operation);
      assert.deepEqual(await faults(), []);
      await rows().delete();
      await head().delete();
      assert.deepEqual(await faults(), [[true, null]]);
      await append(chain, 1_000);
      assert.deepEqual(await faults(), [[true, null]], 'a trail that begins anew is younger than the operation');
      await database.db.knex('operations').delete();
    });

    it('is signed where an older release left it unsigned, and only where it is sound', async () => {
      await database.db.knex('audit_chains').update({ mac: null });
      await rows().where({ seq: 2 }).update({ actor: 'nobody' });
      assert.equal(await signOldHeads(database.db, pepper), 1);
      assert.deepEqual(await faults(), [
        [true, 2],
        [true, 6],
      ]);
      await rows().where({ seq: 2 }).update({ actor: 'key' });
      assert.equal(await signOldHeads(database.db, pepper), 1);
      assert.deepEqual(await faults(), []);
    });
  });
}
