import type { Child } from './child.ts';
import type { Findings } from './findings.ts';
import type { World } from './world.ts';

export interface Settings {
  rounds: number;
  /** How long one side is under load in one round. */
  seconds: number;
  /** Only to see that all works: little data and little time. The figures mean nothing. */
  smoke: boolean;
  say: (line: string) => void;
}

export interface Measure {
  name: string;
  title: string;
  run(world: World, settings: Settings): Promise<Findings>;
}

/** Runs `work` with servers, which are ended whatever happens. */
export const withServers = async <T>(starts: Promise<Child>[], work: (servers: Child[]) => Promise<T>): Promise<T> => {
  const started = await Promise.allSettled(starts);
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    return await work(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
};

export const bearer = (world: World): Record<string, string> => ({ Authorization: `Bearer ${world.key}` });
