/** Where the servers that these tests run come from. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findBinaries, hasBinaries } from '../support/control-plane/build.ts';

describe('the servers of a control plane', () => {
  const given = process.env.KUBEBUILDER_ASSETS;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-assets-'));
  });
  after(async () => {
    if (given === undefined) delete process.env.KUBEBUILDER_ASSETS;
    else process.env.KUBEBUILDER_ASSETS = given;
    await rm(folder, { recursive: true, force: true });
  });

  it('are those of KUBEBUILDER_ASSETS as far as it has them, and ours beyond', async () => {
    delete process.env.KUBEBUILDER_ASSETS;
    const own = await findBinaries();
    for (const name of ['etcd', 'kube-apiserver']) await writeFile(join(folder, name), '');
    process.env.KUBEBUILDER_ASSETS = folder;
    const mixed = await findBinaries();
    assert.deepEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(mixed.server), [
      join(folder, 'etcd'),
      join(folder, 'kube-apiserver'),
      own.server('kube-controller-manager'),
      own.server('kube-scheduler'),
    ]);
    assert.deepEqual([mixed.kwok, mixed.stages], [own.kwok, own.stages]);
  });

  it('are not built where KUBEBUILDER_ASSETS has all of them', async () => {
    process.env.KUBEBUILDER_ASSETS = folder;
    const cache = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = join(folder, 'empty');
    try {
      for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'])
        await writeFile(join(folder, name), '');
      assert.equal(await hasBinaries(), false);
      await mkdir(join(folder, 'stages'));
      await writeFile(join(folder, 'stages', 'pod.yaml'), '');
      assert.equal(await hasBinaries(), true);
      const { server, kwok, stages } = await findBinaries();
      assert.deepEqual(
        [server('kube-scheduler'), kwok, stages],
        [join(folder, 'kube-scheduler'), join(folder, 'kwok'), [join(folder, 'stages', 'pod.yaml')]],
      );
    } finally {
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = cache;
    }
  });
});
