/** The machine that this runs on: its data directory, and the room that is left. */
import { lstatSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { bad, type Finding, good, note } from './finding.ts';

const mebibyte = 1024 ** 2;
const leastBytes = 500 * mebibyte;
const littleBytes = 2048 * mebibyte;

/** What is left on a file system. */
export interface Room {
  freeBytes: number;
  /** Share of the inodes, 0 to 1; 1 where the file system has no limit of them. */
  freeInodes: number;
}

const roomOf = (directory: string): Room => {
  const { bavail, bsize, files, ffree } = statfsSync(directory);
  return { freeBytes: bavail * bsize, freeInodes: files > 0 ? ffree / files : 1 };
};

export const checkRoom = (directory: string, room: Room): Finding => {
  const check = 'disk';
  const left = `${Math.floor(room.freeBytes / mebibyte).toLocaleString('en')} MiB`;
  const remedy = `Make room on the disk of ${directory}: with a full disk nothing can be written down, so nothing can be done.`;
  if (room.freeInodes < 0.01) return bad(check, `There is no room for more files on the disk of ${directory}.`, remedy);
  if (room.freeBytes < leastBytes) return bad(check, `Only ${left} are left on the disk of ${directory}.`, remedy);
  if (room.freeBytes < littleBytes)
    return note(check, `${left} are left on the disk of ${directory}, which is little.`);
  return good(check, `${left} are left on the disk of ${directory}.`);
};

export const checkDataDir = ({ dataDir }: Pick<Config, 'dataDir'>): Finding[] => {
  const check = 'data directory';
  try {
    const probe = join(dataDir, `.doctor-${process.pid}`);
    writeFileSync(probe, '', { mode: 0o600 });
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [note(check, `${dataDir} is not there yet; the first start makes it.`)];
    const remedy = 'Give it to the user that Provisor runs as, or set PROVISOR_DATA_DIR to another directory.';
    const full = code === 'ENOSPC' ? 'Make room on its disk.' : remedy;
    return [bad(check, `${dataDir} cannot be written to (${code}).`, full)];
  }
  const mode = lstatSync(dataDir).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    return [
      bad(
        check,
        `${dataDir} is open to other users of this machine (mode ${mode.toString(8)}), and it holds keys.`,
        `chmod 700 '${dataDir.replaceAll("'", `'\\''`)}'`,
      ),
    ];
  }
  return [good(check, `${dataDir} can be written to, and only by its owner.`), checkRoom(dataDir, roomOf(dataDir))];
};
