import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

// The kernel takes 107 bytes on Linux and 103 on macOS.
const mostBytes = 100;

/** Where the sites of a data directory are served: in it, or, when its path is too long for a socket, in a private temporary directory. */
export const socketPathFor = (dataDir: string): { path: string; temporaryDir: string | null } => {
  const path = join(resolve(dataDir), 'compute.sock');
  if (Buffer.byteLength(path) <= mostBytes) return { path, temporaryDir: null };
  const hash = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16);
  const temporaryDir = join(tmpdir(), `provisor-${userInfo().uid}-${hash}`);
  return { path: join(temporaryDir, 'compute.sock'), temporaryDir };
};
