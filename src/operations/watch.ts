/**
 * Tells whoever waits for an operation that it changed: at once when it changed
 * in this process, within the poll time when it changed in another. One query
 * looks after all waiters, and none is made while nobody waits.
 */
import type { Database } from '../database/database.ts';
import type { Clock, Timer } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { isAtRest, type Operation } from './operation.ts';
import { findOperation, readVersions } from './operation-store.ts';

/** Ids looked up in one query. */
const batch = 500;

export const createWatchers = ({
  db,
  clock,
  log,
  pollMs,
}: {
  db: Database;
  clock: Clock;
  log: Log;
  pollMs: number;
}) => {
  const listeners = new Map<string, Set<() => void>>();
  const seen = new Map<string, number>();
  let timer: Timer | null = null;

  const changed = (id: string): void => {
    for (const listener of [...(listeners.get(id) ?? [])]) listener();
  };

  const poll = async (): Promise<void> => {
    const ids = [...listeners.keys()];
    for (let start = 0; start < ids.length; start += batch) {
      for (const { id, version } of await readVersions(db.knex, ids.slice(start, start + batch))) {
        // Whoever waited may have gone while we asked.
        if (listeners.has(id) && seen.get(id) !== version) {
          seen.set(id, version);
          changed(id);
        }
      }
    }
  };

  const schedule = (): void => {
    if (timer || listeners.size === 0) return;
    timer = clock.after(pollMs, () => {
      poll()
        .catch((error: unknown) => log.debug({ err: error }, 'Could not look after waiters'))
        .finally(() => {
          timer = null;
          schedule();
        });
    });
  };

  /** Calls `listener` after every change, until the returned function is called. */
  const subscribe = (id: string, listener: () => void): (() => void) => {
    const own = listeners.get(id) ?? new Set();
    own.add(listener);
    listeners.set(id, own);
    schedule();
    return () => {
      own.delete(listener);
      if (own.size === 0 && listeners.get(id) === own) {
        listeners.delete(id);
        seen.delete(id);
      }
    };
  };

  /**
   * Shows `each` the operation as it is now and then after every change, until it
   * says `stop` or `signal` aborts. Changes that come quicker than it can be read
   * are shown as one. Ends at once when there is no such operation.
   */
  const follow = async (
    id: string,
    signal: AbortSignal,
    each: (operation: Operation) => 'stop' | 'go',
  ): Promise<void> => {
    let wakeUp = () => {};
    let unseen = true;
    const note = () => {
      unseen = true;
      wakeUp();
    };
    const stop = () => wakeUp();
    const unsubscribe = subscribe(id, note);
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        if (unseen) {
          unseen = false;
          const operation = await findOperation(db.knex, id);
          if (!operation || each(operation) === 'stop') return;
        } else {
          await new Promise<void>((resolve) => {
            wakeUp = resolve;
          });
        }
      }
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', stop);
    }
  };

  /**
   * The operation once it is at rest, or as it is after `ms` milliseconds or when
   * `signal` aborts. Null when there is no such operation.
   */
  const waitForRest = async (id: string, ms: number, signal?: AbortSignal): Promise<Operation | null> => {
    const over = new AbortController();
    const limit = clock.after(ms, () => over.abort());
    try {
      let last: Operation | null = null;
      await follow(id, signal ? AbortSignal.any([signal, over.signal]) : over.signal, (operation) => {
        last = operation;
        return isAtRest(operation.state) ? 'stop' : 'go';
      });
      return last ?? (await findOperation(db.knex, id));
    } finally {
      limit.cancel();
    }
  };

  return { changed, subscribe, follow, waitForRest, waiting: () => listeners.size };
};

export type Watchers = ReturnType<typeof createWatchers>;
