import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { ProviderError } from '../../../kit/errors.ts';
import { givenUp } from '../../../kit/provider-call.ts';

/**
 * Locks between processes that share the data directory. Node has no `flock`,
 * but an open write transaction of SQLite is one: the operating system ends it
 * with the process, however that dies, so no lock is ever left behind.
 */
export interface Locks {
  /** The release of the lock, or null when someone else has it. */
  tryAcquire(key: string): (() => void) | null;
  /** Waits for the lock. Errors: `unavailable` when it is not to be had or `signal` aborts. */
  acquire(key: string, signal: AbortSignal): Promise<() => void>;
}

const busy = 5;
const patienceMs = 30_000;

// A lock file must never be deleted (who waits at the old one and who makes a
// new one would both get in), so sites share a fixed number of them.
const fileCount = 64;

const fileFor = (key: string): string =>
  `${(createHash('sha256').update(key).digest()[0]! % fileCount).toString().padStart(2, '0')}.lock`;

/** Locks in `dir`. Keys in `named` have a file of their own: they may be held for long without being in another key's way. */
export const createLocks = (dir: string, named: readonly string[]): Locks => {
  const tryAcquire = (key: string): (() => void) | null => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const file = named.includes(key) ? `${key}.lock` : fileFor(key);
    const database = new DatabaseSync(join(dir, file), { timeout: 0 });
    try {
      database.exec('BEGIN IMMEDIATE');
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode === busy) return null;
      throw error;
    }
    // Nothing was written, so closing rolls back nothing.
    return () => database.close();
  };

  const acquire = async (key: string, signal: AbortSignal): Promise<() => void> => {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      if (signal.aborted) throw givenUp('compute/local');
      const release = tryAcquire(key);
      if (release) return release;
      if (performance.now() > giveUpAt) {
        throw new ProviderError('compute/local', 'unavailable', 'Another call is still at work on this site');
      }
      // An uneven pause, or two waiting processes could stay in step.
      await wait(5 + Math.random() * 15, undefined, { signal }).catch(() => undefined);
    }
  };

  return { tryAcquire, acquire };
};
