import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkDataDir, checkRoom } from './check-machine.ts';

const mebibyte = 1024 ** 2;

test('a disk with room is good, one with little is worth a note, a full one is bad', () => {
  const check = (freeBytes: number, freeInodes = 0.5) => checkRoom('/data', { freeBytes, freeInodes });
  assert.equal(check(50_000 * mebibyte).state, 'good');
  assert.match(check(50_000 * mebibyte).finding, /^50,000 MiB are left/);
  assert.equal(check(1_000 * mebibyte).state, 'note');
  assert.equal(check(100 * mebibyte).state, 'bad');
  assert.match(check(50_000 * mebibyte, 0.001).finding, /no room for more files/);
});

test('a data directory is looked at together with its disk', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'provisor doctor '));
  t.after(() => rm(directory, { recursive: true }));
  assert.deepEqual(
    checkDataDir({ dataDir: directory }).map(({ check }) => check),
    ['data directory', 'disk'],
  );
  assert.equal(checkDataDir({ dataDir: join(directory, 'none') })[0]?.state, 'note');
});
