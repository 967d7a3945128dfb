import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import type { Log } from '../kit/log.ts';
import { connectDatabase } from './connect.ts';
import type { Queries } from './database.ts';

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

for (const database of databases) {
  describe(`connectDatabase on ${database.name}`, () => {
    let test: TestDatabase;
    let offset = 0;
    before(async () => {
      test = await database.open({ migrate: false, clockOffset: () => offset });
      await test.db.knex.schema.createTable('things', (table) => {
        table.string('id', 32).primary();
        table.bigInteger('amount');
        table.integer('small');
        table.text('note');
        table.binary('raw');
      });
    });
    after(() => test.drop());

    it('keeps whole numbers exactly', async () => {
      const { knex } = test.db;
      const values = [9223372036854775807n, -9223372036854775808n, 9007199254740993n, 0, 5, Number.MAX_SAFE_INTEGER];
      for (const [index, amount] of values.entries()) await knex('things').insert({ id: `exact-${index}`, amount });
      const stored = await knex('things').where('id', 'like', 'exact-%').orderBy('id').pluck('amount');
      assert.deepEqual(stored.map(BigInt), values.map(BigInt));
      const [sum] = await knex('things')
        .whereIn('id', ['exact-3', 'exact-4'])
        .sum({ total: 'amount' })
        .count({ n: '*' });
      assert.deepEqual([String(sum?.total), String(sum?.n)], ['5', '2']);
    });

    it('writes a number into a text column without a fraction', async () => {
      await test.db.knex('things').insert({ id: 'text', note: 5 });
      assert.equal((await test.db.knex('things').where({ id: 'text' }).first('note')).note, '5');
    });

    it('gives plain rows, and text and bytes as they were', async () => {
      const note = `quote ' backslash \\ newline \n null? no; emoji 🚀`;
      const row = { id: 'plain', amount: null, small: 1, note, raw: Buffer.from([0, 255, 39, 92]) };
      await test.db.knex('things').insert({ ...row, small: true });
      assert.deepEqual(await test.db.knex('things').where({ id: 'plain' }).first(), row);
      assert.equal(await test.db.knex('things').where({ id: 'none' }).first(), undefined);
    });

    it('counts the rows that an UPDATE matched, changed or not', async () => {
      await test.db.knex('things').insert({ id: 'same', small: 1 });
      assert.equal(await test.db.knex('things').where({ id: 'same' }).update({ small: 1 }), 1);
      assert.equal(await test.db.knex('things').where({ id: 'nobody' }).update({ small: 1 }), 0);
      assert.equal(await test.db.knex('things').where({ id: 'same' }).delete(), 1);
    });

    it('refuses values that the databases would write differently', async () => {
      const { knex } = test.db;
      for (const value of [new Date(0), undefined, NaN, Infinity, Symbol('x'), [1], { a: 1 }]) {
        await assert.rejects(
          async () => knex.raw('SELECT ?', [[value]].flat() as never),
          /cannot carry|Undefined|Expected/,
        );
        await assert.rejects(async () =>
          knex('things')
            .where('note', value as never)
            .select(),
        );
      }
    });

    it('refuses two statements in one query', async () => {
      await assert.rejects(async () => test.db.knex.raw('SELECT 1; DELETE FROM things'));
      await test.db.knex.raw('SELECT 1; -- a comment is no statement');
    });

    it('compares text byte by byte', async () => {
      await test.db.knex('things').insert([{ id: 'case' }, { id: 'CASE' }]);
      const ids = await test.db.knex('things').whereIn('id', ['case', 'Case']).pluck('id');
      assert.deepEqual(ids, ['case']);
    });

    it('keeps values out of the error', async () => {
      await test.db.knex('things').insert({ id: 'once' });
      const secret = 'hunter2';
      await assert.rejects(
        async () => test.db.knex('things').insert({ id: 'once', note: secret }),
        (error: Error) => !JSON.stringify({ ...error, message: error.message }).includes(secret),
      );
    });

    it('sees a changed schema in a query that ran before', async () => {
      const { knex } = test.db;
      await knex.schema.createTable('grows', (table) => table.integer('a').primary());
      await knex('grows').insert({ a: 1 });
      assert.deepEqual(await knex('grows').select('*'), [{ a: 1 }]);
      await knex.schema.alterTable('grows', (table) => table.integer('b').notNullable().defaultTo(2));
      assert.deepEqual(await knex('grows').select('*'), [{ a: 1, b: 2 }]);
      await knex.schema.dropTable('grows');
      await assert.rejects(async () => knex('grows').select('*'));
    });

    it('tells the time, moved by the offset, inside and outside a transaction', async () => {
      assert.ok(Math.abs((await test.db.now()) - Date.now()) < 5000);
      offset = 3_600_000;
      const inside = await test.db.transaction((tx) => test.db.now(tx));
      assert.ok(Math.abs(inside - Date.now() - offset) < 5000);
      offset = 0;
      assert.ok(Number.isSafeInteger(inside));
    });

    it('answers a ping, and closes twice', async () => {
      const other = connectDatabase({ url: test.url, log: quiet });
      await other.ping();
      await other.close();
      await other.close();
      await assert.rejects(other.ping());
    });

    it('commits what a transaction did, and lets others read while one is under way', async (context) => {
      if (test.db.dialect === 'sqlite') return context.skip('SQLite has one connection');
      const other = connectDatabase({ url: test.url, log: quiet, poolMax: 1 });
      await other.knex.schema.createTable('seen', (table) => table.integer('a').primary());
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      const { promise: began, resolve: begin } = Promise.withResolvers<void>();
      const transaction = other.transaction(async (tx) => {
        await tx('seen').insert({ a: 1 });
        begin();
        await held;
      });
      await began;
      assert.deepEqual(await other.knex('seen').select('a'), []);
      assert.deepEqual(
        { ...other.connections(), waiting: 0 },
        { used: 1, free: 1, waiting: 0, most: 2 },
        'one for transactions, one beside it',
      );
      letGo();
      await transaction;
      assert.deepEqual(await test.db.knex('seen').select('a'), [{ a: 1 }]);
      await other.knex.schema.dropTable('seen');
      await other.close();
    });

    it('rejects a ping that is not answered in time', async () => {
      const other = connectDatabase({ url: test.url, log: quiet, poolMax: 1 });
      // The only connection is taken, so no answer can come.
      const taken = await other.knex.client.acquireConnection();
      await assert.rejects(other.ping(20), /did not answer within 20 ms/);
      await other.knex.client.releaseConnection(taken);
      await other.close();
    });
  });
}

