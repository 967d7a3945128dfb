/** The SQL of `operations`. A write by a worker names the fence of its run and changes nothing once another run has begun. */
import { along } from '../database/along.ts';
import type { Queries, Tx } from '../database/database.ts';
import { bool, int, intOrNull, json, jsonOrNull } from '../database/rows.ts';
import { insertInto, type Row, statement, statementsOf, updatesTelling, type Value } from '../database/statement.ts';
import {
  activeKey,
  nextKey,
  type Operation,
  type OperationError,
  type OperationState,
  type ServiceKey,
} from './operation.ts';

export const decodeOperation = (row: Row): Operation => ({
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

/** The columns that say how far an operation is. */
export type Progress = Pick<OperationPatch, 'step' | 'step_name' | 'percent' | 'message' | 'attempts'>;

/** An operation as it is once these columns are written. */
export const withProgress = (operation: Operation, patch: Progress): Operation => ({
  ...operation,
  step: patch.step ?? operation.step,
  stepName: patch.step_name === undefined ? operation.stepName : patch.step_name,
  percent: patch.percent ?? operation.percent,
  message: patch.message ?? operation.message,
  attempts: patch.attempts ?? operation.attempts,
});

const changed = (queries: Queries) => ({ version: queries.raw('version + 1') });

const findOne = statement('select * from operations where id = ?');
const findOneOf = statement('select * from operations where id = ? and panel_id = ?');

export const findOperation = async (queries: Queries, id: string, panelId?: string): Promise<Operation | null> => {
  const row = await (panelId === undefined ? findOne.first(queries, [id]) : findOneOf.first(queries, [id, panelId]));
  return row ? decodeOperation(row) : null;
};

/** Those of these ids that are there. */
export const findOperations = async (queries: Queries, ids: string[]): Promise<Operation[]> =>
  ids.length === 0 ? [] : (await queries('operations').whereIn('id', ids).orderBy('id')).map(decodeOperation);

const findByKeys = statement('select * from operations where active_key in (?, ?)');

/** The operation that has the service now, and the one that waits behind it. */
export const findActive = async (
  queries: Queries,
  service: ServiceKey,
): Promise<{ active: Operation | null; next: Operation | null }> => {
  const rows = await findByKeys.rows(queries, [activeKey(service), nextKey(service)]);
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
  const { service, panelId = service?.panelId, state } = filter;
  const within = service ? 'service_kind_service_id_' : state === undefined ? '' : 'state_';
  const index = `operations_panel_id_${within}id_index`;
  const query = panelId === undefined ? queries('operations') : along(queries, 'operations', index);
  if (panelId !== undefined) query.where({ panel_id: panelId });
  if (service !== undefined) query.where({ service_kind: service.kind, service_id: service.serviceId });
  if (state !== undefined) query.where({ state });
  if (page.before !== undefined) query.where('id', '<', page.before);
  return (await query.orderBy('id', 'desc').limit(page.limit)).map(decodeOperation);
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
  const own = (from = queries('operations')) => from.where({ panel_id: panelId }).select('id', 'version');
  const moving = await own().whereIn('state', movingStates).orderBy('id').limit(limit);
  const added = own(along(queries, 'operations', 'operations_panel_id_id_index'));
  const since = await (after === null
    ? added.orderBy('id', 'desc').limit(1)
    : added.where('id', '>', after).orderBy('id').limit(limit));
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

const findOneWaiting = statement(
  `select id from operations where panel_id = ? and state in (${movingStates.map((state) => `'${state}'`).join(', ')})
   limit 1 offset ?`,
);

/** Whether a panel has that many operations in line or under way. */
export const hasWaiting = async (queries: Queries, panelId: string, count: number): Promise<boolean> =>
  (await findOneWaiting.first(queries, [panelId, count - 1])) !== null;

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

const insertOne = insertInto('operations', [
  'id',
  'panel_id',
  'service_kind',
  'service_id',
  'kind',
  'params',
  'params_hash',
  'state',
  'message',
  'due_at',
  'active_key',
  'deadline_at',
  'actor',
  'request_id',
  'traceparent',
  'created_at',
]);

/** What the columns that an insert leaves out begin with, as the table has it. */
const begin = {
  stuckIn: null,
  step: 0,
  stepName: null,
  percent: 0,
  attempts: 0,
  owner: null,
  landsAt: null,
  fence: 0,
  cancelRequested: false,
  error: null,
  version: 0,
  finishedAt: null,
} satisfies Partial<Operation>;

/** Errors: a unique violation when the service got an operation in the meantime; run the transaction again. */
export const insertOperation = async (tx: Tx, operation: NewOperation): Promise<Operation> => {
  const { id, service, kind, params, paramsHash, state, message, deadlineAt } = operation;
  const { actor, requestId, traceparent, at: createdAt } = operation;
  const dueAt = state === 'queued' ? (operation.dueAt ?? createdAt) : null;
  const paramsText = JSON.stringify(params);
  await insertOne.change(tx, [
    id,
    service.panelId,
    service.kind,
    service.serviceId,
    kind,
    paramsText,
    paramsHash,
    state,
    message,
    dueAt,
    state === 'queued' ? activeKey(service) : nextKey(service),
    deadlineAt,
    actor,
    requestId,
    traceparent,
    createdAt,
  ]);
  return {
    ...{ id, service, kind, params: JSON.parse(paramsText), paramsHash, state, message, dueAt, deadlineAt },
    ...{ actor, requestId, traceparent, createdAt },
    ...begin,
  };
};

/** The row of a run that is still the last one. */
const isOfRun = "fence = ? and state in ('running', 'undoing')";

/** Sets these columns, and says to who watches that something did. */
export const setting = (columns: readonly string[]): string =>
  `${columns.map((column) => `${column} = ?, `).join('')}version = version + 1`;

const patchOf = statementsOf((columns) => `update operations set ${setting(columns)} where id = ? and ${isOfRun}`);

/** A worker's write. False once the run has lost its lease: the caller stops at once. */
export const patchFenced = async (
  queries: Queries,
  run: { id: string; fence: number },
  patch: OperationPatch,
): Promise<boolean> =>
  (await patchOf(Object.keys(patch)).change(queries, [...(Object.values(patch) as Value[]), run.id, run.fence])) === 1;

const patchTelling = updatesTelling('operations', {
  set: setting,
  and: isOfRun,
  tells: ({ now }) => `2 * ${now} + case when cancel_requested = 0 and state = 'running' then 0 else 1 end`,
});

/**
 * As `patchFenced`. Tells the database's time, for `Database.timeOf`, and whether the operation goes forward and nobody
 * wants it cancelled.
 */
export const patchFencedTelling = async (
  tx: Tx,
  run: { id: string; fence: number },
  patch: Progress,
): Promise<{ told: number; goesForward: boolean } | null> => {
  const set = Object.values(patch) as Value[];
  const told = await patchTelling(tx, Object.keys(patch), { set, id: run.id, and: [run.fence] });
  return told === null ? null : { told: Math.floor(told / 2), goesForward: told % 2 === 0 };
};

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
