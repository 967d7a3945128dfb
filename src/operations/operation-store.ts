/** The SQL of `operations`. A write by a worker names the fence of its run and changes nothing once another run has begun. */
import type { Queries, Tx } from '../database/database.ts';
import { bool, int, intOrNull, json, jsonOrNull } from '../database/rows.ts';
import {
  activeKey,
  nextKey,
  type Operation,
  type OperationError,
  type OperationState,
  type ServiceKey,
} from './operation.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
export const decodeOperation = (row: any): Operation => ({
  id: row.id,
  service: { panelId: row.panel_id, kind: row.service_kind, serviceId: row.service_id },
  kind: row.kind,
  params: json(row.params),
  paramsHash: row.params_hash,
  state: row.state,
  stuckIn: row.stuck_in,
  step: int(row.step),
  stepName: row.step_name,
  percent: int(row.percent),
  message: row.message,
  attempts: int(row.attempts),
  owner: row.owner,
  dueAt: intOrNull(row.due_at),
  landsAt: intOrNull(row.lands_at),
  fence: int(row.fence),
  deadlineAt: int(row.deadline_at),
  cancelRequested: bool(row.cancel_requested),
  error: jsonOrNull<OperationError>(row.error),
  actor: row.actor,
  requestId: row.request_id,
  traceparent: row.traceparent,
  version: int(row.version),
  createdAt: int(row.created_at),
  finishedAt: intOrNull(row.finished_at),
});

/** The columns that a worker changes as it goes. */
export interface OperationPatch {
  state?: OperationState;
  stuck_in?: 'running' | 'undoing' | null;
  step?: number;
  step_name?: string | null;
  percent?: number;
  message?: string;
  attempts?: number;
  owner?: string | null;
  due_at?: number | null;
  lands_at?: number;
  active_key?: string | null;
  error?: string | null;
  deadline_at?: number;
  started_at?: number;
  finished_at?: number;
}

const changed = (queries: Queries) => ({ version: queries.raw('version + 1') });

export const findOperation = async (queries: Queries, id: string, panelId?: string): Promise<Operation | null> => {
  const query = queries('operations').where({ id });
  if (panelId !== undefined) query.where({ panel_id: panelId });
  const row = await query.first();
  return row ? decodeOperation(row) : null;
};

/** Those of these ids that are there. */
export const findOperations = async (queries: Queries, ids: string[]): Promise<Operation[]> =>
  ids.length === 0 ? [] : (await queries('operations').whereIn('id', ids).orderBy('id')).map(decodeOperation);

/** The operation that has the service now, and the one that waits behind it. */
export const findActive = async (
  queries: Queries,
  service: ServiceKey,
): Promise<{ active: Operation | null; next: Operation | null }> => {
  const rows = await queries('operations').whereIn('active_key', [activeKey(service), nextKey(service)]);
  const find = (key: string) => {
    const row = rows.find((candidate: { active_key: string }) => candidate.active_key === key);
    return row ? decodeOperation(row) : null;
  };
  return { active: find(activeKey(service)), next: find(nextKey(service)) };
};

/** The last operation of a service, by the time of its submission. */
export const findLast = async (queries: Queries, service: ServiceKey): Promise<Operation | null> => {
  const row = await queries('operations')
    .where({ panel_id: service.panelId, service_kind: service.kind, service_id: service.serviceId })
    .orderBy('id', 'desc')
    .first();
  return row ? decodeOperation(row) : null;
};

/** The last operation of each of a panel's services of one kind, by service_id, in one query. */
export const findLastOfEach = async (
  queries: Queries,
  panelId: string,
  kind: string,
  serviceIds: string[],
): Promise<Map<string, Operation>> => {
  if (serviceIds.length === 0) return new Map();
  const last = queries('operations')
    .where({ panel_id: panelId, service_kind: kind })
    .whereIn('service_id', serviceIds)
    .groupBy('service_id')
    .max('id as last_id')
    .as('last');
  // Joined: for an `in (select …)` MariaDB would read all operations and look each up.
  const rows = await queries.from(last).join('operations', 'operations.id', 'last.last_id').select('operations.*');
  return new Map(rows.map(decodeOperation).map((operation) => [operation.service.serviceId, operation]));
};

export interface OperationFilter {
  panelId?: string;
  service?: ServiceKey;
  state?: OperationState;
}

