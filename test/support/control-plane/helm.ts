/** Helm, of one version, built once and kept beside the control plane. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheRoot, go } from './build.ts';

const version = 'v3.22.0';

const find = async (): Promise<string> => {
  const path = join(cacheRoot(), `helm-${version}`, 'helm');
  if (existsSync(path)) return path;
  await mkdir(dirname(dirname(path)), { recursive: true });
  const draft = await mkdtemp(`${dirname(path)}.`);
  try {
    const args = ['install', '-trimpath', '-ldflags', '-s -w', `helm.sh/helm/v3/cmd/helm@${version}`];
    await go(args, { GOBIN: draft, GOFLAGS: '' });
    await rename(draft, dirname(path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return path;
};

export type Helm = (...args: string[]) => Promise<{ failed: boolean; output: string }>;

/** Finds it or builds it. It is of no use to anyone's own Helm: its files are in `home`. */
export const findHelm = async (home: string): Promise<Helm> => {
  const path = await find();
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  };
  return async (...args) => {
    try {
      const { stdout } = await promisify(execFile)(path, args, { env, maxBuffer: 16 * 1024 * 1024 });
      return { failed: false, output: stdout };
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      return { failed: true, output: stdout + stderr };
    }
  };
};
