import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { app, computeIn, ref, signal, spec, temporaryDir, visit } from './local-compute.fixture.ts';

type Compute = ReturnType<typeof computeIn>['port'];

/** Asks until someone serves; the takeover is a matter of a second. */
const visitSoon = async (compute: Compute) => {
  for (let attempt = 0; attempt < 200; attempt++) {
    const reply = await visit(compute, '/').catch(() => null);
    if (reply) return reply;
    await wait(25);
  }
  throw new Error('nobody has taken over');
};

const makeSite = async (compute: Compute) => {
  await compute.create(spec, signal);
  await compute.install(ref, app, signal);
};

const socketOf = (compute: Compute): string => {
  const upstream = compute.upstream(ref);
  assert.equal(upstream.scheme, 'unix');
  return upstream.scheme === 'unix' ? upstream.path : '';
};

test('a second server waits and takes over when the first ends', async (t) => {
  const dataDir = await temporaryDir(t);
  const [first, second] = [computeIn(t, dataDir), computeIn(t, dataDir)];
  await makeSite(first.port);
  assert.deepEqual(first.port.upstream(ref), second.port.upstream(ref));
  await assert.rejects(visit(first.port, '/'), 'nobody serves before open');
  await first.open?.();
  const { ino } = await stat(socketOf(first.port));
  await second.open?.();
  assert.equal((await stat(socketOf(first.port))).ino, ino, 'the living socket is left alone');
  assert.equal((await visit(second.port, '/')).status, 200);
  await first.close?.();
  assert.equal((await visitSoon(second.port)).status, 200);
});

test('a server takes over from one that was killed', async (t) => {
  const dataDir = await temporaryDir(t);
  const script = `
    const { createLocalCompute } = await import(${JSON.stringify(import.meta.resolve('./index.ts'))});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    await createLocalCompute({ dataDir: process.argv[1], log }).open();
    process.stdout.write('serving');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const heir = computeIn(t, dataDir);
  await makeSite(heir.port);
  await heir.open?.();
  assert.equal((await visit(heir.port, '/')).status, 200);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(await stat(socketOf(heir.port)), 'it has left its socket behind');
  assert.equal((await visitSoon(heir.port)).status, 200);
});

test('whatever is left at the place of the socket is replaced', async (t) => {
  const dataDir = await temporaryDir(t);
  const { open, port } = computeIn(t, dataDir);
  await writeFile(socketOf(port), 'not a socket');
  await makeSite(port);
  await open?.();
  assert.equal((await visit(port, '/')).status, 200);
});

const longDir = async (t: TestContext) => {
  const dataDir = join(await temporaryDir(t), 'a'.repeat(90));
  const compute = computeIn(t, dataDir);
  const socketDir = dirname(socketOf(compute.port));
  t.after(() => rm(socketDir, { recursive: true, force: true }));
  return { compute, socketDir };
};

test('a data directory with a long path has its socket elsewhere', async (t) => {
  const { compute, socketDir } = await longDir(t);
  assert.ok(Buffer.byteLength(socketOf(compute.port)) <= 100);
  assert.equal(dirname(socketDir), tmpdir());
  await makeSite(compute.port);
  await compute.open?.();
  assert.equal((await visit(compute.port, '/')).status, 200);
  assert.equal((await stat(socketDir)).mode & 0o777, 0o700);
});

test('a temporary directory that others may enter is not used', async (t) => {
  const { compute, socketDir } = await longDir(t);
  await mkdir(socketDir, { mode: 0o755 });
  await assert.rejects(compute.open!(), /is not a private directory/);
});
