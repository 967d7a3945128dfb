import { constants, type Dirent } from 'node:fs';
import { lstat, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A site's data as a tree of files. A symbolic link is data like any other: it
 * is listed and copied as a link and never followed, so nothing outside the
 * tree is ever read through it. Devices, sockets and pipes are passed over.
 */

export interface TreeEntry {
  /** Relative to the root. */
  path: string;
  kind: 'file' | 'directory' | 'link';
  /** 0 for directories. */
  bytes: number;
}

/** More data than was allowed. */
export class TreeTooLarge extends Error {}

const kindOf = (entry: Dirent): TreeEntry['kind'] | null => {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : null;
};

const orIfGone = async <Value>(promise: Promise<Value>, instead: Value): Promise<Value> => {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return instead;
    throw error;
  }
};

/** Every entry below `root`, a directory before what is in it. What vanishes meanwhile is left out. */
export async function* walkTree(root: string, below = ''): AsyncGenerator<TreeEntry> {
  const entries = await orIfGone<Dirent[]>(readdir(join(root, below), { withFileTypes: true }), []);
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const kind = kindOf(entry);
    if (!kind) continue;
    const path = join(below, entry.name);
    const stats = kind === 'directory' ? null : await orIfGone(lstat(join(root, path)), null);
    yield { path, kind, bytes: stats?.size ?? 0 };
    if (kind === 'directory') yield* walkTree(root, path);
  }
}

/** The bytes in all files below `root`. */
export const treeBytes = async (root: string): Promise<number> => {
  let bytes = 0;
  for await (const entry of walkTree(root)) bytes += entry.bytes;
  return bytes;
};

const copyFile = async (from: string, to: string, mostBytes: number): Promise<number> => {
  // Refuses a link that has taken the file's place since it was listed, and does not hang on a pipe.
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await source.stat();
    if (!stats.isFile()) return 0;
    const target = await open(to, 'wx', stats.mode & 0o777);
    try {
      const buffer = Buffer.allocUnsafe(256 * 1024);
      let copied = 0;
      for (;;) {
        const { bytesRead } = await source.read(buffer);
        if (bytesRead === 0) break;
        copied += bytesRead;
        if (copied > mostBytes) throw new TreeTooLarge();
        await target.appendFile(buffer.subarray(0, bytesRead));
      }
      await target.utimes(stats.atime, stats.mtime);
      return copied;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
};

/**
 * Copies the tree `from` into the new directory `to`. Throws {@link TreeTooLarge}
 * as soon as it has more than `mostBytes`, and the signal's reason when that
 * aborts; what is there by then is for the caller to remove.
 */
export const copyTree = async (from: string, to: string, mostBytes: number, signal: AbortSignal): Promise<void> => {
  let left = mostBytes;
  await mkdir(to);
  for await (const { path, kind } of walkTree(from)) {
    signal.throwIfAborted();
    const [source, target] = [join(from, path), join(to, path)];
    if (kind === 'directory') await mkdir(target);
    else if (kind === 'link') await symlink(await readlink(source), target);
    else left -= await copyFile(source, target, left);
  }
};