/** Newest first; `before` is the id of the last one of the page before. */
export const listOperations = async (
  queries: Queries,
  filter: OperationFilter,
  page: { limit: number; before?: string },
): Promise<Operation[]> => {
  const query = queries('operations').orderBy('id', 'desc').limit(page.limit);
  if (filter.panelId !== undefined) query.where({ panel_id: filter.panelId });
  if (filter.service !== undefined) {
    query.where({ service_kind: filter.service.kind, service_id: filter.service.serviceId });
  }
  if (filter.state !== undefined) query.where({ state: filter.state });
  if (page.before !== undefined) query.where('id', '<', page.before);
  return (await query).map(decodeOperation);
};

const movingStates: OperationState[] = ['pending', 'queued', 'running', 'undoing'];

/**
 * Versions of what a panel has in line or under way, oldest first, and of what was asked for since `after` even when it
 * has ended already. `newest` is the id to go on from.
 */
export const readMoving = async (
  queries: Queries,
  panelId: string,
  { limit, after }: { limit: number; after: string | null },
): Promise<{ moving: { id: string; version: number }[]; newest: string | null }> => {
  const own = () => queries('operations').where({ panel_id: panelId });
  const moving = await own().whereIn('state', movingStates).orderBy('id').limit(limit).select('id', 'version');
  const added =
    after === null ? own().orderBy('id', 'desc').limit(1) : own().where('id', '>', after).orderBy('id').limit(limit);
  const since = await added.select('id', 'version');
  const found = after === null ? moving : [...new Map([...moving, ...since].map((row) => [row.id, row])).values()];
  return {
    moving: found.map((row) => ({ id: row.id, version: int(row.version) })),
    newest: since.at(-1)?.id ?? after ?? '',
  };
};

/** How many operations of a panel are in this state; counting stops at `cap`. */
export const countInState = async (
  queries: Queries,
  panelId: string,
  state: OperationState,
  cap: number,
): Promise<number> => {
  const found = queries('operations').where({ panel_id: panelId, state }).limit(cap).select('id');
  return int((await queries.count({ n: '*' }).from(found.as('found')).first())?.n ?? 0);
};

/** How many operations of a panel are in line or under way; counting stops at `cap`. */
export const countWaiting = async (queries: Queries, panelId: string, cap: number): Promise<number> => {
  const rows = await queries('operations')
    .where({ panel_id: panelId })
    .whereIn('state', movingStates)
    .limit(cap)
    .select('id');
  return rows.length;
};

export interface NewOperation {
  id: string;
  service: ServiceKey;
  kind: string;
  params: unknown;
  paramsHash: string;
  state: 'queued' | 'pending';
  message: string;
  deadlineAt: number;
  actor: string;
  requestId: string | null;
  traceparent: string | null;
  at: number;
  /** When a worker may begin. @default at once */
  dueAt?: number | undefined;
}

/** Errors: a unique violation when the service got an operation in the meantime; run the transaction again. */
export const insertOperation = async (tx: Tx, operation: NewOperation): Promise<void> => {
  const { service } = operation;
  await tx('operations').insert({
    id: operation.id,
    panel_id: service.panelId,
    service_kind: service.kind,
    service_id: service.serviceId,
    kind: operation.kind,
    params: JSON.stringify(operation.params),
    params_hash: operation.paramsHash,
    state: operation.state,
    message: operation.message,
    due_at: operation.state === 'queued' ? (operation.dueAt ?? operation.at) : null,
    active_key: operation.state === 'queued' ? activeKey(service) : nextKey(service),
    deadline_at: operation.deadlineAt,
    actor: operation.actor,
    request_id: operation.requestId,
    traceparent: operation.traceparent,
    created_at: operation.at,
  });
};

/** Up to `limit` operations that any worker may claim at `now`, longest due first. */
export const findDue = async (
  queries: Queries,
  now: number,
  limit: number,
): Promise<{ id: string; fence: number; service: ServiceKey }[]> => {
  const rows = await queries('operations')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(limit)
    .select('id', 'fence', 'panel_id', 'service_kind', 'service_id');
  return rows.map((row) => ({
    id: row.id,
    fence: int(row.fence),
    service: { panelId: row.panel_id, kind: row.service_kind, serviceId: row.service_id },
  }));
};

