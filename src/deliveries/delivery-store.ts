/** The SQL of the outbox as it is read, of deliveries and of their lanes. */
import { along } from '../database/along.ts';
import type { Queries, Tx } from '../database/database.ts';
import { int, intOrNull, json } from '../database/rows.ts';
import { newId } from '../kit/ids.ts';
import { activeKey } from '../operations/operation.ts';
import type { Delivery, OutboxEvent, Target } from './delivery.ts';

/** How many rows of a kind are removed at once. */
const some = 500;

/** Whom deliveries go to, and of which service: those of one lane go one after the other. */
export interface Lane {
  target: string;
  lane: string;
}

export const laneOf = ({ service }: OutboxEvent): string => activeKey(service);

export interface ClaimedLane extends Lane {
  channel: string;
  fence: number;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decodeEvent = (row: any): OutboxEvent => ({
  id: row.id,
  service: { panelId: row.panel_id, kind: row.service_kind, serviceId: row.service_id },
  name: row.event,
  payload: json(row.payload),
  at: int(row.created_at),
  // What a release before the numbers wrote comes before all others.
  seq: intOrNull(row.seq) ?? 0,
});

// biome-ignore lint/suspicious/noExplicitAny: as above
const decode = (row: any): Delivery => ({
  id: row.id,
  channel: row.channel,
  target: row.target,
  facts: row.facts === null ? null : json(row.facts),
  event: {
    id: row.event_id,
    service: { panelId: row.panel_id, kind: row.service_kind, serviceId: row.service_id },
    name: row.event,
    payload: json(row.payload),
    at: int(row.event_at),
    seq: int(row.seq),
  },
  state: row.state,
  attempts: int(row.attempts),
  lastAttemptAt: intOrNull(row.last_attempt_at),
  nextAttemptAt: intOrNull(row.next_attempt_at),
  responseStatus: intOrNull(row.response_status),
  error: row.error,
  createdAt: int(row.created_at),
  endedAt: intOrNull(row.ended_at),
});

/** Events that nobody has handed on yet. */
export const waitingEvents = async (queries: Queries, limit: number): Promise<OutboxEvent[]> =>
  (await queries('outbox').whereNull('sent_at').orderBy('id').limit(limit)).map(decodeEvent);

/** Since when the oldest of what could be told now waits; null when nothing does. */
export const oldestDue = async (queries: Queries, now: number): Promise<number | null> => {
  // An event is due from its beginning. One that waits for its next try, or is being sent, is in a lane due later.
  const event = await queries('outbox').whereNull('sent_at').orderBy('id').first('created_at');
  const lane = await queries('delivery_lanes').where('due_at', '<=', now).orderBy('due_at').first('due_at');
  const since = [event?.created_at, lane?.due_at].filter((at) => at !== undefined).map(int);
  return since.length === 0 ? null : Math.min(...since);
};

/** Whether an event of the same service that came before is still to be handed on. Ids of several replicas do not tell. */
export const hasEarlier = async (tx: Tx, { service, seq }: OutboxEvent): Promise<boolean> =>
  (await tx('outbox')
    .whereNull('sent_at')
    .where({ panel_id: service.panelId, service_kind: service.kind, service_id: service.serviceId })
    .where('seq', '<', seq)
    .first('id')) !== undefined;

/** Takes an event to hand it on. False when somebody else was faster. */
export const takeEvent = async (tx: Tx, id: string, at: number): Promise<boolean> =>
  (await tx('outbox').where({ id }).whereNull('sent_at').update({ sent_at: at })) === 1;

/** Adds a delivery to the end of its lane. Errors: a unique violation when two begin one lane at once; run the transaction again. */
export const addDelivery = async (
  tx: Tx,
  wish: { channel: string; target: Target; event: OutboxEvent },
  at: number,
): Promise<string> => {
  const { channel, event } = wish;
  const { name: target, facts } = wish.target;
  const lane = laneOf(event);
  const id = newId();
  await tx('deliveries').insert({
    id,
    channel,
    target,
    facts: facts === undefined ? null : JSON.stringify(facts),
    lane,
    panel_id: event.service.panelId,
    service_kind: event.service.kind,
    service_id: event.service.serviceId,
    event_id: event.id,
    event: event.name,
    seq: event.seq,
    payload: JSON.stringify(event.payload),
    event_at: event.at,
    state: 'pending',
    attempts: 0,
    created_at: at,
  });
  await wakeLane(tx, { channel, target, lane }, at);
  return id;
};

/** Says that there is more to send. Who holds the lane sees the version, and looks again before letting go. */
export const wakeLane = async (
  tx: Tx,
  { channel, target, lane }: Lane & { channel: string },
  at: number,
): Promise<void> => {
  const raised = await tx('delivery_lanes')
    .where({ target, lane })
    .update({ version: tx.raw('version + 1'), touched_at: at });
  if (raised === 0) {
    await tx('delivery_lanes').insert({ target, lane, channel, due_at: at, fence: 0, version: 1, touched_at: at });
    return;
  }
  await tx('delivery_lanes').where({ target, lane }).whereNull('due_at').update({ due_at: at });
};

/** Lanes of the given channels that may be claimed, the longest due first, but for those of some targets. */
export const dueLanes = async (
  queries: Queries,
  now: number,
  { limit, channels, except }: { limit: number; channels: string[]; except: string[] },
): Promise<ClaimedLane[]> => {
  const query = queries('delivery_lanes')
    .where('due_at', '<=', now)
    .whereIn('channel', channels)
    .orderBy('due_at')
    .limit(limit);
  if (except.length > 0) query.whereNotIn('target', except);
  return (await query).map(({ target, lane, channel, fence }) => ({ target, lane, channel, fence: int(fence) }));
};

/** Takes a lane until `leaseUntil`. Null when somebody else was faster. */
export const claimLane = async (
  queries: Queries,
  seen: ClaimedLane,
  { now, leaseUntil }: { now: number; leaseUntil: number },
): Promise<ClaimedLane | null> => {
  const fence = seen.fence + 1;
  const taken = await queries('delivery_lanes')
    .where({ target: seen.target, lane: seen.lane, fence: seen.fence })
    .where('due_at', '<=', now)
    .update({ fence, due_at: leaseUntil });
  return taken === 1 ? { ...seen, fence } : null;
};

const held = ({ target, lane, fence }: ClaimedLane) => ({ target, lane, fence });

/** Moves the end of the hold, or the next try. False when the lane is somebody else's by now. */
export const setDue = async (queries: Queries, lane: ClaimedLane, at: number): Promise<boolean> =>
  (await queries('delivery_lanes').where(held(lane)).update({ due_at: at })) === 1;

export const laneVersion = async (queries: Queries, lane: ClaimedLane): Promise<number | null> => {
  const row = await queries('delivery_lanes').where(held(lane)).first('version');
  return row ? int(row.version) : null;
};

/** Lets go of a lane with nothing in it. False when something was added meanwhile, or it is somebody else's. */
export const restLane = async (queries: Queries, lane: ClaimedLane, version: number): Promise<boolean> =>
  (await queries('delivery_lanes')
    .where({ ...held(lane), version })
    .update({ due_at: null })) === 1;

/** Lets a lane that waits for its next try be tried now. One that is held stays so. */
export const hurry = async (tx: Tx, { target, event, nextAttemptAt }: Delivery, at: number): Promise<void> => {
  if (nextAttemptAt === null) return;
  await tx('delivery_lanes')
    .where({ target, lane: laneOf(event), due_at: nextAttemptAt })
    .update({ due_at: at });
};

/** What is to be sent next in a lane. */
export const nextInLane = async (queries: Queries, { target, lane }: Lane): Promise<Delivery | null> => {
  const row = await queries('deliveries')
    .where({ target, lane, state: 'pending' })
    .orderBy([{ column: 'seq' }, { column: 'id' }])
    .first();
  return row ? decode(row) : null;
};

export interface DeliveryPatch {
  state?: Delivery['state'];
  attempts?: number;
  last_attempt_at?: number;
  next_attempt_at?: number | null;
  response_status?: number | null;
  error?: string | null;
  ended_at?: number | null;
}

export const patchDelivery = async (tx: Tx, id: string, patch: DeliveryPatch): Promise<void> => {
  await tx('deliveries')
    .where({ id })
    .update({ ...patch });
};

export const findDelivery = async (queries: Queries, target: string, id: string): Promise<Delivery | null> => {
  const row = await queries('deliveries').where({ id, target }).first();
  return row ? decode(row) : null;
};

/** Newest first; `before` is the last one of the page before. */
export const listDeliveries = async (
  queries: Queries,
  target: string,
  page: { limit: number; before?: string | undefined; state?: Delivery['state'] | undefined },
): Promise<Delivery[]> => {
  const index = page.state === undefined ? 'deliveries_by_target' : 'deliveries_by_state';
  const query = along(queries, 'deliveries', index).where({ target }).orderBy('id', 'desc').limit(page.limit);
  if (page.before !== undefined) query.where('id', '<', page.before);
  if (page.state !== undefined) query.where({ state: page.state });
  return (await query).map(decode);
};

/**
 * Removes some hundreds of a target's lanes and deliveries, and says how many: there may be as many as services. Whoever
 * is sending one now finds its hold gone.
 */
export const forgetSome = async (tx: Tx, target: string): Promise<number> => {
  const lanes = await tx('delivery_lanes').where({ target }).limit(some).pluck('lane');
  const ids = await tx('deliveries').where({ target }).limit(some).pluck('id');
  if (lanes.length > 0) await tx('delivery_lanes').where({ target }).whereIn('lane', lanes).delete();
  if (ids.length > 0) await tx('deliveries').whereIn('id', ids).delete();
  return lanes.length + ids.length;
};

/** The next of all targets for which something is kept, in the order of their names; null after the last one. */
export const nextTarget = async (
  queries: Queries,
  after: string,
): Promise<{ target: string; channel: string } | null> => {
  const [delivery, lane] = await Promise.all([
    along(queries, 'deliveries', 'deliveries_by_target')
      .where('target', '>', after)
      .orderBy([{ column: 'target' }, { column: 'id' }])
      .first('target', 'channel'),
    queries('delivery_lanes')
      .where('target', '>', after)
      .orderBy([{ column: 'target' }, { column: 'lane' }])
      .first('target', 'channel'),
  ]);
  if (!delivery || !lane) return delivery ?? lane ?? null;
  return delivery.target < lane.target ? delivery : lane;
};

/**
 * Of the lanes of a channel in which something waits: how many there are, the oldest delivery in them, and since when
 * the one that is due longest is not taken. Only lanes in which something waits are read.
 */
export const waitingIn = async (
  queries: Queries,
  channel: string,
): Promise<{ lanes: number; oldest: number | null; dueSince: number | null }> => {
  const waits = () => queries('delivery_lanes').whereNotNull('due_at').where('delivery_lanes.channel', channel);
  const lanes = await waits().count('* as count').min('due_at as due').first();
  const oldest = await waits()
    .join('deliveries', (join) =>
      join.on('deliveries.target', 'delivery_lanes.target').andOn('deliveries.lane', 'delivery_lanes.lane'),
    )
    .where('deliveries.state', 'pending')
    .min('deliveries.created_at as at')
    .first();
  return {
    lanes: int(lanes?.count ?? 0),
    oldest: intOrNull(oldest?.at ?? null),
    dueSince: intOrNull(lanes?.due ?? null),
  };
};

/** Removes lanes that nobody has taken since, with what is in them: of a channel that was turned off. */
const removeAbandoned = async (queries: Queries, before: number): Promise<number> => {
  const lanes = await queries('delivery_lanes')
    .where('due_at', '<', before)
    .limit(some)
    .select('target', 'lane', 'due_at', 'version');
  for (const { target, lane, due_at, version } of lanes) {
    const gone = await queries('delivery_lanes').where({ target, lane, due_at, version }).delete();
    if (gone === 0) continue;
    // What was added since then has begun the lane anew.
    await queries('deliveries').where({ target, lane, state: 'pending' }).where('created_at', '<', before).delete();
  }
  return lanes.length;
};

/** Removes at most some hundreds of rows of each kind that have ended before the given instants. Returns how many. */
export const removeOld = async (queries: Queries, before: { events: number; deliveries: number }): Promise<number> => {
  const events = await queries('outbox').where('sent_at', '<', before.events).limit(some).select('id');
  const ended = await queries('deliveries').where('ended_at', '<', before.deliveries).limit(some).select('id');
  const lanes = await queries('delivery_lanes')
    .whereNull('due_at')
    .where('touched_at', '<', before.deliveries)
    .limit(some)
    .select('target', 'lane', 'version');
  if (events.length > 0)
    await queries('outbox')
      .whereIn(
        'id',
        events.map(({ id }) => id),
      )
      .delete();
  if (ended.length > 0)
    await queries('deliveries')
      .whereIn(
        'id',
        ended.map(({ id }) => id),
      )
      .whereNotNull('ended_at')
      .delete();
  for (const { target, lane, version } of lanes)
    await queries('delivery_lanes').where({ target, lane, version }).whereNull('due_at').delete();
  return events.length + ended.length + lanes.length + (await removeAbandoned(queries, before.deliveries));
};
