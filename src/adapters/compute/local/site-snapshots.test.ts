import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { computeIn, fails, ref, signal, spec, temporaryDir, visit } from './local-compute.fixture.ts';

const madeSite = async (t: TestContext) => {
  const dataDir = await temporaryDir(t);
  const adapter = computeIn(t, dataDir);
  await adapter.port.create(spec, signal);
  const site = join(dataDir, 'sites', spec.name);
  const www = join(site, 'www');
  await writeFile(join(www, 'page.txt'), 'first');
  return { adapter, compute: adapter.port, dataDir, site, www };
};

test('a snapshot is a real copy that a rollback brings back', async (t) => {
  const { compute, www, site } = await madeSite(t);
  await mkdir(join(www, 'deep', 'er'), { recursive: true });
  await writeFile(join(www, 'deep', 'er', 'file'), 'deep');
  const before = Date.now() - 1_000;
  await compute.createSnapshot(ref, 'Monday-1', signal);
  await writeFile(join(www, 'page.txt'), 'second');
  await compute.createSnapshot(ref, 'Monday-1', signal);
  const [snapshot, ...others] = await compute.listSnapshots(ref, signal);
  assert.deepEqual([snapshot?.name, snapshot?.bytes, others], ['Monday-1', 9, []], 'a whole snapshot is kept as it is');
  assert.ok(snapshot && snapshot.createdAt >= before && snapshot.createdAt <= Date.now());

  await rm(join(www, 'deep'), { recursive: true });
  await writeFile(join(www, 'extra'), 'x');
  for (const _attempt of [1, 2]) {
    await compute.rollback(ref, 'Monday-1', signal);
    assert.equal(await readFile(join(www, 'page.txt'), 'utf8'), 'first');
    assert.equal(await readFile(join(www, 'deep', 'er', 'file'), 'utf8'), 'deep');
    assert.deepEqual(await readdir(www), ['deep', 'page.txt']);
    assert.ok((await readdir(site)).every((entry) => !entry.startsWith('.')));
  }
  for (const _attempt of [1, 2]) await compute.deleteSnapshot(ref, 'Monday-1', signal);
  assert.deepEqual(await compute.listSnapshots(ref, signal), []);
  await assert.rejects(compute.rollback(ref, 'Monday-1', signal), fails('not_found'));
  assert.equal(await readFile(join(www, 'page.txt'), 'utf8'), 'first');
});

test('a snapshot takes nothing along from outside the site', async (t) => {
  const { compute, dataDir, site, www } = await madeSite(t);
  const outside = join(dataDir, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret');
  await symlink(join(outside, 'secret'), join(www, 'file-link'));
  await symlink(outside, join(www, 'directory-link'));
  await compute.createSnapshot(ref, 'one', signal);
  const copied = join(site, 'snapshots', 'one');
  assert.equal(await readlink(join(copied, 'file-link')), join(outside, 'secret'));
  assert.equal(await readlink(join(copied, 'directory-link')), outside);
  await compute.rollback(ref, 'one', signal);
  assert.equal(await readlink(join(www, 'directory-link')), outside);
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret');
});

test('more data than the plan allows is neither copied nor brought back', async (t) => {
  const { compute, site, www } = await madeSite(t);
  await compute.createSnapshot(ref, 'small', signal);
  await writeFile(join(www, 'large'), Buffer.alloc(1024 * 1024));
  await assert.rejects(compute.createSnapshot(ref, 'large', signal), fails('invalid'));
  assert.deepEqual(await readdir(join(site, 'snapshots')), ['small']);

  await writeFile(join(site, 'snapshots', 'small', 'large'), Buffer.alloc(1024 * 1024));
  await assert.rejects(compute.rollback(ref, 'small', signal), fails('invalid'));
  assert.deepEqual(await readdir(www), ['large', 'page.txt'], 'the data is as it was');
  await compute.resize(ref, { ...spec.resources, diskMb: 2, plan: 'large' }, signal);
  await compute.createSnapshot(ref, 'large', signal);
});

test('a rollback that a crash cut off leaves the data as it was before', async (t) => {
  const { adapter, compute, dataDir, site, www } = await madeSite(t);
  await compute.createSnapshot(ref, 'one', signal);
  await writeFile(join(www, 'page.txt'), 'second');
  const between = async () => {
    await rename(www, join(site, '.www-old'));
    await mkdir(join(site, '.www-new'));
    await writeFile(join(site, '.www-new', 'page.txt'), 'first');
  };
  const isBack = async () => {
    assert.equal(await readFile(join(www, 'page.txt'), 'utf8'), 'second');
    assert.ok((await readdir(site)).every((entry) => !entry.startsWith('.')));
  };

  await between();
  await compute.start(ref, signal);
  await isBack();

  await between();
  await adapter.open?.();
  await isBack();

  await between();
  assert.equal((await visit(compute, '/page.txt')).body, 'second', 'a visit finds it too');
  await isBack();

  await mkdir(join(site, '.www-old'));
  await computeIn(t, dataDir).port.rollback(ref, 'one', signal);
  assert.equal(await readFile(join(www, 'page.txt'), 'utf8'), 'first');
});

test('a copy that is given up leaves nothing behind', async (t) => {
  const { compute, site, www } = await madeSite(t);
  for (let index = 0; index < 50; index++) await writeFile(join(www, `file-${index}`), 'x');
  const controller = new AbortController();
  // Aborts at the moment that the copying asks, which a timer could not hit.
  let asked = 0;
  const signalThatEnds = new Proxy(controller.signal, {
    get: (target, key) => {
      if (key === 'throwIfAborted' && ++asked === 20) controller.abort();
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await assert.rejects(compute.createSnapshot(ref, 'one', signalThatEnds), fails('unavailable'));
  assert.deepEqual(await readdir(join(site, 'snapshots')), []);
});

test('snapshots by several adapters at once wait for one another', async (t) => {
  const { dataDir, compute } = await madeSite(t);
  const adapters = Array.from({ length: 4 }, () => computeIn(t, dataDir).port);
  await Promise.all([
    ...adapters.map((adapter) => adapter.createSnapshot(ref, 'same', signal)),
    ...adapters.map((adapter, index) => adapter.createSnapshot(ref, `own-${index}`, signal)),
    ...adapters.map((adapter, index) => adapter.resize(ref, { memoryMb: index, diskMb: index, plan: 'p' }, signal)),
  ]);
  assert.equal((await compute.listSnapshots(ref, signal)).length, 5);
});