/** Takes a due operation for `owner` under a new fence. Null when someone else was faster. */
export const claimOperation = async (
  tx: Tx,
  due: { id: string; fence: number; service: ServiceKey },
  claim: { owner: string; now: number; leaseUntil: number },
): Promise<Operation | null> => {
  const { service } = due;
  const row = { panel_id: service.panelId, kind: service.kind, service_id: service.serviceId };
  const current = await tx('services').where(row).first('fence');
  if (!current) return null;
  const fence = int(current.fence) + 1;
  const claimed = await tx('operations')
    .where({ id: due.id, fence: due.fence })
    .where('due_at', '<=', claim.now)
    .update({
      owner: claim.owner,
      fence,
      due_at: claim.leaseUntil,
      state: tx.raw("case state when 'queued' then 'running' else state end"),
      started_at: tx.raw('coalesce(started_at, ?)', [claim.now]),
      ...changed(tx),
    });
  if (claimed === 0) return null;
  // Raised together with the operation's, so that a run of an earlier operation cannot write to the service either.
  const raised = await tx('services')
    .where({ ...row, fence: fence - 1 })
    .update({ fence });
  if (raised === 0) throw new Error(`The fence of service ${service.serviceId} moved during a claim`);
  return findOperation(tx, due.id);
};

/** A worker's write. False once the run has lost its lease: the caller stops at once. */
export const patchFenced = async (
  queries: Queries,
  run: { id: string; fence: number },
  patch: OperationPatch,
): Promise<boolean> =>
  (await queries('operations')
    .where({ id: run.id, fence: run.fence })
    .whereIn('state', ['running', 'undoing'])
    .update({ ...patch, ...changed(queries) })) === 1;

/** Extends a lease, and says whether a cancellation is wished. Null once the lease is lost. */
export const beat = async (
  queries: Queries,
  run: { id: string; fence: number },
  leaseUntil: number,
): Promise<{ cancelRequested: boolean } | null> => {
  const kept = await queries('operations')
    .where({ id: run.id, fence: run.fence })
    // A beat that comes after the run has put its operation off must not hold it back.
    .whereNotNull('owner')
    .whereIn('state', ['running', 'undoing'])
    .update({ due_at: leaseUntil });
  if (kept === 0) return null;
  const row = await queries('operations').where({ id: run.id }).first('cancel_requested');
  return { cancelRequested: bool(row.cancel_requested) };
};

/** Asks the run, or the next one, to take the operation back. False when it is not in line or under way any more. */
export const requestCancel = async (tx: Tx, id: string): Promise<boolean> =>
  (await tx('operations')
    .where({ id })
    .whereIn('state', ['queued', 'running'])
    .update({ cancel_requested: 1, ...changed(tx) })) === 1;

/**
 * Notes on an operation that another waits behind it. False when it does not go on any more. It is written and not
 * only read, so that its end, and the choice of who comes next, happens before this or after it and never beside it.
 */
export const waitBehind = async (tx: Tx, active: Operation, wish: { cancel: boolean }): Promise<boolean> =>
  (await tx('operations')
    .where({ id: active.id })
    .whereIn('state', ['queued', 'running', 'undoing'])
    .update({
      ...(wish.cancel
        ? { cancel_requested: tx.raw("case state when 'undoing' then cancel_requested else 1 end") }
        : {}),
      ...changed(tx),
    })) === 1;

/** Makes an operation that no worker holds due at once, or as soon as its last call has landed. */
export const makeDue = async (tx: Tx, id: string, now: number): Promise<void> => {
  await tx('operations')
    .where({ id, owner: null })
    .where('due_at', '>', now)
    .update({ due_at: tx.raw('case when lands_at > ? then lands_at else ? end', [now, now]) });
};

/** A change from outside a run, to an operation that is still in the state in which it was seen. */
export const patchInState = async (tx: Tx, seen: Operation, patch: OperationPatch): Promise<boolean> =>
  (await tx('operations')
    .where({ id: seen.id, state: seen.state })
    .update({ ...patch, ...changed(tx) })) === 1;

/** Where watched operations are now, in one query. */
export const readVersions = async (
  queries: Queries,
  ids: string[],
): Promise<{ id: string; version: number; state: OperationState }[]> => {
  const rows = await queries('operations').whereIn('id', ids).select('id', 'version', 'state');
  return rows.map((row) => ({ id: row.id, version: int(row.version), state: row.state }));
};

/** Frees every leased operation. Only for a process that knows itself to be the only one. */
export const releaseAll = async (queries: Queries, dueAt: number): Promise<number> =>
  queries('operations').whereNotNull('owner').whereNotNull('due_at').update({ owner: null, due_at: dueAt });
