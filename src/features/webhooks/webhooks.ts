/** Webhooks of a panel, as handlers and the CLI see them. Every call is one transaction. */
import type { Database, Queries, Tx } from '../../database/database.ts';
import type { Deliveries } from '../../deliveries/deliveries.ts';
import type { Delivery, DeliveryState } from '../../deliveries/delivery.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import type { Operations } from '../../operations/operations.ts';
import { makeSecret, sealSecret } from './signature.ts';
import { notices, requireEvents, requireUrl, testEvent, type Webhook, webhookLimit } from './webhook.ts';
import { chainOf, webhookChannel } from './webhook-channel.ts';
import * as store from './webhook-store.ts';

export interface WebhookWish {
  url: string;
  events?: string[] | undefined;
  description?: string | undefined;
  enabled?: boolean | undefined;
}

export interface WebhookRules {
  /** Whether plain http may be spoken. */
  http: boolean;
  isAllowed: (address: string) => boolean;
}

export interface WebhookDeps {
  db: Database;
  pepper: string;
  operations: Pick<Operations, 'transaction' | 'trail'>;
  deliveries: Deliveries;
  rules: WebhookRules;
  /** Every event that there is. */
  events: () => readonly string[];
}

/** How long both secrets sign when the caller does not say. */
const overlapSeconds = 24 * 3600;

type Owner = Pick<Caller, 'panelId'>;

