/**
 * `Idempotency-Key` on POST: the first request under a key is carried out, every
 * later one with the same content gets its stored answer. What a request submits
 * is bound to the key in the same transaction, so a crash between the two is no gap.
 */
import type { Database } from '../database/database.ts';
import { isUniqueViolation } from '../database/errors.ts';
import { AppError } from '../kit/errors.ts';
import { hashJson } from '../kit/hash.ts';
import { untilNone } from '../kit/until-none.ts';
import * as store from '../operations/idempotency-store.ts';

const keptMs = 24 * 3600_000;
/** Longer than any request takes, so that a running one is never carried out twice at once. */
const lockMs = 60_000;

/** Errors: `invalid_request` (400) for a key that no database could tell from every other. */
export const requireKey = (key: string): void => {
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return;
  throw new AppError('invalid', 'invalid_request', 'An Idempotency-Key is 1 to 255 ASCII characters.');
};

export const createIdempotency = ({ db }: { db: Database }) => {
  /**
   * The stored answer, or null when this request is to be carried out; then
   * `store` or `forget` must follow. Errors: `idempotency_key_reused` (422), `idempotency_in_progress` (409).
   */
  const begin = async (panelId: string, key: string, request: unknown): Promise<store.StoredAnswer | null> => {
    const requestHash = hashJson(request);
    const now = await db.now();
    const lockedUntil = now + lockMs;
    try {
      await store.insertKey(db.knex, {
        panelId,
        key,
        requestHash,
        lockedUntil,
        createdAt: now,
        expiresAt: now + keptMs,
      });
      return null;
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
    }
    const known = await store.findKey(db.knex, panelId, key);
    if (!known) return begin(panelId, key, request);
    if (known.requestHash !== requestHash) {
      throw new AppError(
        'unprocessable',
        'idempotency_key_reused',
        'This Idempotency-Key was used for another request. Make a new one for each request.',
      );
    }
    if (known.answer) return known.answer;
    if (known.lockedUntil <= now && (await store.relockKey(db.knex, panelId, key, known, lockedUntil))) return null;
    throw new AppError(
      'conflict',
      'idempotency_in_progress',
      'The first request with this Idempotency-Key is still being carried out.',
      {
        retryAfter: 2,
      },
    );
  };

  return {
    begin,
    /** Keeps the answer of a request that was carried out. */
    store: (panelId: string, key: string, answer: store.StoredAnswer) =>
      store.storeAnswer(db.knex, panelId, key, answer),
    /** Lets the next request with this key be carried out. What the refused one submitted, if anything, stays bound to the key. */
    forget: async (panelId: string, key: string): Promise<void> => {
      if (await store.deleteKey(db.knex, panelId, key)) return;
      await store.unlockKey(db.knex, panelId, key);
    },
    /** Removes keys whose time is over. */
    clean: (): Promise<number> => untilNone(async () => store.deleteExpired(db.knex, await db.now())),
  };
};

export type Idempotency = ReturnType<typeof createIdempotency>;
