/**
 * Tells others what was written into the outbox, at least once and in the order of
 * each service. An event is handed on by one transaction, which makes a delivery for
 * each target; deliveries of one target and service stand in a lane, and who holds the
 * lane sends them one after the other. Lanes are claimed by compare-and-swap with a
 * lease on the database's clock. A process that dies between sending and writing down
 * is followed by another that sends again; nothing is ever lost.
 */
import type { Database, Tx } from '../database/database.ts';
import { isDatabaseDown } from '../database/errors.ts';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { createPoller } from '../kit/poller.ts';
import type { Telemetry } from '../kit/telemetry.ts';
import { untilNone } from '../kit/until-none.ts';
import type { Channel, Delivery, OutboxEvent, Outcome } from './delivery.ts';
import * as store from './delivery-store.ts';
import { patienceMs, waitAfter } from './retry.ts';

/** The places at which it matters whether a process dies. Only tests pass a function. */
export const deliveryPoints = [
  'hand-on:committing',
  'hand-on:committed',
  'claim:committed',
  'send:before',
  'send:after',
  'settle:committing',
  'settle:committed',
] as const;

export type AtDeliveryPoint = (point: (typeof deliveryPoints)[number]) => void | Promise<void>;

export interface DeliveryTiming {
  /** How often to look for what other processes wrote. */
  pollMs: number;
  /** The time that one try has. */
  sendMs: number;
  /** How long a lane is held for one try: longer than the try and its commit. */
  leaseMs: number;
}

const defaultTiming: DeliveryTiming = { pollMs: 1_000, sendMs: 20_000, leaseMs: 60_000 };

const eventsAtOnce = 100;
/** Sends that this process has under way at most, and to one target: a slow one must not hold up the others. */
const [sendsAtOnce, sendsPerTarget] = [16, 4];
const day = 24 * 3_600_000;
/** How long events that were handed on, and deliveries that have ended, are kept. */
const kept = { events: 7 * day, deliveries: 30 * day };
/** Targets that one clean-up looks at; the next one goes on from there. */
const targetsAtOnce = 500;

export interface DeliveriesOptions {
  db: Database;
  clock: Clock;
  log: Log;
  telemetry: Pick<Telemetry, 'deliveryTried'>;
  /** Runs again when somebody else wrote the same key first. */
  transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  timing?: Partial<DeliveryTiming> | undefined;
  at?: AtDeliveryPoint | undefined;
}

/** How much of a channel waits. */
export interface Backlog {
  /** Services of which something waits, counted once for each target. */
  services: number;
  /** For how long the oldest delivery has waited. */
  oldestMs: number;
  /** For how long something has been due that nobody takes. */
  overdueMs: number;
}

/** The lane is another process's by now. */
class LostLane extends Error {}

