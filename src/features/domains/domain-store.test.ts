import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../../test/support/databases.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import { newId } from '../../kit/ids.ts';
import type { Holder } from './domain.ts';
import * as store from './domain-store.ts';
import { isTaken, releaseName, takeName, wasAnothers } from './name-store.ts';

const seen = { cname: [], addresses: [], txt: [] };

for (const database of databases) {
  describe(`the rows of domains on ${database.name}`, () => {
    let opened: TestDatabase;
    before(async () => {
      opened = await database.open();
    });
    after(() => opened.drop());

    const newDomain = async (hostname = `${newId().toLowerCase()}.example.com`) => {
      const { db } = opened;
      const site = newId();
      const service = { panelId: newId(), kind: 'site', serviceId: '1' };
      await db.transaction((tx) =>
        store.insertDomain(tx, { site, service, hostname }, { at: 1_000, nextCheckAt: 1_000, verifyUntil: 9_000 }),
      );
      return (await store.findDomain(db.knex, site, hostname))!;
    };

    it('let one of many begin a check, and the next when its time is over', async () => {
      const { knex } = opened.db;
      const domain = await newDomain();
      const isDue = async (now: number) =>
        (await store.findDue(knex, now, 1_000)).some(({ hostname }) => hostname === domain.hostname);
      assert.deepEqual([await isDue(999), await isDue(1_000)], [false, true]);
      const claims = await Promise.all(Array.from({ length: 16 }, () => store.claimCheck(knex, domain, 2_000)));
      assert.equal(claims.filter(Boolean).length, 1);
      assert.deepEqual([await isDue(1_999), await isDue(2_000)], [false, true]);
      // The one that began has died; another goes on.
      const again = (await store.findDomain(knex, domain.site, domain.hostname))!;
      assert.equal(await store.claimCheck(knex, again, 3_000), true);
    });

    it('take nothing from a check that was overtaken', async () => {
      const { db } = opened;
      const domain = await newDomain();
      await store.claimCheck(db.knex, domain, 2_000);
      const found = { state: 'expired', reason: 'not_pointing', seen, at: 1, nextCheckAt: null } as const;
      assert.equal(await db.transaction((tx) => store.noteCheck(tx, domain, found)), false);
      const claimed = { ...domain, checks: domain.checks + 1 };
      assert.equal(await db.transaction((tx) => store.noteCheck(tx, claimed, found)), true);
      const now = await store.findDomain(db.knex, domain.site, domain.hostname);
      assert.deepEqual([now?.state, now?.reason, now?.seen, now?.nextCheckAt], ['expired', 'not_pointing', seen, null]);
    });

    const take = async (hostname: string, holder: Holder, now = 10): Promise<boolean> => {
      for (;;) {
        try {
          return await opened.db.transaction((tx) => takeName(tx, hostname, holder, now));
        } catch (error) {
          // As `operations.transaction` does: the other row is there by now.
          if (!isUniqueViolation(error)) throw error;
        }
      }
    };
    const holder = (owner = newId()): Holder => ({ panelId: '0'.repeat(26), owner, site: newId() });

    it('give a name, and it and its wildcard, to one of those who take them at once', async () => {
      for (let round = 0; round < 10; round += 1) {
        const parent = `${newId().toLowerCase()}.example`;
        const wishes = Array.from({ length: 12 }, (_, n) => (n % 2 ? `*.${parent}` : `a.${parent}`));
        const taken = await Promise.all(wishes.map((name) => take(name, holder())));
        assert.equal(taken.filter(Boolean).length, 1);
      }
    });

    it('give a name to the same site again, and let its owner have a name and its wildcard', async () => {
      const { knex } = opened.db;
      const parent = `${newId().toLowerCase()}.example`;
      const mine = holder();
      const second = { ...mine, site: newId() };
      assert.equal(await take(`a.${parent}`, mine), true);
      assert.equal(await take(`a.${parent}`, mine), true);
      assert.equal(await take(`a.${parent}`, second), false);
      assert.equal(await take(`*.${parent}`, second), true);
      assert.equal(await isTaken(knex, `b.${parent}`, holder(), 10), true);
      assert.equal(await isTaken(knex, `b.${parent}`, mine, 10), false);
      assert.equal(await isTaken(knex, `a.b.${parent}`, holder(), 10), false);
      assert.equal(await isTaken(knex, parent, holder(), 10), false);
    });

    it('let a name rest for strangers only, and remember whose it was', async () => {
      const { db } = opened;
      const name = `${newId().toLowerCase()}.example.net`;
      const [mine, stranger] = [holder(), holder()];
      await take(name, mine);
      await db.transaction((tx) => releaseName(tx, name, newId(), 100));
      assert.equal(await isTaken(db.knex, name, stranger, 500), true, 'only its own site gives a name back');
      await db.transaction((tx) => releaseName(tx, name, mine.site, 100));
      assert.equal(await isTaken(db.knex, name, stranger, 99), true);
      assert.equal(await isTaken(db.knex, name, { ...mine, site: newId() }, 99), false);
      assert.equal(await isTaken(db.knex, name, { ...mine, panelId: '1'.repeat(26) }, 99), true);
      assert.equal(await isTaken(db.knex, name, stranger, 100), false);
      assert.deepEqual(
        [await wasAnothers(db.knex, name, stranger), await wasAnothers(db.knex, name, mine)],
        [true, false],
      );
      assert.equal(await take(name, stranger, 100), true);
    });
  });
}
