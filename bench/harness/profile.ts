/** Where the time of a process went, by V8's own CPU profile: shares of its self time by who wrote the code. */
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

export interface Share {
  name: string;
  /** Of the time in which the process did something, from 0 to 1. */
  share: number;
}

export interface Shares {
  /** By package, by folder of ours, by part of Node; the largest first. */
  parts: Share[];
  /** Single functions, the largest first. */
  functions: Share[];
}

const partOf = ({ url, functionName }: { url: string; functionName: string }): string => {
  if (functionName === '(garbage collector)') return 'garbage collection';
  const ofPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (ofPackage !== undefined) return ofPackage;
  const ours = /\/(src\/[^/]+|bench)\//.exec(url)?.[1];
  if (ours !== undefined) return ours;
  if (url.startsWith('node:')) return 'Node’s own modules';
  return 'native code and system calls';
};

const ranked = (times: Map<string, number>, whole: number): Share[] =>
  [...times].map(([name, time]) => ({ name, share: time / whole })).sort((a, b) => b.share - a.share);

/** Idle time is left out: what is waited for is no work of this process. */
export const sharesOf = ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares => {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let whole = 0;
  for (const [at, id] of samples.entries()) {
    const frame = frames.get(id)!;
    if (frame.functionName === '(idle)') continue;
    // The time after a sample is its own: the deltas are from the sample before.
    const time = timeDeltas[at + 1] ?? 0;
    whole += time;
    const part = partOf(frame);
    parts.set(part, (parts.get(part) ?? 0) + time);
    const name = `${frame.functionName || '(anonymous)'} (${part})`;
    functions.set(name, (functions.get(name) ?? 0) + time);
  }
  return { parts: ranked(parts, whole), functions: ranked(functions, whole) };
};

/** Runs `work` in this process under the profiler. */
export const profiled = async (work: () => Promise<unknown>): Promise<Shares> => {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    return sharesOf(profile);
  } finally {
    session.disconnect();
  }
};
