import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import type { Log } from '../kit/log.ts';
import { connectDatabase } from './connect.ts';
import { isCheckViolation, isDatabaseDown, isRetryable, isUniqueViolation } from './errors.ts';

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const failureOf = async (attempt: () => PromiseLike<unknown>): Promise<unknown> => {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown');
};

const meaning = (error: unknown) => ({
  unique: isUniqueViolation(error),
  check: isCheckViolation(error),
  retryable: isRetryable(error),
  down: isDatabaseDown(error),
});
const nothing = { unique: false, check: false, retryable: false, down: false };

const closedPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** What the first query on `url` fails with. */
const connectFailure = async (url: string): Promise<unknown> => {
  const db = connectDatabase({ url, log: quiet });
  const error = await failureOf(() => db.knex.raw('SELECT 1'));
  await db.close();
  return error;
};

for (const database of databases) {
  describe(`errors of ${database.name}`, () => {
    it('tell a violated constraint', async () => {
      const { db, drop } = await database.open({ migrate: false });
      await db.knex.schema.createTable('t', (table) => {
        table.integer('id').primary();
        table.integer('other').unique();
        table.integer('positive').checkPositive();
        table.integer('parent').nullable().references('id').inTable('t');
        table.integer('needed').notNullable().defaultTo(0);
      });
      await db.knex('t').insert({ id: 1, other: 1, positive: 1 });
      const insert = (row: object) => failureOf(() => db.knex('t').insert(row));
      assert.deepEqual(meaning(await insert({ id: 1, other: 2, positive: 1 })), { ...nothing, unique: true });
      assert.deepEqual(meaning(await insert({ id: 2, other: 1, positive: 1 })), { ...nothing, unique: true });
      assert.deepEqual(meaning(await insert({ id: 2, other: 2, positive: 0 })), { ...nothing, check: true });
      assert.deepEqual(meaning(await insert({ id: 2, other: 2, positive: 1, parent: 9 })), nothing);
      assert.deepEqual(meaning(await insert({ id: 2, other: 2, positive: 1, needed: null })), nothing);
      assert.deepEqual(meaning(await failureOf(() => db.knex.raw('SELEC 1'))), nothing);
      await drop();
    });
  });
}

describe('errors', () => {
  it('are not the database’s when they come from elsewhere', async () => {
    const port = await closedPort();
    const refused = await new Promise((resolve) => connect(port, '127.0.0.1').once('error', resolve));
    for (const error of [refused, new Error('x'), null, undefined, 'text', { errno: 'x' }]) {
      assert.deepEqual(meaning(error), nothing);
    }
  });

  it('say that an unreachable server is down', async () => {
    const refused = await connectFailure(`mysql://root@127.0.0.1:${await closedPort()}/x`);
    assert.deepEqual(meaning(refused), { ...nothing, down: true });
    const unknown = await connectFailure('mysql://root@no-such-host.invalid/x');
    assert.deepEqual(meaning(unknown), { ...nothing, down: true });
  });

  it('say that a SQLite file that cannot be opened is down', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'provisor-errors-'));
    assert.deepEqual(meaning(await connectFailure(`sqlite:${folder}`)), { ...nothing, down: true });
    await writeFile(join(folder, 'text.db'), 'This is not a database, whatever its name says. '.repeat(100));
    assert.deepEqual(meaning(await connectFailure(`sqlite:${join(folder, 'text.db')}`)), { ...nothing, down: true });
    await rm(folder, { recursive: true });
  });

  for (const database of databases.filter(({ name }) => name === 'mariadb')) {
    it('say that MariaDB is down when it lets nobody in', async () => {
      const { db, url, drop } = await database.open({ migrate: false });
      const wrong = new URL(url);
      wrong.password = 'wrong';
      assert.deepEqual(meaning(await connectFailure(wrong.href)), { ...nothing, down: true });
      wrong.password = '';
      wrong.pathname = '/no_such_database';
      assert.deepEqual(meaning(await connectFailure(wrong.href)), { ...nothing, down: true });

      const full = await failureOf(() => db.knex.raw(`SIGNAL SQLSTATE '08004' SET MYSQL_ERRNO = 1040`));
      assert.deepEqual(meaning(full), { ...nothing, down: true });
      for (const errno of [1213, 1205, 1020]) {
        const conflict = await failureOf(() => db.knex.raw(`SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = ${errno}`));
        assert.deepEqual(meaning(conflict), { ...nothing, retryable: true });
      }
      const killed = await failureOf(() => db.knex.raw('KILL CONNECTION_ID()'));
      assert.equal(isRetryable(killed), true);
      await drop();
    });
  }
});
