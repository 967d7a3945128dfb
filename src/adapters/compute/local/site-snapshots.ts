import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComputeProvider } from '../../../ports/compute.ts';
import { copyTree, TreeTooLarge, treeBytes } from './file-tree.ts';
import { formatBytes } from './owner-pages.ts';
import { existing, failure, type SiteCalls } from './site-calls.ts';
import type { SiteDirectories } from './site-directories.ts';
import { diskLimit, type SiteState } from './site-state.ts';

/** Copies of a site's data. A copy is made under another name and renamed when it is whole, so a half one never counts. */
type SnapshotMethods = Pick<ComputeProvider, 'createSnapshot' | 'listSnapshots' | 'deleteSnapshot' | 'rollback'>;

const snapshotName = /^[A-Za-z0-9-]{1,100}$/;

const checkName = (name: string): void => {
  if (!snapshotName.test(name)) throw failure('invalid', 'That cannot be the name of a snapshot');
};

const isDirectory = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 });

const copy = async (site: SiteState, from: string, to: string, signal: AbortSignal): Promise<void> => {
  try {
    await copyTree(from, to, diskLimit(site), signal);
    signal.throwIfAborted();
  } catch (error) {
    await remove(to);
    if (error instanceof TreeTooLarge) {
      throw failure('invalid', `The data is larger than the ${formatBytes(diskLimit(site))} that the plan allows`);
    }
    if (signal.aborted) throw failure('unavailable', 'The call was given up; nothing was changed');
    throw failure('unavailable', 'The data could not be copied; nothing was changed', error);
  }
};

export const createSiteSnapshots = (directories: SiteDirectories, calls: SiteCalls): SnapshotMethods => {
  const { change, changeExisting, look } = calls;

  return {
    createSnapshot: (ref, name, signal) =>
      changeExisting(ref.name, signal, async (site) => {
        checkName(name);
        const { www, snapshots } = directories.paths(ref.name);
        const target = join(snapshots, name);
        if (await isDirectory(target)) return;
        await mkdir(snapshots, { recursive: true });
        const half = join(snapshots, `.new-${name}`);
        await copy(site, www, half, signal);
        // The directory's own time is the snapshot's from here on.
        const now = new Date();
        await utimes(half, now, now);
        await rename(half, target);
      }),

    listSnapshots: (ref, signal) =>
      look(signal, async () => {
        existing(await directories.read(ref.name), ref.name);
        const { snapshots } = directories.paths(ref.name);
        const entries = await readdir(snapshots, { withFileTypes: true });
        const whole = entries.filter((entry) => entry.isDirectory() && snapshotName.test(entry.name));
        const found = whole.map(async ({ name }) => {
          const path = join(snapshots, name);
          return { name, createdAt: Math.floor((await stat(path)).mtimeMs), bytes: await treeBytes(path) };
        });
        return (await Promise.all(found)).sort((one, other) => one.createdAt - other.createdAt);
      }),

    deleteSnapshot: (ref, name, signal) =>
      change(ref.name, signal, async (site) => {
        checkName(name);
        if (site === 'missing') return;
        existing(site, ref.name);
        const { snapshots } = directories.paths(ref.name);
        if (!(await isDirectory(join(snapshots, name)))) return;
        const trash = join(snapshots, `.trash-${name}`);
        await rename(join(snapshots, name), trash);
        await remove(trash);
      }),

    rollback: (ref, name, signal) =>
      changeExisting(ref.name, signal, async (site) => {
        checkName(name);
        const { www, wwwNew, wwwOld, snapshots } = directories.paths(ref.name);
        const source = join(snapshots, name);
        if (!(await isDirectory(source))) throw failure('not_found', `The site ${ref.name} has no snapshot ${name}`);
        await copy(site, source, wwwNew, signal);
        await rename(www, wwwOld);
        await rename(wwwNew, www);
        await remove(wwwOld);
      }),
  };
};
