/**
 * The SQL of `idempotency_keys`. The HTTP layer stores answers here; the engine
 * notes, in the transaction of the submission itself, which operation belongs
 * to the key, so that a crash before the answer was stored submits nothing twice.
 */
import type { Queries, Tx } from '../database/database.ts';
import { int, intOrNull, jsonOrNull } from '../database/rows.ts';
import type { Caller } from '../kit/caller.ts';

export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface IdempotencyRecord {
  requestHash: string;
  state: 'running' | 'done';
  lockedUntil: number;
  answer: StoredAnswer | null;
}

const where = (panelId: string, key: string) => ({ panel_id: panelId, idem_key: key });

/** The operation that was submitted under the caller's key, if there was one. */
export const findBound = async (queries: Queries, caller: Caller): Promise<string | null> => {
  if (caller.idempotencyKey === undefined) return null;
  const row = await queries('idempotency_keys')
    .where(where(caller.panelId, caller.idempotencyKey))
    .first('operation_id');
  return row?.operation_id ?? null;
};

export const bindOperation = async (tx: Tx, caller: Caller, operationId: string): Promise<void> => {
  if (caller.idempotencyKey === undefined) return;
  await tx('idempotency_keys')
    .where(where(caller.panelId, caller.idempotencyKey))
    .update({ operation_id: operationId });
};

export const findKey = async (queries: Queries, panelId: string, key: string): Promise<IdempotencyRecord | null> => {
  const row = await queries('idempotency_keys').where(where(panelId, key)).first();
  if (!row) return null;
  const status = intOrNull(row.status);
  return {
    requestHash: row.request_hash,
    state: row.state,
    lockedUntil: int(row.locked_until),
    answer: status === null ? null : { status, headers: jsonOrNull(row.headers) ?? {}, body: row.body ?? '' },
  };
};

/** Errors: a unique violation when the key is known. */
export const insertKey = async (
  queries: Queries,
  entry: {
    panelId: string;
    key: string;
    requestHash: string;
    lockedUntil: number;
    createdAt: number;
    expiresAt: number;
  },
): Promise<void> => {
  await queries('idempotency_keys').insert({
    ...where(entry.panelId, entry.key),
    request_hash: entry.requestHash,
    state: 'running',
    locked_until: entry.lockedUntil,
    created_at: entry.createdAt,
    expires_at: entry.expiresAt,
  });
};

/** Takes over a key whose request was abandoned. False when someone else was faster. */
export const relockKey = async (
  queries: Queries,
  panelId: string,
  key: string,
  seen: { lockedUntil: number },
  lockedUntil: number,
): Promise<boolean> =>
  (await queries('idempotency_keys')
    .where({ ...where(panelId, key), state: 'running', locked_until: seen.lockedUntil })
    .update({ locked_until: lockedUntil })) === 1;

export const storeAnswer = async (
  queries: Queries,
  panelId: string,
  key: string,
  answer: StoredAnswer,
): Promise<void> => {
  await queries('idempotency_keys')
    .where(where(panelId, key))
    .update({ state: 'done', status: answer.status, headers: JSON.stringify(answer.headers), body: answer.body });
};

/** Forgets that a request is under way, so that it can be sent again; what it submitted stays bound to the key. */
export const unlockKey = async (queries: Queries, panelId: string, key: string): Promise<void> => {
  await queries('idempotency_keys')
    .where({ ...where(panelId, key), state: 'running' })
    .update({ locked_until: 0 });
};

/** Removes a key that led to nothing. False when something was submitted under it. */
export const deleteKey = async (queries: Queries, panelId: string, key: string): Promise<boolean> =>
  (await queries('idempotency_keys')
    .where({ ...where(panelId, key), state: 'running', operation_id: null })
    .delete()) === 1;

/** Removes at most some hundreds of keys that have expired. */
export const deleteExpired = async (queries: Queries, now: number): Promise<number> => {
  const rows = await queries('idempotency_keys')
    .where('expires_at', '<=', now)
    .limit(500)
    .select('panel_id', 'idem_key');
  for (const row of rows)
    await queries('idempotency_keys').where({ panel_id: row.panel_id, idem_key: row.idem_key }).delete();
  return rows.length;
};
