/**
 * Keys that were looked up lately, so that not every request asks the database
 * who calls. What was read is believed for a second, counted from before it was
 * asked for: a key that another process revokes is refused a second later at
 * most, and a database that does not answer is an error by then. A key that is
 * not there is never remembered.
 */
import type { Clock } from '../../kit/clock.ts';
import type { PanelKey } from './panel-key.ts';

export const freshMs = 1000;

/** More keys than are in use at a time. Those that are not used any more go with all others. */
const most = 1000;

type FoundKey = PanelKey & { panelName: string };

export interface KnownKey {
  key: FoundKey;
  /** The database's time, as far as it has gone on since the key was read. */
  now: number;
}

/** `read` gives the key of an id and the database's time, or null. */
export const createKeyCache = (
  clock: Pick<Clock, 'monotonic'>,
  read: (id: string) => Promise<{ key: FoundKey; at: number } | null>,
) => {
  interface Entry {
    key: FoundKey;
    at: number;
    since: number;
  }
  const entries = new Map<string, Entry>();
  const reading = new Map<string, { since: number; found: Promise<Entry | null> }>();
  const isFresh = (since: number): boolean => clock.monotonic() - since < freshMs;

  const readAnew = (id: string): Promise<Entry | null> => {
    const since = clock.monotonic();
    const found = read(id).then((row) => row && { ...row, since });
    reading.set(id, { since, found });
    const isWanted = () => reading.get(id)?.found === found && reading.delete(id);
    found.then(
      (entry) => {
        // One that was forgotten meanwhile may have been read before the change.
        if (!isWanted()) return;
        if (entries.size >= most) entries.clear();
        if (entry) entries.set(id, entry);
        else entries.delete(id);
      },
      () => {
        if (isWanted()) entries.delete(id);
      },
    );
    return found;
  };

  return {
    /** Null when there is no such key. Errors: those of `read`. */
    find: async (id: string): Promise<KnownKey | null> => {
      const known = entries.get(id);
      const underWay = reading.get(id);
      const entry =
        known && isFresh(known.since)
          ? known
          : await (underWay && isFresh(underWay.since) ? underWay.found : readAnew(id));
      return entry && { key: entry.key, now: entry.at + Math.round(clock.monotonic() - entry.since) };
    },
    /** Called after a change of the key: the next request reads it anew. */
    forget: (id: string): void => {
      entries.delete(id);
      reading.delete(id);
    },
  };
};
