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
/** A listener asks anew after this, which also asks whether its key still holds. */
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

  const look = async (feed: Feed): Promise<void> => {
    const { moving, newest } = await readMoving(db.knex, feed.panelId, { limit: shownAtMost + 1, after: feed.newest });
    feed.newest = newest;
    const seen = new Map(moving.slice(0, shownAtMost).map(({ id, version }) => [id, version]));
    const changed = [...seen].filter(([id, version]) => feed.shown.get(id)?.version !== version).map(([id]) => id);
    const left = [...feed.shown.keys()].filter((id) => !seen.has(id));
    const told = await findOperations(db.knex, [...changed, ...left]);
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

  /**
   * Lets a listener in, who is then told what is under way and every change, until two minutes are over or `signal`
   * aborts. Errors: `rate_limited` when too many listen already.
   */
  const followPanel = (panelId: string): ((listener: FeedListener, signal: AbortSignal) => Promise<void>) => {
    if ((feeds.get(panelId)?.listeners.size ?? 0) >= listenersAtMost) {
      throw new AppError('throttled', 'rate_limited', `${listenersAtMost} listen to this panel's operations already.`, {
        retryAfter: 30,
      });
    }
    return async (listener, signal) => {
      if (signal.aborted) return;
      const feed = join(panelId, listener);
      await sleep(clock, longestMs, signal);
      feed.listeners.delete(listener);
      feed.fresh.delete(listener);
    };
  };

  return { followPanel, panelsFollowed: () => feeds.size };
};