export const createDeliveries = (options: DeliveriesOptions) => {
  const { db, clock, log, telemetry, transaction, at } = options;
  const timing = { ...defaultTiming, ...options.timing };
  const channels = new Map<string, Channel>();
  const running = new Map<string, Promise<void>>();
  const busy = new Map<string, number>();
  const stopping = new AbortController();

  /** Makes a delivery for each target of an event. False when its turn has not come. */
  const handOn = async (event: OutboxEvent): Promise<boolean> => {
    const isHandedOn = await transaction(async (tx) => {
      if (await store.hasEarlier(tx, event)) return false;
      const now = await db.now(tx);
      if (!(await store.takeEvent(tx, event.id, now))) return true;
      // What nobody was there to hand on for so long is no news to anybody.
      if (now - event.at <= patienceMs) {
        for (const channel of channels.values()) {
          for (const target of await channel.targetsOf(tx, event))
            await store.addDelivery(tx, { channel: channel.name, target, event }, now);
        }
      }
      await at?.('hand-on:committing');
      return true;
    });
    await at?.('hand-on:committed');
    return isHandedOn;
  };

  const handOnAll = async (): Promise<void> => {
    for (;;) {
      const events = await store.waitingEvents(db.knex, eventsAtOnce);
      let handedOn = 0;
      for (const event of events) {
        if (stopping.signal.aborted) return;
        if (await handOn(event)) handedOn += 1;
      }
      if (events.length < eventsAtOnce || handedOn === 0) return;
    }
  };

  /** Writes down how a try ended, and what follows. Returns whether the lane goes on with the next one. Errors: LostLane. */
  const settle = (lane: store.ClaimedLane, delivery: Delivery, outcome: Outcome): Promise<boolean> =>
    transaction(async (tx) => {
      const now = await db.now(tx);
      const attempts = delivery.attempts + 1;
      const wait = outcome.is === 'later' ? waitAfter(attempts, outcome.afterMs) : null;
      const nextAt = wait === null ? null : now + wait;
      // First the guarded write: with a newer fence in the row nothing of this is so.
      if (!(await store.setDue(tx, lane, nextAt ?? now + timing.leaseMs))) throw new LostLane();
      await store.patchDelivery(tx, delivery.id, {
        attempts,
        last_attempt_at: now,
        next_attempt_at: nextAt,
        response_status: outcome.status ?? null,
        error: outcome.is === 'delivered' ? null : outcome.error.slice(0, 250),
        ...(nextAt === null ? { state: outcome.is === 'delivered' ? 'delivered' : 'failed', ended_at: now } : {}),
      });
      await channels.get(delivery.channel)?.settled?.(tx, delivery, outcome, now);
      await at?.('settle:committing');
      return nextAt === null;
    });

  const send = async (channel: Channel, delivery: Delivery): Promise<Outcome> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timing.sendMs)]);
    return channel.send(delivery, signal);
  };

  /** Sends what is in a lane, until it is empty, a try failed, or the lane is lost. */
  const workThrough = async (lane: store.ClaimedLane): Promise<void> => {
    const channel = channels.get(lane.channel);
    if (!channel) return;
    for (;;) {
      const version = await store.laneVersion(db.knex, lane);
      if (version === null) return;
      const delivery = await store.nextInLane(db.knex, lane);
      if (!delivery) {
        if (await store.restLane(db.knex, lane, version)) return;
        continue;
      }
      const since = clock.monotonic();
      if (stopping.signal.aborted) {
        await store.setDue(db.knex, lane, await db.now());
        return;
      }
      if (!(await store.setDue(db.knex, lane, (await db.now()) + timing.leaseMs))) return;
      // A process that slept since then may not hold the lane any more.
      if (clock.monotonic() - since > timing.leaseMs - timing.sendMs) return;
      await at?.('send:before');
      const outcome = await send(channel, delivery);
      await at?.('send:after');
      // A try that was cut short by our own end is no failure of theirs.
      if (stopping.signal.aborted && outcome.is === 'later') continue;
      const goesOn = await settle(lane, delivery, outcome);
      const ended = outcome.is === 'delivered' ? 'delivered' : 'given-up';
      telemetry.deliveryTried(channel.name, goesOn ? ended : 'put-off');
      await at?.('settle:committed');
      if (!goesOn) return;
    }
  };

  const begin = (lane: store.ClaimedLane): void => {
    const key = `${lane.target} ${lane.lane}`;
    busy.set(lane.target, (busy.get(lane.target) ?? 0) + 1);
    const done = workThrough(lane)
      .catch((error: unknown) => {
        // What is in the database is enough for the next one: the lease runs out.
        if (error instanceof LostLane) return;
        log[isDatabaseDown(error) ? 'warn' : 'error']({ target: lane.target, err: error }, 'A delivery met a fault');
      })
      .finally(() => {
        running.delete(key);
        const left = (busy.get(lane.target) ?? 1) - 1;
        if (left > 0) busy.set(lane.target, left);
        else busy.delete(lane.target);
        poller.wake();
      });
    running.set(key, done);
  };

  const claimDue = async (): Promise<void> => {
    while (running.size < sendsAtOnce && !stopping.signal.aborted) {
      const full = [...busy].filter(([, count]) => count >= sendsPerTarget).map(([target]) => target);
      const now = await db.now();
      const due = await store.dueLanes(db.knex, now, {
        limit: sendsAtOnce,
        channels: [...channels.keys()],
        except: full,
      });
      let claimed = 0;
      for (const seen of due) {
        if (running.size >= sendsAtOnce || (busy.get(seen.target) ?? 0) >= sendsPerTarget) continue;
        if (running.has(`${seen.target} ${seen.lane}`)) continue;
        const lane = await store.claimLane(db.knex, seen, { now, leaseUntil: now + timing.leaseMs });
        if (!lane) continue;
        await at?.('claim:committed');
        claimed += 1;
        begin(lane);
      }
      if (claimed === 0) return;
    }
  };

  const poller = createPoller({
    clock,
    pollMs: timing.pollMs,
    look: async () => {
      await handOnAll();
      await claimDue();
    },
    failed: (error) => log.warn({ err: error }, 'Could not look for what others are to be told'),
  });

  const forget = (target: string): Promise<number> =>
    untilNone(() => transaction((tx) => store.forgetSome(tx, target)));

  const removeOld = (): Promise<number> =>
    untilNone(async () => {
      const now = await db.now();
      return store.removeOld(db.knex, { events: now - kept.events, deliveries: now - kept.deliveries });
    });

  let lookedUpTo = '';
  /**
   * Removes what is kept for targets that are gone: the process that was to forget them died, or an event was handed on
   * while they were deleted.
   */
  const forgetGone = async (): Promise<number> => {
    let all = 0;
    for (let looked = 0; looked < targetsAtOnce; looked += 1) {
      const next = await store.nextTarget(db.knex, lookedUpTo);
      lookedUpTo = next?.target ?? '';
      if (!next) break;
      if (await channels.get(next.channel)?.isGone?.(next.target)) all += await forget(next.target);
    }
    return all;
  };

  return {
    /** Makes a way to tell others known. Before `start`. */
    register: (channel: Channel) => channels.set(channel.name, channel),
    start: poller.start,
    wake: poller.wake,
    /** Begins no more and gives up what is under way: it is sent again by whoever comes next. Repeating it is harmless. */
    stop: async (): Promise<void> => {
      stopping.abort();
      await poller.stop();
      await Promise.all(running.values());
    },
    /** Adds a delivery that no event of the outbox led to, e.g. for a trial. */
    add: store.addDelivery,
    /** Removes what there is of a target. Repeating it is harmless. */
    forget,
    list: (target: string, page: Parameters<typeof store.listDeliveries>[2]) =>
      store.listDeliveries(db.knex, target, page),
    find: store.findDelivery,
    /** What of a channel waits. */
    backlog: async (channel: string): Promise<Backlog> => {
      const now = await db.now();
      const { lanes, oldest, dueSince } = await store.waitingIn(db.knex, channel);
      const since = (at: number | null) => (at === null ? 0 : Math.max(0, now - at));
      return { services: lanes, oldestMs: since(oldest), overdueMs: since(dueSince) };
    },
    /** Sends one that has ended once more, and one that waits, now; as the same event. */
    replay: async (tx: Tx, delivery: Delivery, now: number): Promise<void> => {
      if (delivery.state === 'pending') return store.hurry(tx, delivery, now);
      await store.patchDelivery(tx, delivery.id, {
        state: 'pending',
        attempts: 0,
        next_attempt_at: null,
        ended_at: null,
        error: null,
      });
      const { channel, target, event } = delivery;
      await store.wakeLane(tx, { channel, target, lane: store.laneOf(event) }, now);
    },
    /** For how many milliseconds the oldest of what could be told now has waited. What failed and is put off is not late. */
    lagMs: async (): Promise<number> => {
      const now = await db.now();
      return Math.max(0, now - ((await store.oldestDue(db.knex, now)) ?? now));
    },
    /** Removes what is older than it is kept, and what is kept for nobody. */
    clean: async (): Promise<number> => (await removeOld()) + (await forgetGone()),
  };
};

export type Deliveries = ReturnType<typeof createDeliveries>;
