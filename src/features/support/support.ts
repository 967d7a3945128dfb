/**
 * Support subscriptions. Nothing outside the database is touched, so every call is
 * one transaction and done when it answers.
 *
 * A key has to be shown to its owner again and again, in the client area, so a hash
 * alone would not do. It is sealed with a key made from the pepper, and found by a
 * fingerprint made with the pepper: a thief of the database can neither read a key
 * nor try keys against it.
 */
import type { Database, Queries, Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { fingerprint, seal, unseal } from '../../kit/seal.ts';
import { type AuditRecord, readAudit } from '../../operations/audit.ts';
import { activeKey } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { tellOthers } from '../../operations/outbox.ts';
import {
  makeSupportKey,
  readSupportKey,
  type Subscription,
  type SubscriptionWish,
  type SupportCall,
  stateAfter,
} from './subscription.ts';
import * as store from './support-store.ts';

const purpose = 'support key';
const historyLength = 100;
/** Unknown keys that one panel may ask about within a minute. */
const guesses = { limit: 30, windowMs: 60_000 };

export interface SupportRef {
  serviceId: string;
  /** Where it is given, the subscription must be that customer's. */
  customerId?: string | undefined;
}

export interface SupportWithKey {
  subscription: Subscription;
  key: string;
  keyMadeAt: number;
  history: AuditRecord[];
}

export type Verdict =
  | { valid: true; reason: null; subscription: Subscription }
  | { valid: false; reason: 'replaced' | 'suspended' | 'terminated'; subscription: Subscription }
  | { valid: false; reason: 'unknown'; subscription: null };

/** What the audit trail and the outbox call each call. */
const eventOf = {
  create: 'created',
  suspend: 'suspended',
  unsuspend: 'unsuspended',
  terminate: 'terminated',
  rotate: 'key_rotated',
} as const satisfies Record<SupportCall | 'create', string>;

const notThere = ({ serviceId }: SupportRef) =>
  new AppError('not_found', 'not_found', `There is no support subscription ${serviceId}.`);

/** `POST /v1/support/verify` has this address: a subscription of this name could not be read. */
const reserved = 'verify';

const isSame = (one: SubscriptionWish, other: SubscriptionWish): boolean =>
  one.customerId === other.customerId &&
  one.email === other.email &&
  one.firstname === other.firstname &&
  one.lastname === other.lastname;

export interface SupportDeps {
  db: Database;
  pepper: string;
  operations: Pick<Operations, 'transaction' | 'trail'>;
}

export const createSupport = ({ db, pepper, operations: { transaction, trail } }: SupportDeps) => {
  const serviceOf = ({ panelId, serviceId }: Subscription) => ({ panelId, kind: 'support', serviceId });
  const rowOf = ({ panelId, serviceId }: Subscription) => `${panelId}:${serviceId}`;

  const giveKey = async (tx: Tx, subscription: Subscription, at: number): Promise<void> => {
    const key = makeSupportKey();
    await store.putKey(tx, subscription, {
      mac: fingerprint(pepper, purpose, key),
      sealed: seal(pepper, purpose, key, rowOf(subscription)),
      createdAt: at,
    });
  };

  const note = async (tx: Tx, caller: Caller, subscription: Subscription, call: keyof typeof eventOf, at: number) => {
    const service = serviceOf(subscription);
    const event = `support.${eventOf[call]}`;
    const payload = { service_id: subscription.serviceId, state: subscription.state };
    const seq = await trail.append(tx, {
      chain: activeKey(service),
      at,
      actor: caller.actor,
      action: event,
      outcome: 'done',
      details: payload,
      requestId: caller.requestId,
    });
    await tellOthers(tx, service, { name: event, payload, at, seq });
  };

  const find = async (caller: Pick<Caller, 'panelId'>, ref: SupportRef, queries: Queries = db.knex) => {
    const subscription = await store.findSubscription(queries, { panelId: caller.panelId, serviceId: ref.serviceId });
    const isTheirs = ref.customerId === undefined || subscription?.customerId === ref.customerId;
    if (!subscription || !isTheirs) throw notThere(ref);
    return subscription;
  };

  const withKey = async (subscription: Subscription): Promise<SupportWithKey> => {
    const [stored, history] = await Promise.all([
      store.findCurrentKey(db.knex, subscription),
      readAudit(db.knex, activeKey(serviceOf(subscription)), { limit: historyLength }),
    ]);
    if (!stored) throw new Error(`Support subscription ${subscription.serviceId} has no key`);
    const key = unseal(pepper, purpose, stored.sealed, rowOf(subscription));
    return { subscription, key, keyMadeAt: stored.createdAt, history };
  };

  /** One call on one subscription. What is as wished already changes nothing and is noted nowhere. */
  const change = (caller: Caller, ref: SupportRef, call: SupportCall): Promise<Subscription> =>
    transaction(async (tx) => {
      await store.lockSubscription(tx, { panelId: caller.panelId, serviceId: ref.serviceId });
      const before = await find(caller, ref, tx);
      const state = stateAfter(before, call);
      if (state === before.state && call !== 'rotate') return before;
      const at = await db.now(tx);
      const after = { ...before, state, updatedAt: at };
      await store.setState(tx, before, state, at);
      if (call === 'rotate') await giveKey(tx, before, at);
      await note(tx, caller, after, call, at);
      return after;
    });

  return {
    /**
     * Opens a subscription and makes its key. The same wish again is the same
     * subscription, with `fresh` false. Errors: `service_exists` for a differing one,
     * `service_deleted` when it was terminated.
     */
    create: async (
      caller: Caller,
      serviceId: string,
      wish: SubscriptionWish,
    ): Promise<SupportWithKey & { fresh: boolean }> => {
      if (serviceId === reserved) {
        throw new AppError(
          'invalid',
          'invalid_request',
          `The service_id "${reserved}" cannot be used for support: it is the name of a call. Choose another.`,
        );
      }
      const { subscription, fresh } = await transaction(async (tx) => {
        const known = await store.findSubscription(tx, { panelId: caller.panelId, serviceId });
        if (known?.state === 'terminated') {
          const sentence = `Support subscription ${serviceId} was terminated. Open the new one under another service_id.`;
          throw new AppError('conflict', 'service_deleted', sentence);
        }
        if (known && !isSame(known, wish)) {
          const sentence = `Support subscription ${serviceId} exists already, with other details.`;
          throw new AppError('conflict', 'service_exists', sentence);
        }
        if (known) return { subscription: known, fresh: false };
        const at = await db.now(tx);
        const made: Subscription = {
          ...wish,
          panelId: caller.panelId,
          serviceId,
          state: 'active',
          createdAt: at,
          updatedAt: at,
        };
        await store.insertSubscription(tx, made);
        await giveKey(tx, made, at);
        await note(tx, caller, made, 'create', at);
        return { subscription: made, fresh: true };
      });
      return { ...(await withKey(subscription)), fresh };
    },

    /** Errors: `not_found`. */
    get: async (caller: Pick<Caller, 'panelId'>, ref: SupportRef) => withKey(await find(caller, ref)),

    list: (caller: Pick<Caller, 'panelId'>, page: Parameters<typeof store.listSubscriptions>[2]) =>
      store.listSubscriptions(db.knex, caller.panelId, page),

    /** Repeating it is harmless. Errors: `not_found`, `service_deleted`. */
    suspend: (caller: Caller, ref: SupportRef) => change(caller, ref, 'suspend'),
    /** As `suspend`. */
    unsuspend: (caller: Caller, ref: SupportRef) => change(caller, ref, 'unsuspend'),
    /** For good; the row is kept. Repeating it is harmless. Errors: `not_found`. */
    terminate: (caller: Caller, ref: SupportRef) => change(caller, ref, 'terminate'),
    /** Every call makes another key. Errors: `not_found`, `service_deleted`. */
    rotate: async (caller: Caller, ref: SupportRef) => withKey(await change(caller, ref, 'rotate')),

    /** Whose key it is. Errors: `rate_limited` after too many unknown ones. */
    verify: async (caller: Pick<Caller, 'panelId'>, typed: string): Promise<Verdict> => {
      const key = readSupportKey(typed);
      const found = key && (await store.findByKey(db.knex, caller.panelId, fingerprint(pepper, purpose, key)));
      if (found) {
        const { subscription, isCurrent } = found;
        if (!isCurrent) return { valid: false, reason: 'replaced', subscription };
        if (subscription.state !== 'active') return { valid: false, reason: subscription.state, subscription };
        return { valid: true, reason: null, subscription };
      }
      const waitMs = await transaction(async (tx) =>
        store.takeGuess(tx, caller.panelId, { ...guesses, now: await db.now(tx) }),
      );
      if (waitMs > 0) {
        throw new AppError('throttled', 'rate_limited', 'Too many unknown support keys were tried. Wait a little.', {
          retryAfter: Math.ceil(waitMs / 1000),
        });
      }
      return { valid: false, reason: 'unknown', subscription: null };
    },
  };
};

export type Support = ReturnType<typeof createSupport>;
