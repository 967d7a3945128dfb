/**
 * Two replicas behind the Caddyfile that deploy/ ships are brought to a newer
 * release, one after the other, while panels go on calling. The newer release is
 * this one with one more migration, so the older replica also serves on a schema
 * that is ahead of it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { randomText } from '../../src/kit/ids.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { freePorts, type Program, programPath, runProgram, startProgram } from '../support/program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const panelsCalling = 8;
const mostCalls = 20_000;

/** One DDL change that the older release knows nothing of. */
const migration = `
export const up = async (db) => {
  if (!(await db.schema.hasColumn('services', 'of_the_next_release')))
    await db.schema.alterTable('services', (table) => table.integer('of_the_next_release').nullable());
};
`;

const layRelease = async (folder: string, next: boolean): Promise<string> => {
  for (const part of ['src', 'migrations', 'openapi.yaml', 'package.json']) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (next) await writeFile(join(folder, 'migrations', '9999-next-release.ts'), migration);
  return folder;
};

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the contract is tested elsewhere
  body: any;
}

describe('an upgrade under load', { skip: hasMariaDb() ? false : 'MariaDB is not installed' }, () => {
  let folder: string;
  let database: MariaDb;
  let caddy: Program;
  let api: string;
  let key: string;
  let ports: number[];
  let environment: Record<string, string>;
  const children = new Set<ChildProcess>();
  const agent = new Agent({ keepAlive: true, maxSockets: panelsCalling });

  const releaseOf = (next: boolean): string => join(folder, next ? 'next' : 'old');

  const startReplica = async (place: number, next: boolean): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [join(releaseOf(next), 'src/main.ts')], {
      cwd: folder,
      env: { ...environment, PROVISOR_PORT: String(ports[place]) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let wrote = '';
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (said) => {
          wrote += said;
          if (wrote.includes('"msg":"Ready"')) resolve();
        });
      }
      child.once('exit', () => reject(new Error(`The replica ended:\n${wrote}`)));
    });
    return child;
  };

  const end = async (child: ChildProcess): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    children.delete(child);
    return child.exitCode;
  };

  const call = (method: string, path: string, body?: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) };
      request(`${api}${path}`, { method, agent, headers }, (response) => {
        const { statusCode: status = 0 } = response;
        text(response)
          .then((said) => resolve({ status, body: said === '' ? null : JSON.parse(said) }))
          .catch(reject);
      })
        .on('error', reject)
        .end(body ? JSON.stringify(body) : undefined);
    });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-upgrade-'));
    database = await startMariaDb();
    await database.createDatabase('upgrade');
    const [first = 0, second = 0, front = 0, sites = 0, health = 0] = await freePorts(5);
    ports = [first, second];
    environment = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url('upgrade'),
      PROVISOR_PEPPER: randomText(40),
      PROVISOR_DATA_DIR: join(folder, 'data'),
      PROVISOR_SITES_PORT: '0',
      PROVISOR_DNS_PORT: '0',
      PROVISOR_LINGER_SECONDS: '5',
      PROVISOR_PRIVATE_IPS: '10.0.0.1-10.0.255.254',
    };
    for (const next of [false, true]) await layRelease(releaseOf(next), next);
    const provisor = (...args: string[]) =>
      runProgram(process.execPath, [join(releaseOf(false), 'src/cli.ts'), ...args], { env: environment, cwd: folder });
    await provisor('migrate');
    await provisor('panels', 'create', 'default');
    key = JSON.parse((await provisor('keys', 'create', 'default', '--json')).stdout).key;

    api = `http://127.0.0.1:${front}`;
    const caddyfile = join(root, 'deploy/Caddyfile');
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      API_ADDRESS: api,
      API_UPSTREAMS: ports.map((port) => `127.0.0.1:${port}`).join(' '),
      SITES_ADDRESS: `http://127.0.0.1:${sites}`,
    };
    const { stdout } = await runProgram(programPath('caddy', 'caddy'), ['adapt', '--config', caddyfile], { env });
    const config = join(folder, 'caddy.json');
    // The one thing that is not as shipped: its admin port is that of every other Caddy on the machine.
    await writeFile(config, JSON.stringify({ ...JSON.parse(stdout), admin: { listen: `127.0.0.1:${health}` } }));
    for (const place of [0, 1]) await startReplica(place, false);
    caddy = await startProgram(programPath('caddy', 'caddy'), ['run', '--config', config], {
      env,
      isReady: async () => (await call('GET', '/v1/whoami')).status === 200,
    });
  });

  after(async () => {
    agent.destroy();
    await caddy?.stop();
    for (const child of children) child.kill('SIGKILL');
    await database?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('fails no request, and finishes every operation', async () => {
    const failed: string[] = [];
    const operations: string[] = [];
    let calls = 0;
    let over = false;

    /** What a panel does in an hour, without its pauses: each site is made, looked at, stopped, and ended. */
    const panel = async (number: number): Promise<void> => {
      const tell = async (method: string, path: string, wished: number[], body?: object): Promise<Answer | null> => {
        calls += 1;
        const answer = await call(method, path, body).catch((error: Error) => ({ status: 0, body: error.message }));
        if (wished.includes(answer.status)) return answer;
        failed.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return null;
      };
      for (let round = 0; !over && calls < mostCalls; round++) {
        const id = `p${number}-${round}`;
        const made = await tell('POST', '/v1/sites', [202], {
          service_id: id,
          email: `u${number}.${round}@example.com`,
          plan: 'basic',
        });
        if (made) operations.push(made.body.operation.id);
        await tell('GET', `/v1/sites/${id}`, [200]);
        await tell('GET', '/v1/sites?limit=20', [200]);
        // A replica that ends answers whoever waits with how far it is.
        for (let state = made ? 'queued' : 'none'; state === 'queued' || state === 'running'; ) {
          const seen = await tell('GET', `/v1/operations/${made?.body.operation.id}?wait=20`, [200]);
          state = seen?.body.state;
        }
        await tell('GET', `/v1/sites/${id}/status`, [200]);
        const gone = await tell('DELETE', `/v1/sites/${id}`, [202]);
        if (gone) operations.push(gone.body.operation.id);
        await tell('GET', '/v1/whoami', [200]);
      }
    };

    const replicas = [...children];
    const panels = Array.from({ length: panelsCalling }, (_, number) => panel(number));
    const some = async (more: number) => {
      const from = calls;
      while (calls < from + more && calls < mostCalls) await wait(20);
    };
    await some(200);
    for (const place of [0, 1]) {
      assert.equal(await end(replicas[place] as ChildProcess), 0);
      await some(100);
      await startReplica(place, true);
      await some(200);
    }
    over = true;
    await Promise.all(panels);

    const states = new Map<string, number>();
    for (const id of operations) {
      const { body } = await call('GET', `/v1/operations/${id}?wait=25`);
      states.set(body.state, (states.get(body.state) ?? 0) + 1);
    }
    const connection = await createConnection(database.url('upgrade'));
    const [columns] = await connection.query("SHOW COLUMNS FROM services LIKE 'of_the_next_release'");
    await connection.end();
    process.stdout.write(
      `rolling upgrade: ${calls} requests, ${failed.length} failed; ${operations.length} operations, ${states.get('done') ?? 0} done\n`,
    );
    assert.equal((columns as unknown[]).length, 1, 'the newer release did not migrate');
    assert.deepEqual(failed, []);
    assert.deepEqual([...states], [['done', operations.length]]);
  });
});
