import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createLocalDns } from '../src/adapters/dns/local/index.ts';
import { createLocalProxy } from '../src/adapters/proxy/local/index.ts';
import { report } from './faults/report.ts';
import { quiet, siteDirectories } from './support/app.ts';
import { type ServerProcess, startServer } from './support/server-process.ts';

const inTemp = async (work: (dataDir: string) => Promise<void>): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor restart-'));
  try {
    await work(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

const call = async (server: ServerProcess, method: string, path: string, body?: object) => {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the contract is tested elsewhere
  return { status: answer.status, body: (await answer.json()) as any };
};

const wish = (n: number) => ({ service_id: `s-${n}`, email: `user${n}@example.com`, plan: 'basic' });

const allAtRest = async (server: ServerProcess, ids: string[]) => {
  for (const id of ids) {
    const { body } = await call(server, 'GET', `/v1/operations/${id}?wait=25`);
    assert.equal(body.state, 'done', JSON.stringify(body));
  }
};

describe('a process that ends', () => {
  it('killed half-way through 20 creates, three times, leaves exactly 20 sites', () =>
    inTemp(async (dataDir) => {
      // One worker, so that most are in line when the kill comes.
      const one = { PROVISOR_WORKERS: '1' };
      let server = await startServer(dataDir, one);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => call(server, 'POST', '/v1/sites', wish(n))),
      );
      for (const answer of answers) assert.equal(answer.status, 202);
      const ids = answers.map((answer) => answer.body.operation.id);
      let unfinished = 0;
      for (const done of [2, 8, 14]) {
        for (;;) {
          const { body } = await call(server, 'GET', '/v1/operations?state=done&limit=200');
          if (body.data.length >= done) break;
        }
        assert.deepEqual(await server.end('SIGKILL'), { code: null, signal: 'SIGKILL' });
        server = await startServer(dataDir, one);
        const { body } = await call(server, 'GET', '/v1/operations?state=done&limit=200');
        unfinished += 20 - body.data.length;
      }
      assert.ok(unfinished > 0, 'every kill came too late to prove anything');
      await allAtRest(server, ids);

      const sites = (await call(server, 'GET', '/v1/sites?limit=200')).body.data;
      assert.equal(sites.length, 20);
      assert.ok(sites.every((site: { state: string }) => site.state === 'active'));
      assert.equal((await siteDirectories(dataDir)).length, 20);
      assert.equal((await server.end('SIGTERM')).code, 0);

      const signal = AbortSignal.timeout(5_000);
      const proxy = createLocalProxy({ dataDir, host: '127.0.0.1', port: 0, log: quiet });
      assert.equal((await proxy.port.listRoutes(signal)).length, 20);
      await proxy.close?.();
      const dns = createLocalDns({ dataDir, host: '127.0.0.1', port: 0, log: quiet });
      const records = await dns.port.listRRsets('sites.localhost.', signal);
      assert.equal(records.filter((record) => record.type === 'A').length, 20);
      await dns.close?.();
    }));

  it('told to end under load, drops no answer, and goes on with the steps after its restart', () =>
    inTemp(async (dataDir) => {
      const server = await startServer(dataDir);
      const agent = new Agent({ keepAlive: true, maxSockets: 16 });
      const accepted: string[] = [];
      const dropped: string[] = [];
      let answered = 0;
      let next = 0;

      /** False when no connection could be made any more. Anything else that is not a whole answer was dropped. */
      const send = (n: number): Promise<boolean> =>
        new Promise((resolve) => {
          const creates = n % 4 === 0 && n < 240;
          const body = creates ? JSON.stringify(wish(n)) : undefined;
          const req = request(
            `${server.url}${creates ? '/v1/sites' : '/v1/whoami'}`,
            {
              agent,
              method: creates ? 'POST' : 'GET',
              headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
            },
            (response) => {
              let text = '';
              response.on('data', (chunk) => {
                text += chunk;
              });
              response.on('error', (error) => dropped.push(error.message));
              response.on('close', () => {
                if (!response.complete) dropped.push('an answer was cut off');
                else if (response.statusCode !== 200 && response.statusCode !== 202)
                  dropped.push(`${response.statusCode} ${text}`);
                else if (creates) accepted.push(JSON.parse(text).operation.id);
                answered += 1;
                resolve(true);
              });
            },
          );
          req.on('error', (error: NodeJS.ErrnoException) => {
            if (error.code !== 'ECONNREFUSED') dropped.push(`${error.code} ${error.message} ${req.reusedSocket}`);
            resolve(false);
          });
          req.end(body);
        });

      const loop = async () => {
        while (await send(next++)) if (answered === 200) server.child.kill('SIGTERM');
      };
      await Promise.all(Array.from({ length: 16 }, loop));
      agent.destroy();
      assert.equal((await server.end('SIGTERM')).code, 0);
      assert.deepEqual(dropped, []);
      assert.ok(answered >= 200);
      assert.ok(accepted.length > 10);
      report({ fault: 13, name: 'SIGTERM under load: answers, none dropped', cases: answered });

      const again = await startServer(dataDir);
      await allAtRest(again, accepted);
      assert.equal((await siteDirectories(dataDir)).length, accepted.length);
      await again.end('SIGTERM');
    }));

  it('keeps its key to itself, serves one data directory once, and says what is wrong in a sentence', () =>
    inTemp(async (dataDir) => {
      const server = await startServer(dataDir);
      for (const file of ['panel.key', 'pepper', 'provisor.sqlite']) {
        assert.equal((await stat(join(dataDir, file))).mode & 0o077, 0, `${file} can be read by others`);
      }
      const key = await readFile(join(dataDir, 'panel.key'), 'utf8');
      assert.match(key, /^pvr_[0-9a-z]{12}_[0-9a-z]{50}\n$/);
      await assert.rejects(startServer(dataDir), /Another Provisor is running on .*Set|set PROVISOR_DATA_DIR/);
      const { port } = new URL(server.url);
      await inTemp(async (other) => {
        await assert.rejects(
          startServer(other, { PROVISOR_PORT: port }),
          new RegExp(`Port ${port} on 127.0.0.1 is taken`),
        );
        await assert.rejects(
          startServer(other, {
            PROVISOR_PORT: 'many',
            PROVISOR_COMPUTE: 'moon',
            DATABASE_URL: 'mysql://u:hunter2@h/db',
            PROVISOR_PROT: '1',
          }),
          (error: Error) => {
            for (const name of [
              'PROVISOR_PORT',
              'PROVISOR_COMPUTE',
              'PROVISOR_PEPPER is required',
              'PROVISOR_PROT is not known',
            ]) {
              assert.ok(error.message.includes(name), `${name} is not in: ${error.message}`);
            }
            assert.ok(!error.message.includes('hunter2'));
            return true;
          },
        );
      });
      await inTemp(async (other) => {
        const sameDatabase = { DATABASE_URL: `sqlite:${join(dataDir, 'provisor.sqlite')}` };
        await assert.rejects(startServer(other, sameDatabase), /Another Provisor is running on the database/);
      });
      await server.end('SIGTERM');
      const again = await startServer(dataDir);
      assert.equal(`${again.key}\n`, key);
      await again.end('SIGTERM');
    }));
});
