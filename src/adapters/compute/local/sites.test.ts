import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { app, computeIn, fails, ref, signal, spec, temporaryDir } from './local-compute.fixture.ts';

const megabyte = 1024 * 1024;

test('a site is made once, adopted by its owner and refused to another', async (t) => {
  const { port: compute } = computeIn(t, await temporaryDir(t));
  await compute.create(spec, signal);
  const [made] = await compute.list(signal);
  await compute.stop(ref, { graceSeconds: 5 }, signal);
  await compute.create({ ...spec, plan: 'other' }, signal);
  assert.deepEqual(await compute.list(signal), [made], 'it is the same site');
  assert.equal((await compute.status(ref, signal)).state, 'running', 'and runs again');
  for (const owner of [
    { panel: 'main', service: '2' },
    { panel: 'other', service: '1' },
  ]) {
    await assert.rejects(compute.create({ ...spec, owner }, signal), fails('conflict'));
  }
});

test('of two adapters that make one site for two owners, exactly one wins', async (t) => {
  const dataDir = await temporaryDir(t);
  const adapters = [computeIn(t, dataDir), computeIn(t, dataDir)];
  const attempts = adapters.map(({ port }, index) =>
    port.create({ ...spec, owner: { panel: 'main', service: `${index}` } }, signal),
  );
  const lost = (await Promise.allSettled(attempts)).filter((result) => result.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(lost.every(({ reason }) => fails('conflict')(reason)));
});

test('what is not a site of ours is neither adopted nor removed', async (t) => {
  const dataDir = await temporaryDir(t);
  const { port: compute } = computeIn(t, dataDir);
  const foreign = join(dataDir, 'sites', spec.name);
  await mkdir(foreign, { recursive: true });
  await writeFile(join(foreign, 'precious'), 'data');
  const refused = async () => {
    await assert.rejects(compute.create(spec, signal), fails('conflict'));
    await assert.rejects(compute.destroy(ref, signal), fails('conflict'));
    await assert.rejects(compute.start(ref, signal), fails('conflict'));
    assert.deepEqual(await compute.list(signal), []);
  };
  await refused();
  await writeFile(join(foreign, 'site.json'), '{"name":"svc-1"');
  await refused();
  assert.equal(await readFile(join(foreign, 'precious'), 'utf8'), 'data');

  await compute.create({ ...spec, name: 'svc-2' }, signal);
  await symlink(join(dataDir, 'sites', 'svc-2'), join(dataDir, 'sites', 'svc-3'));
  await assert.rejects(compute.destroy({ name: 'svc-3', vmid: 0 }, signal), fails('conflict'), 'a link to a site');
});

test('stop, start and restart are real and may be said twice', async (t) => {
  const { port: compute } = computeIn(t, await temporaryDir(t));
  await compute.create(spec, signal);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  t.mock.timers.tick(90_500);
  const running = await compute.status(ref, signal);
  assert.deepEqual(running, { state: 'running', node: hostname(), diskBytes: 0, uptimeSeconds: 90 });
  await compute.start(ref, signal);
  assert.equal((await compute.status(ref, signal)).uptimeSeconds, 90, 'it ran already');
  for (const _attempt of [1, 2]) {
    await compute.stop(ref, { graceSeconds: 0 }, signal);
    assert.deepEqual(await compute.status(ref, signal), { state: 'stopped', node: hostname(), diskBytes: 0 });
  }
  await compute.start(ref, signal);
  t.mock.timers.tick(3_000);
  assert.equal((await compute.status(ref, signal)).uptimeSeconds, 3);
  await compute.restart(ref, signal);
  assert.equal((await compute.status(ref, signal)).uptimeSeconds, 0);
});

test('memory goes both ways and the disk only grows', async (t) => {
  const dataDir = await temporaryDir(t);
  const { port: compute } = computeIn(t, dataDir);
  await compute.create(spec, signal);
  await compute.resize(ref, { memoryMb: 128, diskMb: 4, plan: 'large' }, signal);
  await compute.resize(ref, { memoryMb: 64, diskMb: 2, plan: 'tiny' }, signal);
  const state = JSON.parse(await readFile(join(dataDir, 'sites', spec.name, 'site.json'), 'utf8'));
  assert.deepEqual([state.resources, state.plan], [{ memoryMb: 64, diskMb: 4 }, 'tiny']);
  await assert.rejects(compute.resize(ref, { memoryMb: Number.NaN, diskMb: 4, plan: 'x' }, signal), fails('invalid'));
  assert.equal((await compute.status(ref, signal)).state, 'running', 'the refused change has broken nothing');
});

test('an installed application is left as it is, and the disk is real', async (t) => {
  const dataDir = await temporaryDir(t);
  const { port: compute } = computeIn(t, dataDir);
  const www = join(dataDir, 'sites', spec.name, 'www');
  await compute.create(spec, signal);
  await writeFile(join(www, 'large.bin'), Buffer.alloc(megabyte));
  await assert.rejects(compute.install(ref, app, signal), fails('invalid'), 'no room');
  await compute.resize(ref, { ...spec.resources, diskMb: 2, plan: 'large' }, signal);
  await compute.install(ref, app, signal);
  await writeFile(join(www, 'index.html'), 'mine');
  await compute.install(ref, app, signal);
  assert.equal(await readFile(join(www, 'index.html'), 'utf8'), 'mine');
  assert.equal((await compute.status(ref, signal)).diskBytes, megabyte + 4);
});

test('a missing site is a status, a success to destroy, and not found otherwise', async (t) => {
  const { port: compute } = computeIn(t, await temporaryDir(t));
  assert.deepEqual(await compute.status(ref, signal), { state: 'missing' });
  await compute.destroy(ref, signal);
  await compute.deleteSnapshot(ref, 'one', signal);
  const calls = [
    compute.start(ref, signal),
    compute.stop(ref, { graceSeconds: 1 }, signal),
    compute.restart(ref, signal),
    compute.resize(ref, { ...spec.resources, plan: 'x' }, signal),
    compute.install(ref, app, signal),
    compute.createSnapshot(ref, 'one', signal),
    compute.listSnapshots(ref, signal),
    compute.rollback(ref, 'one', signal),
    compute.setPassword(ref, { username: 'a', password: 'b' }, signal),
    compute.createLoginLink(ref, { ttlSeconds: 60 }, signal),
  ];
  await Promise.all(calls.map((call) => assert.rejects(call, fails('not_found'))));
});

test('a destroyed site is gone with everything in it', async (t) => {
  const dataDir = await temporaryDir(t);
  const { port: compute } = computeIn(t, dataDir);
  await compute.create(spec, signal);
  await compute.createSnapshot(ref, 'one', signal);
  await compute.destroy(ref, signal);
  await compute.destroy(ref, signal);
  assert.deepEqual(await readdir(join(dataDir, 'sites')), []);
  await compute.create({ ...spec, owner: { panel: 'next', service: '1' } }, signal);
  assert.deepEqual(await compute.listSnapshots(ref, signal), []);
});

test('no name leads out of the directory', async (t) => {
  const { port: compute } = computeIn(t, await temporaryDir(t));
  await compute.create(spec, signal);
  for (const name of ['', '.', '..', '../up', 'a/b', 'a\\b', 'A', '.new-x', 'a\0', 'ü', 'a'.repeat(64)]) {
    await assert.rejects(compute.create({ ...spec, name }, signal), fails('invalid'), name);
    await assert.rejects(compute.destroy({ name, vmid: 0 }, signal), fails('invalid'), name);
    await assert.rejects(compute.status({ name, vmid: 0 }, signal), fails('invalid'), name);
    assert.throws(() => compute.upstream({ name, vmid: 0 }), fails('invalid'), name);
  }
  for (const name of ['', '.', '..', '../up', 'a/b', '.new-x', 'a\0', 'a_b']) {
    await assert.rejects(compute.createSnapshot(ref, name, signal), fails('invalid'), name);
    await assert.rejects(compute.rollback(ref, name, signal), fails('invalid'), name);
    await assert.rejects(compute.deleteSnapshot(ref, name, signal), fails('invalid'), name);
  }
});

test('sites survive a restart, and what a crash left half made does not', async (t) => {
  const dataDir = await temporaryDir(t);
  const sites = join(dataDir, 'sites');
  const first = computeIn(t, dataDir);
  await first.open?.();
  await first.port.create(spec, signal);
  await first.port.stop(ref, { graceSeconds: 0 }, signal);
  await first.close?.();
  await first.close?.();

  await mkdir(join(sites, '.new-svc-8', 'www'), { recursive: true });
  await mkdir(join(sites, '.trash-svc-9', 'www'), { recursive: true });
  await mkdir(join(sites, spec.name, 'snapshots', '.new-half'), { recursive: true });
  await writeFile(join(sites, spec.name, '.temporary'), '{"na');
  const second = computeIn(t, dataDir);
  await second.open?.();
  assert.equal((await second.port.status(ref, signal)).state, 'stopped');
  assert.deepEqual(await readdir(sites), [spec.name]);
  assert.deepEqual(await second.port.listSnapshots(ref, signal), []);
  assert.equal((await readdir(join(sites, spec.name))).includes('.temporary'), false);
});

test('half a site of the same name is not in the way of create', async (t) => {
  const dataDir = await temporaryDir(t);
  const half = join(dataDir, 'sites', `.new-${spec.name}`);
  await mkdir(join(half, 'www'), { recursive: true });
  await writeFile(join(half, 'www', 'leftover'), 'x');
  const { port: compute } = computeIn(t, dataDir);
  assert.equal((await compute.status(ref, signal)).state, 'missing');
  await compute.create(spec, signal);
  assert.deepEqual(await readdir(join(dataDir, 'sites')), [spec.name]);
  assert.deepEqual(await readdir(join(dataDir, 'sites', spec.name, 'www')), []);
});

test('a call that was given up does nothing', async (t) => {
  const { port: compute } = computeIn(t, await temporaryDir(t));
  await assert.rejects(compute.create(spec, AbortSignal.abort()), fails('unavailable'));
  await assert.rejects(compute.list(AbortSignal.abort()), fails('unavailable'));
  assert.deepEqual(await compute.list(signal), []);
});