describe('connectDatabase', () => {
  it('refuses a URL it cannot read, without telling the password', () => {
    for (const url of [
      'postgres://a',
      'sqlite:relative.db',
      'mysql://root:hunter2@h',
      'mysql://root:hunter2@h/db?ssl=1',
    ]) {
      assert.throws(
        () => connectDatabase({ url, log: quiet }),
        (error: Error) => !error.message.includes('hunter2'),
      );
    }
  });

  it('creates the SQLite file for its owner only, durable and with foreign keys', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'provisor test '));
    const path = join(folder, 'new folder', 'a.db');
    const db = connectDatabase({ url: `sqlite:${path}`, log: quiet });
    await db.knex.schema.createTable('t', (table) => table.integer('id'));
    const mode = async (file: string) => (await stat(file)).mode & 0o777;
    assert.deepEqual(
      [await mode(path), await mode(`${path}-wal`), await mode(join(path, '..'))],
      [0o600, 0o600, 0o700],
    );
    assert.deepEqual(await db.knex.raw('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
    assert.deepEqual(await db.knex.raw('PRAGMA synchronous'), [{ synchronous: 2 }]);
    assert.deepEqual(await db.knex.raw('PRAGMA foreign_keys'), [{ foreign_keys: 1 }]);
    await db.close();
    await rm(folder, { recursive: true });
  });

  for (const database of databases.filter(({ name }) => name === 'mariadb')) {
    it('sets up every MariaDB session alike', async () => {
      const { db, drop } = await database.open({ migrate: false });
      const look = (queries: Queries) =>
        queries.raw(
          'SELECT @@tx_isolation AS level, @@time_zone AS zone, @@sql_mode AS mode, @@innodb_lock_wait_timeout AS waits, @@wsrep_sync_wait AS sync, @@character_set_connection AS charset, @@autocommit AS autocommit',
        );
      const [[alone]] = await look(db.knex);
      const [[inside]] = await db.transaction(look);
      const { mode, ...rest } = alone;
      const alike = { level: 'READ-COMMITTED', zone: '+00:00', waits: 10, sync: 7, charset: 'utf8mb4' };
      assert.deepEqual(rest, { ...alike, autocommit: 1 });
      assert.match(mode, /STRICT_ALL_TABLES/);
      // Where a statement begins a transaction by itself, nothing is sent to begin one.
      assert.deepEqual(inside, { ...alike, mode, autocommit: 0 });
      await drop();
    });

    it('hands out no connection that the server has closed', async () => {
      const { db, drop } = await database.open({ migrate: false });
      const pooled = await db.knex.client.acquireConnection();
      const closed = new Promise((resolve) => pooled.stream.once('close', resolve));
      await db.knex.client.releaseConnection(pooled);
      const other = connectDatabase({ url: `${process.env.PROVISOR_TEST_MYSQL_URL}mysql`, log: quiet });
      await other.knex.raw(`KILL ${pooled.threadId}`);
      await closed;
      await db.ping();
      await other.close();
      await drop();
    });
  }
});
