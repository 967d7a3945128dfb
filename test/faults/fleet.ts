/** Replicas as the chaos sees them: started, killed, paused for longer than a lease, and started anew. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Timing } from '../../src/operations/timing.ts';
import type { ReplicaLine, ReplicaOrder } from './replicas.ts';

const program = fileURLToPath(new URL('./replicas.ts', import.meta.url));

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A place for one replica: its database user and the processes that were here one after the other. */
export interface Place {
  name: string;
  databaseUrl: string;
  state: 'starting' | 'serving' | 'paused' | 'dead';
  url: string;
  child: ChildProcess | null;
  /** Every process that was ever here. */
  pids: Set<number>;
}

export interface FleetCounts {
  starts: number;
  kills: number;
  pauses: number;
  restarts: number;
  lostLeases: number;
}

export const createFleet = (options: {
  dataDir: string;
  timing: Partial<Timing>;
  places: { name: string; databaseUrl: string }[];
}) => {
  const places = options.places.map(
    (place): Place => ({ ...place, state: 'dead', url: '', child: null, pids: new Set() }),
  );
  const counts: FleetCounts = { starts: 0, kills: 0, pauses: 0, restarts: 0, lostLeases: 0 };
  const errors: string[] = [];

  const hear = (place: Place, line: ReplicaLine): void => {
    if (line.lostLease) counts.lostLeases += 1;
    if (line.error) errors.push(`${place.name}: ${line.error}`);
  };

  /** Starts a process in a place and waits until it serves. */
  const start = async (place: Place): Promise<void> => {
    const { dataDir, timing } = options;
    const order: ReplicaOrder = { dataDir, timing, databaseUrl: place.databaseUrl };
    place.state = 'starting';
    counts.starts += 1;
    const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'pipe'] });
    place.child = child;
    place.pids.add(child.pid!);
    let wrote = '';
    child.stderr.on('data', (chunk) => {
      wrote += chunk;
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as ReplicaLine;
        hear(place, line);
        if (!line.url) return;
        place.url = line.url;
        if (place.state === 'starting') place.state = 'serving';
        resolve();
      });
      child.once('exit', (code, signal) => {
        if (place.child === child) place.state = 'dead';
        if (signal !== 'SIGKILL' && code !== 0)
          errors.push(`${place.name} met a fault and ended with ${code ?? signal}`);
        // One that was killed while it started is dead, and that is all.
        if (signal === 'SIGKILL') resolve();
        else reject(new Error(`${place.name} ended with ${code ?? signal}: ${wrote.slice(0, 2_000)}`));
      });
    });
  };

  const ended = async ({ child }: Place): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };

  return {
    places,
    counts,
    errors,
    start,
    kill: async (place: Place): Promise<void> => {
      counts.kills += 1;
      place.state = 'dead';
      place.child?.kill('SIGKILL');
      await ended(place);
    },
    pause: (place: Place): void => {
      counts.pauses += 1;
      place.state = 'paused';
      place.child?.kill('SIGSTOP');
    },
    goOn: (place: Place): void => {
      place.child?.kill('SIGCONT');
      if (place.state === 'paused') place.state = 'serving';
    },
    /** In order: what is under way ends or is handed back. */
    stop: async (place: Place): Promise<void> => {
      place.state = 'dead';
      place.child?.kill('SIGCONT');
      place.child?.kill('SIGTERM');
      await ended(place);
    },
    /** For the end of a test that failed. */
    killAll: async (): Promise<void> => {
      for (const { child } of places) child?.kill('SIGKILL');
      await Promise.all(places.map(ended));
    },
  };
};

export type Fleet = ReturnType<typeof createFleet>;
