/** The commands of deploy/backup.md, run as they stand there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { connectDatabase } from '../../src/database/connect.ts';
import { migrate } from '../../src/database/migrate.ts';
import { quiet } from '../support/app.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(root, 'deploy/backup.md'), 'utf8');
const [sqliteBackup, sqliteRestore, mysqlBackup, mysqlRestore, compare] = [
  ...page.matchAll(/```sh\n([\s\S]*?)```/g),
].map(([, block = '']) => block) as [string, string, string, string, string];

const sh = async (script: string, env: Record<string, string>): Promise<string> => {
  const { stdout } = await promisify(execFile)('sh', ['-euc', script], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: env.BACKUP, ...env },
  });
  return stdout;
};

const call = async (server: ServerProcess, method: string, path: string, body?: object) => {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', prefer: 'wait=25' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the contract is tested elsewhere
  return { status: answer.status, body: (await answer.json()) as any };
};

const wish = (n: number) => ({ service_id: `s-${n}`, email: `user${n}@example.com`, plan: 'basic' });

describe('a backup', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor backup-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('of SQLite is taken beside a busy server, and restored with its keys; what came later is told', async () => {
    const data = join(folder, 'data');
    const backup = join(folder, 'sqlite');
    await mkdir(data);
    await mkdir(backup);
    const env = { PROVISOR_DATA_DIR: data, BACKUP: backup };
    let server = await startServer(data);
    try {
      assert.equal((await call(server, 'POST', '/v1/sites', wish(1))).status, 201);
      const busy = Promise.all([2, 3, 4, 5].map((n) => call(server, 'POST', '/v1/sites', wish(n))));
      assert.match(await sh(sqliteBackup, env), /^The database is in /);
      assert.equal((await stat(join(backup, 'provisor.sqlite'))).mode & 0o777, 0o600);
      await assert.rejects(sh(sqliteBackup, env), /provisor\.sqlite is there already\. Name a file that is not\./);
      for (const { status } of await busy) assert.equal(status, 201);
      assert.equal((await call(server, 'POST', '/v1/sites', wish(6))).status, 201);
      await server.end('SIGKILL');

      await sh(sqliteRestore, env);
      server = await startServer(data);
      assert.equal((await call(server, 'GET', '/v1/sites/s-1')).body.state, 'active');
      assert.equal((await call(server, 'GET', '/v1/sites/s-6')).status, 404);
      // What was under way in the backup goes on and finds what it had made.
      const { body } = await call(server, 'GET', '/v1/sites?limit=200');
      for (const { service_id } of body.data) {
        const operations = (await call(server, 'GET', `/v1/sites/${service_id}/operations`)).body.data;
        for (const { id } of operations) {
          assert.equal((await call(server, 'GET', `/v1/operations/${id}?wait=25`)).body.state, 'done');
        }
      }
      assert.match(await sh(compare, env), /no service knows it/);
    } finally {
      await server.end('SIGTERM');
    }
  });

  it('of MariaDB is the state of one moment, and restored whole', {
    skip: hasMariaDb() ? false : 'MariaDB is not installed',
  }, async () => {
    const backup = join(folder, 'mariadb');
    await mkdir(backup);
    const mariadb: MariaDb = await startMariaDb();
    try {
      await mariadb.createDatabase('provisor');
      const url = new URL(mariadb.url('provisor'));
      const options = join(folder, 'my.cnf');
      await writeFile(options, `[client]\nhost=127.0.0.1\nport=${url.port}\nuser=root\nprotocol=tcp\n`);
      const env = { BACKUP: backup, MY_CNF: options, DATABASE: 'provisor' };
      const open = () => connectDatabase({ url: String(url), log: quiet });
      const counts = async (): Promise<string> => {
        const connection = await createConnection(String(url));
        const [plans] = await connection.query('SELECT * FROM plans ORDER BY 1');
        const [tables] = await connection.query('SHOW TABLES');
        await connection.end();
        return JSON.stringify([plans, tables]);
      };
      const db = open();
      await migrate(db, { directory: new URL('../../migrations/', import.meta.url), log: quiet });
      const before = await counts();
      await sh(mysqlBackup, env);
      await db.knex('plans').del();
      await db.knex.raw('DROP TABLE pools');
      await db.close();
      assert.notEqual(await counts(), before);

      await sh(mysqlRestore, env);
      assert.equal(await counts(), before);
      const again = open();
      const { applied } = await migrate(again, {
        directory: new URL('../../migrations/', import.meta.url),
        log: quiet,
      });
      assert.deepEqual(applied, []);
      await again.close();
    } finally {
      await mariadb.stop();
    }
  });
});
