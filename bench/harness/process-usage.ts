/**
 * What a process and its children used, from /proc. These are the counters that
 * `process.cpuUsage()` reads too, and they can be read of programs that are not
 * Node as well, so all sides are measured with the same rule.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text.trim() !== '')
    .map(Number);

export const familyOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(familyOf)];

/** Milliseconds of CPU, in user and kernel mode, of all its threads, since it began. */
const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
};

const residentOf = (pid: number): number => {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) / 1024;
};

const total = (pids: number[], of: (pid: number) => number): number => pids.reduce((sum, pid) => sum + of(pid), 0);

/** Milliseconds of CPU of the process and those that it started. */
export const cpuMs = (pid: number): number => total(familyOf(pid), cpuOf);

/** Resident memory in megabytes (2^20), of the process and those that it started. */
export const residentMb = (pid: number): number => total(familyOf(pid), residentOf);
