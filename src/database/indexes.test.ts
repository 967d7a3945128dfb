import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { up } from '../../migrations/0040-deliveries-by-state.ts';
import { databases } from '../../test/support/databases.ts';
import { hasIndex } from './indexes.ts';

for (const database of databases) {
  describe(`indexes on ${database.name}`, () => {
    it('are known by their table and name, so that a migration that died makes none twice', async () => {
      const { db, drop } = await database.open();
      try {
        const has = (table: string, name: string) => hasIndex(db.knex, db.dialect, table, name);
        assert.equal(await has('deliveries', 'deliveries_by_state'), true);
        assert.equal(await has('outbox', 'deliveries_by_state'), false);
        assert.equal(await has('deliveries', 'deliveries_by_nothing'), false);
        await up(db.knex, db.dialect);

        await db.knex.raw(`drop index deliveries_by_state${db.dialect === 'mysql' ? ' on deliveries' : ''}`);
        assert.equal(await has('deliveries', 'deliveries_by_state'), false);
        await up(db.knex, db.dialect);
        assert.equal(await has('deliveries', 'deliveries_by_state'), true);
      } finally {
        await drop();
      }
    });
  });
}