export const createWebhooks = ({ db, pepper, operations, deliveries, rules, events }: WebhookDeps) => {
  const { transaction, trail } = operations;

  const require = async (queries: Queries, { panelId }: Owner, id: string): Promise<Webhook> => {
    const webhook = await store.findWebhook(queries, id, panelId);
    if (!webhook) throw new AppError('not_found', 'not_found', `There is no webhook ${id}.`);
    return webhook;
  };

  const requireDelivery = async (queries: Queries, webhook: Webhook, id: string): Promise<Delivery> => {
    const delivery = await deliveries.find(queries, webhook.id, id);
    if (!delivery) throw new AppError('not_found', 'not_found', `There is no delivery ${id} of webhook ${webhook.id}.`);
    return delivery;
  };

  const requireEnabled = (webhook: Webhook): void => {
    if (webhook.enabled) return;
    const why = webhook.disabledReason === null ? '' : ` ${notices[webhook.disabledReason]}`;
    throw new AppError('conflict', 'webhook_disabled', `The webhook is disabled; enable it first.${why}`);
  };

  const note = async (tx: Tx, caller: Caller, webhook: Webhook, action: string, details: object, at: number) =>
    trail.append(tx, {
      chain: chainOf(webhook),
      at,
      actor: caller.actor,
      action,
      outcome: 'done',
      details: { webhook_id: webhook.id, ...details },
      requestId: caller.requestId,
    });

  /** One call on one webhook, which nobody else changes meanwhile. */
  const onOne = <T>(
    caller: Caller,
    id: string,
    work: (tx: Tx, webhook: Webhook, at: number) => Promise<T>,
  ): Promise<T> =>
    transaction(async (tx) => {
      await store.lockWebhook(tx, id, caller.panelId);
      const webhook = await require(tx, caller, id);
      return work(tx, webhook, await db.now(tx));
    });

  const enabling = (isWished: boolean, before: Webhook | null, at: number) => {
    if (isWished)
      return {
        enabled: true,
        disabledReason: null,
        disabledAt: null,
        failingSince: before?.enabled ? before.failingSince : null,
      };
    if (before && !before.enabled) return {};
    return { enabled: false, disabledReason: 'panel' as const, disabledAt: at };
  };

  return {
    /** Makes a webhook. Its secret is in the answer, and never again. Errors: `webhook_invalid`, `webhook_limit`. */
    create: (caller: Caller, wish: WebhookWish): Promise<{ webhook: Webhook; secret: string }> => {
      const url = requireUrl(wish.url, rules);
      const wanted = requireEvents(wish.events ?? ['*'], events());
      const secret = makeSecret();
      const id = newId();
      return transaction(async (tx) => {
        // It is run again when the answer to its commit was lost: then the webhook is there already.
        const known = await store.findWebhook(tx, id, caller.panelId);
        if (known) return { webhook: known, secret };
        const at = await db.now(tx);
        const webhook: Webhook = {
          id,
          panelId: caller.panelId,
          url,
          events: wanted,
          description: wish.description ?? '',
          enabled: true,
          disabledReason: null,
          disabledAt: null,
          secret: sealSecret(pepper, id, secret),
          oldSecret: null,
          oldSecretUntil: null,
          failingSince: null,
          createdAt: at,
          updatedAt: at,
          ...enabling(wish.enabled ?? true, null, at),
        };
        if (!(await store.insertWebhook(tx, webhook, webhookLimit))) {
          throw new AppError(
            'conflict',
            'webhook_limit',
            `A panel has at most ${webhookLimit} webhooks. Delete one first.`,
          );
        }
        await note(tx, caller, webhook, 'webhook.create', { url, events: wanted }, at);
        return { webhook, secret };
      });
    },

    get: (owner: Owner, id: string): Promise<Webhook> => require(db.knex, owner, id),
    list: (owner: Owner, page: { limit: number; after?: string | undefined }) =>
      store.listWebhooks(db.knex, owner.panelId, page),

    /** Changes what is named. Repeating it is harmless. Errors: `not_found`, `webhook_invalid`. */
    change: (caller: Caller, id: string, wish: Partial<WebhookWish>): Promise<Webhook> =>
      onOne(caller, id, async (tx, before, at) => {
        const after: Webhook = {
          ...before,
          ...(wish.url === undefined ? {} : { url: requireUrl(wish.url, rules) }),
          ...(wish.events === undefined ? {} : { events: requireEvents(wish.events, events()) }),
          ...(wish.description === undefined ? {} : { description: wish.description }),
          ...(wish.enabled === undefined ? {} : enabling(wish.enabled, before, at)),
          updatedAt: at,
        };
        await store.updateWebhook(tx, after);
        await note(
          tx,
          caller,
          after,
          'webhook.change',
          { url: after.url, events: after.events, enabled: after.enabled },
          at,
        );
        return after;
      }),

    /** Deletes it with its deliveries. What is not there is a success. */
    remove: async (caller: Caller, id: string): Promise<void> => {
      let wasThere = false;
      await transaction(async (tx) => {
        await store.lockWebhook(tx, id, caller.panelId);
        const webhook = await store.findWebhook(tx, id, caller.panelId);
        if (!webhook) return;
        // It stays so when this is run again after a commit that was not heard of.
        wasThere = true;
        await store.deleteWebhook(tx, id);
        await note(tx, caller, webhook, 'webhook.delete', { url: webhook.url }, await db.now(tx));
      });
      // Nobody can ask for them any more. What is left when this process dies now is removed by the next clean-up.
      if (wasThere) await deliveries.forget(id);
    },

    /** Makes a new secret, which is in the answer and never again. Both sign until the overlap is over. Errors: `not_found`. */
    rotate: (
      caller: Caller,
      id: string,
      seconds: number = overlapSeconds,
    ): Promise<{ webhook: Webhook; secret: string }> =>
      onOne(caller, id, async (tx, before, at) => {
        const secret = makeSecret();
        const webhook: Webhook = {
          ...before,
          secret: sealSecret(pepper, id, secret),
          oldSecret: seconds === 0 ? null : before.secret,
          oldSecretUntil: seconds === 0 ? null : at + seconds * 1000,
          updatedAt: at,
        };
        await store.updateWebhook(tx, webhook);
        await note(tx, caller, webhook, 'webhook.rotate', { old_secret_until: webhook.oldSecretUntil }, at);
        return { webhook, secret };
      }),

    /** Sends a trial, in a lane of its own. Errors: `not_found`, `webhook_disabled`. */
    test: (caller: Caller, id: string): Promise<Delivery> =>
      onOne(caller, id, async (tx, webhook, at) => {
        requireEnabled(webhook);
        const eventId = newId();
        const service = { panelId: caller.panelId, kind: 'webhook', serviceId: id };
        const seq = await note(tx, caller, webhook, 'webhook.test', {}, at);
        const event = { id: eventId, service, name: testEvent, payload: { service_id: id }, at, seq };
        const delivery = await deliveries.add(tx, { channel: webhookChannel, target: { name: id }, event }, at);
        return requireDelivery(tx, webhook, delivery);
      }),

    /** Newest first. Errors: `not_found`. */
    deliveriesOf: async (
      owner: Owner,
      id: string,
      page: { limit: number; before?: string | undefined; state?: DeliveryState | undefined },
    ): Promise<Delivery[]> => {
      await require(db.knex, owner, id);
      return deliveries.list(id, page);
    },

    /** Sends an event once more: now, and as the same one. Errors: `not_found`, `webhook_disabled`. */
    replay: (caller: Caller, id: string, deliveryId: string): Promise<Delivery> =>
      onOne(caller, id, async (tx, webhook, at) => {
        requireEnabled(webhook);
        const delivery = await requireDelivery(tx, webhook, deliveryId);
        await deliveries.replay(tx, delivery, at);
        await note(tx, caller, webhook, 'webhook.replay', { delivery_id: deliveryId, event_id: delivery.event.id }, at);
        return requireDelivery(tx, webhook, deliveryId);
      }),

    /** Those of all panels that nothing gets to: failing now, or disabled because of it. For the operator. */
    troubled: (limit: number): Promise<Webhook[]> => store.troubledWebhooks(db.knex, limit),
    /** What waits to be sent, of all panels. */
    backlog: () => deliveries.backlog(webhookChannel),

    wake: deliveries.wake,
  };
};

export type Webhooks = ReturnType<typeof createWebhooks>;
