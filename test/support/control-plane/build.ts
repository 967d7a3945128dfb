/**
 * The servers of a real Kubernetes control plane, built once from Go modules and
 * kept outside the checkout; or those of KUBEBUILDER_ASSETS, by that convention.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const kubernetesVersion = 'v1.36.3';
/** Plays nodes, kubelets and volumes. */
const kwokModule = 'sigs.k8s.io/kwok@v0.8.0';
const servers = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const source = fileURLToPath(new URL('.', import.meta.url));

export interface Binaries {
  /** The path of a server, e.g. of `etcd`. */
  server(name: string): string;
  kwok: string;
  /** The stages that kwok ships: what becomes of a node, a pod, a volume. */
  stages: string[];
}

const run = promisify(execFile);

/** Errors: there is no Go, or what it said. */
export const go = async (args: string[], environment: Record<string, string> = {}): Promise<string> => {
  // Where Go's own archive puts it, if it is not in the PATH.
  const path = `${process.env.PATH ?? ''}:/usr/local/go/bin`;
  const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false', ...environment, PATH: path };
  try {
    return (await run('go', args, { cwd: source, env, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error(
        'Go 1.21 or later is needed once, to build what the tests of Kubernetes need; see KUBEBUILDER_ASSETS for the servers',
        {
          cause: error,
        },
      );
    throw error;
  }
};

/** Outside the checkout, where what takes minutes to build is kept. */
export const cacheRoot = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'provisor');

const cacheFolder = async (): Promise<string> => {
  const hash = createHash('sha256').update(`${kubernetesVersion} ${kwokModule}`);
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(source, file)));
  return join(cacheRoot(), 'control-plane', hash.digest('hex').slice(0, 16));
};

const buildServers = async (folder: string): Promise<void> => {
  const flags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`;
  await go(['build', '-mod=readonly', '-trimpath', '-ldflags', flags, '-o', join(folder, 'control-plane'), '.']);
  for (const name of servers) await symlink('control-plane', join(folder, name));
};

const buildKwok = async (folder: string): Promise<void> => {
  await go(['install', kwokModule.replace('@', '/cmd/kwok@')], { GOBIN: folder, GOFLAGS: '' });
  const { Dir: module } = JSON.parse(await go(['mod', 'download', '-json', kwokModule], { GOFLAGS: '' })) as {
    Dir: string;
  };
  await mkdir(join(folder, 'stages'));
  for (const kind of ['node', 'pod', 'volume']) {
    const shipped = join(module, 'kustomize', 'stage', kind, 'fast');
    for (const file of await readdir(shipped)) {
      if (!/^(node|pod|pv|pvc)-.*\.yaml$/.test(file)) continue;
      await copyFile(join(shipped, file), join(folder, 'stages', file));
    }
  }
};

/** Whole or not at all: two runs may build at the same time, and either may be killed. */
const buildInto = async (folder: string, say: (line: string) => void): Promise<void> => {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    say(`Building a control plane of Kubernetes ${kubernetesVersion}, once; this takes some minutes`);
    await buildServers(draft);
    await buildKwok(draft);
    await rename(draft, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};

const isWhole = (folder: string) => [...servers, 'kwok', 'stages'].every((name) => existsSync(join(folder, name)));

/** Whether the servers are there and nothing has to be built. */
export const hasBinaries = async (): Promise<boolean> =>
  [process.env.KUBEBUILDER_ASSETS ?? '', await cacheFolder()].some((folder) => folder !== '' && isWhole(folder));

/** Finds the servers, or builds them. Errors: no Go where one is needed, or what the compiler said. */
export const findBinaries = async (say: (line: string) => void = () => {}): Promise<Binaries> => {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const folder = await cacheFolder();
  if (!(await hasBinaries())) await buildInto(folder, say);
  const given = (name: string) => (assets ? join(assets, name) : '');
  const pick = (name: string) => (existsSync(given(name)) ? given(name) : join(folder, name));
  const stages = pick('stages');
  return {
    server: pick,
    kwok: pick('kwok'),
    stages: (await readdir(stages)).sort().map((file) => join(stages, basename(file))),
  };
};
