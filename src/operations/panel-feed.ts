/**
 * All operations of a panel, as they go on. Its listeners share one look at the
 * database in every poll time, however many they are, and no look is made while
 * nobody listens.
 */
import type { Database } from '../database/database.ts';
import { type Clock, sleep } from '../kit/clock.ts';
import { AppError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { isAtRest, type Operation } from './operation.ts';
import { findOperations, readMoving } from './operation-store.ts';

/** Operations that are shown at a time, oldest first. */
const shownAtMost = 200;
const listenersAtMost = 100;
/** A listener asks anew after this, and so one that has gone without a word is not kept. */
const longestMs = 120_000;

export interface FeedListener {
  changed(operation: Operation): void;
  /** Everything that is under way has been told; `more`: there is more than is shown. */
  current(more: boolean): void;
}

interface Feed {
  panelId: string;
  listeners: Set<FeedListener>;
  /** Listeners that have not been told yet what is under way. */
  fresh: Set<FeedListener>;
  shown: Map<string, Operation>;
  /** The newest operation that was there at the last look. */
  newest: string | null;
}

export const createPanelFeed = ({
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
  const feeds = new Map<string, Feed>();
  /** How many were let in, by panel. */
  const places = new Map<string, number>();

  const look = async (feed: Feed): Promise<void> => {
    const { moving, newest } = await readMoving(db.knex, feed.panelId, { limit: shownAtMost + 1, after: feed.newest });
    const seen = new Map(moving.slice(0, shownAtMost).map(({ id, version }) => [id, version]));
    const changed = [...seen].filter(([id, version]) => feed.shown.get(id)?.version !== version).map(([id]) => id);
    const left = [...feed.shown.keys()].filter((id) => !seen.has(id));
    const told = await findOperations(db.knex, [...changed, ...left]);
    // Only now: after a look that failed, the next one goes over the same ground.
    feed.newest = newest;
    for (const operation of told) {
      if (isAtRest(operation.state)) feed.shown.delete(operation.id);
      else feed.shown.set(operation.id, operation);
      for (const listener of feed.listeners) if (!feed.fresh.has(listener)) listener.changed(operation);
    }
    for (const listener of feed.fresh) {
      for (const operation of feed.shown.values()) listener.changed(operation);
      listener.current(moving.length > shownAtMost);
    }
    feed.fresh.clear();
  };

  const keepLooking = (feed: Feed): void => {
    look(feed)
      .catch((error: unknown) => log.debug({ err: error }, 'Could not look after the operations of a panel'))
      .finally(() => {
        if (feed.listeners.size === 0) feeds.delete(feed.panelId);
        else clock.after(pollMs, () => keepLooking(feed));
      });
  };

  const join = (panelId: string, listener: FeedListener): Feed => {
    const known = feeds.get(panelId);
    const feed = known ?? { panelId, listeners: new Set(), fresh: new Set(), shown: new Map(), newest: null };
    feed.listeners.add(listener);
    feed.fresh.add(listener);
    if (!known) {
      feeds.set(panelId, feed);
      keepLooking(feed);
    }
    return feed;
  };

  const leave = (panelId: string): void => {
    const left = (places.get(panelId) ?? 1) - 1;
    if (left > 0) places.set(panelId, left);
    else places.delete(panelId);
  };

  /**
   * Takes a place at once, however many ask together; whoever got one calls what is returned. That listener is then told
   * what is under way and every change, until two minutes are over or `signal` aborts. Errors: `rate_limited` when too
   * many listen already.
   */
  const followPanel = (panelId: string): ((listener: FeedListener, signal: AbortSignal) => Promise<void>) => {
    const taken = places.get(panelId) ?? 0;
    if (taken >= listenersAtMost) {
      throw new AppError('throttled', 'rate_limited', `${listenersAtMost} listen to this panel's operations already.`, {
        retryAfter: 30,
      });
    }
    places.set(panelId, taken + 1);
    return async (listener, signal) => {
      try {
        if (signal.aborted) return;
        const feed = join(panelId, listener);
        await sleep(clock, longestMs, signal);
        feed.listeners.delete(listener);
        feed.fresh.delete(listener);
      } finally {
        leave(panelId);
      }
    };
  };

  return { followPanel, panelsFollowed: () => feeds.size };
};
