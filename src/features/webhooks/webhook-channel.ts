/** Webhooks as a way to tell others: whom an event goes to, how it is sent, and what follows from failures. */
import type { Database, Tx } from '../../database/database.ts';
import type { Channel, Delivery, OutboxEvent, Outcome } from '../../deliveries/delivery.ts';
import { maxAttempts, patienceMs } from '../../deliveries/retry.ts';
import { instant } from '../../kit/instant.ts';
import type { Log } from '../../kit/log.ts';
import type { Trail } from '../../operations/audit.ts';
import { activeKey } from '../../operations/operation.ts';
import type { Post } from './post.ts';
import { sign } from './signature.ts';
import { type DisabledReason, notices, wants } from './webhook.ts';
import * as store from './webhook-store.ts';

export const webhookChannel = 'webhook';

/** What is sent, the same on every try. */
export const bodyOf = ({ name, at, service, seq, payload }: OutboxEvent): string =>
  JSON.stringify({
    type: name,
    timestamp: instant(at),
    data: { kind: service.kind, sequence: seq, ...payload },
  });

export const chainOf = ({ panelId, id }: { panelId: string; id: string }): string =>
  activeKey({ panelId, kind: 'webhook', serviceId: id });

export const createWebhookChannel = (deps: {
  db: Database;
  pepper: string;
  log: Log;
  trail: Trail;
  post: Post;
  /** How we call ourselves. */
  userAgent: string;
}): Channel => {
  const { db, pepper, log, trail, post, userAgent } = deps;

  const disable = async (tx: Tx, delivery: Delivery, reason: DisabledReason, at: number): Promise<void> => {
    const id = delivery.target;
    if (!(await store.disable(tx, id, reason, at))) return;
    const { panelId } = delivery.event.service;
    log.warn({ webhook: id, panel: panelId, reason }, `A webhook is disabled. ${notices[reason]}`);
    await trail.append(tx, {
      chain: chainOf({ panelId, id }),
      at,
      actor: 'engine',
      action: 'webhook.disable',
      outcome: 'done',
      details: { webhook_id: id, reason },
      requestId: null,
    });
  };

  return {
    name: webhookChannel,
    targetsOf: async (tx, event) =>
      (await store.enabledWebhooks(tx, event.service.panelId))
        .filter((webhook) => wants(webhook, event.name))
        .map(({ id }) => ({ name: id })),

    isGone: async (target) => (await store.findWebhook(db.knex, target)) === null,

    send: async (delivery, signal): Promise<Outcome> => {
      const webhook = await store.findWebhook(db.knex, delivery.target);
      if (!webhook?.enabled) return { is: 'never', error: 'The webhook was disabled.' };
      const now = await db.now();
      const body = bodyOf(delivery.event);
      const headers = {
        'content-type': 'application/json',
        'user-agent': userAgent,
        ...sign(pepper, webhook, { id: delivery.event.id, at: now, body }),
      };
      return post(webhook.url, { headers, body }, signal, now);
    },

    settled: async (tx, delivery, outcome, at) => {
      if (outcome.is === 'delivered') return store.noteSuccess(tx, delivery.target);
      if (outcome.is === 'never') {
        if (outcome.gone) await disable(tx, delivery, 'gone', at);
        return;
      }
      await store.noteFailure(tx, delivery.target, at);
      if (delivery.attempts + 1 < maxAttempts) return;
      // This one is given up. When nothing got through in all that time, nothing else will.
      const webhook = await store.findWebhook(tx, delivery.target);
      if (webhook?.failingSince != null && at - webhook.failingSince >= patienceMs)
        await disable(tx, delivery, 'failing', at);
    },
  };
};
