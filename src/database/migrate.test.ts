import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import type { Log } from '../kit/log.ts';
import { migrate } from './migrate.ts';
import { createLease, takeLease } from './migration-lease.ts';

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const directory = fileURLToPath(new URL('./testdata/migrations/', import.meta.url));
const program = fileURLToPath(new URL('./testdata/migrate-process.ts', import.meta.url));
const all = ['0001-things', '0002-runs', '0003-colour'];

const migrateInProcess = async (url: string, environment: Record<string, string> = {}): Promise<string[]> => {
  const env = { ...process.env, ...environment };
  // Without this variable a node:test child would speak the runner's own protocol.
  delete env.NODE_TEST_CONTEXT;
  const { stdout } = await promisify(execFile)(process.execPath, [program, url, directory], { env });
  return JSON.parse(stdout);
};

for (const database of databases) {
  describe(`migrate on ${database.name}`, () => {
    let test: TestDatabase;
    let offset = 0;
    beforeEach(async () => {
      offset = 0;
      test = await database.open({ migrate: false, clockOffset: () => offset });
    });
    afterEach(() => test.drop());
    const recorded = () => test.db.knex('schema_migrations').orderBy('name').pluck('name');

    it('applies each migration once, in order', async () => {
      assert.deepEqual(await migrate(test.db, { directory, log }), { applied: all });
      assert.deepEqual(await migrate(test.db, { directory, log }), { applied: [] });
      assert.deepEqual(await recorded(), all);
      assert.equal((await test.db.knex('runs').select()).length, 1);
      await test.db.knex('things').insert({ id: 'a', name: 'x' });
      await assert.rejects(async () => test.db.knex('things').insert({ id: 'b', name: 'x' }));
    });

    it('lets eight processes start together', async () => {
      const applied = await Promise.all(Array.from({ length: 8 }, () => migrateInProcess(test.url)));
      assert.deepEqual(applied.flat().sort(), all);
      assert.deepEqual(await recorded(), all);
      assert.equal((await test.db.knex('runs').select()).length, 1);
    });

    it('heals after a kill between a change and its record, once the lease has expired', async () => {
      await assert.rejects(migrateInProcess(test.url, { MIGRATION_TEST_DIES: '1' }), { signal: 'SIGKILL' });
      assert.deepEqual(await recorded(), all.slice(0, 2));
      assert.equal(await takeLease(test.db, { leaseMs: 1000, owner: 'too early' }), null);
      offset = 31_000;
      assert.deepEqual(await migrate(test.db, { directory, log }), { applied: ['0003-colour'] });
      assert.ok(await test.db.knex.schema.hasColumn('things', 'colour'));
    });

    it('takes a lease over only from a holder that let it expire', async () => {
      await createLease(test.db);
      await createLease(test.db);
      const options = { leaseMs: 100_000, owner: 'same name' };
      const first = await takeLease(test.db, options);
      assert.ok(first);
      assert.equal(await takeLease(test.db, options), null);
      offset = 90_000;
      assert.equal(await first.renew(), true);
      offset = 180_000;
      assert.equal(await takeLease(test.db, options), null);
      offset = 190_001;
      const second = await takeLease(test.db, options);
      assert.ok(second);
      assert.equal(await first.renew(), false);
      assert.equal(await test.db.transaction((tx) => first.hold(tx)), false);
      await first.release();
      assert.equal(await takeLease(test.db, options), null, 'a late release takes nothing from the new holder');
      await second.release();
      assert.ok(await takeLease(test.db, options));
    });

    it('refuses a database that is ahead of the program', async () => {
      await migrate(test.db, { directory, log });
      await test.db.knex('schema_migrations').insert({ name: '0099-future', applied_at: 0 });
      await assert.rejects(migrate(test.db, { directory, log }), /newer than this program: it has 0099-future/);
    });

    it('stops at a migration that fails, gives the lease back, and goes on from there', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'provisor migrations '));
      const up = (body: string) => `export const up = async (db) => { ${body} };\n`;
      await writeFile(join(folder, '0001-good.ts'), up(`await db.schema.createTable('good', (t) => t.integer('a'));`));
      await writeFile(join(folder, '0002-bad.ts'), up(`throw new Error('bad');`));
      await writeFile(join(folder, 'README.md'), 'No migration');
      await assert.rejects(migrate(test.db, { directory: folder, log }), /bad/);
      assert.deepEqual(await recorded(), ['0001-good']);
      await rm(join(folder, '0002-bad.ts'));
      await writeFile(join(folder, '0003-last.ts'), up(''));
      assert.deepEqual(await migrate(test.db, { directory: folder, log }), { applied: ['0003-last'] });
      await writeFile(join(folder, '0003-twin.ts'), up(''));
      await assert.rejects(migrate(test.db, { directory: folder, log }), /Two migrations have the number 0003/);
      await rm(folder, { recursive: true });
    });
  });
}

describe('a migration', () => {
  for (const database of databases.filter(({ name }) => name === 'sqlite')) {
    it('that rebuilds a SQLite table keeps the rows that point at it', async () => {
      const { db, drop } = await database.open({ migrate: false });
      await db.knex.schema.createTable('parents', (table) => {
        table.integer('id').primary();
        table.integer('old');
      });
      await db.knex.schema.createTable('children', (table) => {
        table.integer('id').primary();
        table.integer('parent').references('id').inTable('parents').onDelete('CASCADE');
      });
      await db.knex('parents').insert({ id: 1, old: 1 });
      await db.knex('children').insert({ id: 1, parent: 1 });
      const folder = await mkdtemp(join(tmpdir(), 'provisor-migrations-'));
      await writeFile(
        join(folder, '0001-drop.ts'),
        `export const up = (db) => db.schema.alterTable('parents', (t) => { t.dropColumn('old'); });`,
      );
      await migrate(db, { directory: folder, log });
      assert.deepEqual(await db.knex('parents').select(), [{ id: 1 }]);
      assert.equal((await db.knex('children').select()).length, 1);
      assert.deepEqual(await db.knex.raw('PRAGMA foreign_keys'), [{ foreign_keys: 1 }]);
      await rm(folder, { recursive: true });
      await drop();
    });
  }

  for (const database of databases.filter(({ name }) => name === 'mariadb')) {
    it('creates a MariaDB table with all its keys in one statement', async () => {
      const { db, drop } = await database.open({ migrate: false });
      await db.knex.schema.createTable('parents', (table) => table.integer('id').primary());
      const create = db.knex.schema.createTable('all of (it)', (table) => {
        table.integer('id').primary();
        table.string('name').unique().comment('(with');
        table.integer('parent').references('id').inTable('parents');
        table.index(['name', 'parent'], 'both');
      });
      const statements = create.toSQL() as unknown as unknown[];
      assert.equal(statements.length, 1);
      await create;
      const [[{ 'Create Table': made }]] = await db.knex.raw('SHOW CREATE TABLE `all of (it)`');
      for (const part of [/UNIQUE KEY/, /FOREIGN KEY/, /KEY `both`/, /InnoDB/, /utf8mb4_bin/]) assert.match(made, part);
      await drop();
    });
  }
});
