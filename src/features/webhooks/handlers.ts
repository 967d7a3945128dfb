import type { Handlers } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { deliveryView, webhookView } from './webhook-view.ts';
import type { Webhooks } from './webhooks.ts';

export const webhookHandlers = (webhooks: Webhooks) =>
  ({
    listWebhooks: async ({ caller, query }) => {
      const { limit, after } = pageWish(query);
      const found = await webhooks.list(caller, { limit: limit + 1, after });
      return { status: 200, body: pageOf(found, limit, ({ id }) => id, webhookView) };
    },
    createWebhook: async ({ caller, body }) => {
      const { webhook, secret } = await webhooks.create(caller, body);
      return { status: 201, body: { ...webhookView(webhook), secret } };
    },
    getWebhook: async ({ caller, path }) => ({
      status: 200,
      body: webhookView(await webhooks.get(caller, path.webhook_id)),
    }),
    changeWebhook: async ({ caller, path, body }) => ({
      status: 200,
      body: webhookView(await webhooks.change(caller, path.webhook_id, body)),
    }),
    deleteWebhook: async ({ caller, path }) => {
      await webhooks.remove(caller, path.webhook_id);
      return { status: 204, body: undefined };
    },
    rotateWebhookSecret: async ({ caller, path, body }) => {
      const { webhook, secret } = await webhooks.rotate(caller, path.webhook_id, body?.overlap_seconds);
      return { status: 200, body: { ...webhookView(webhook), secret } };
    },
    testWebhook: async ({ caller, path }) => {
      const delivery = await webhooks.test(caller, path.webhook_id);
      webhooks.wake();
      return { status: 202, body: deliveryView(delivery) };
    },
    listWebhookDeliveries: async ({ caller, path, query }) => {
      const { limit, after } = pageWish(query);
      const page = { limit: limit + 1, before: after, state: query.state };
      const found = await webhooks.deliveriesOf(caller, path.webhook_id, page);
      return { status: 200, body: pageOf(found, limit, ({ id }) => id, deliveryView) };
    },
    replayWebhookDelivery: async ({ caller, path }) => {
      const delivery = await webhooks.replay(caller, path.webhook_id, path.delivery_id);
      webhooks.wake();
      return { status: 202, body: deliveryView(delivery) };
    },
  }) satisfies Handlers<
    | 'listWebhooks'
    | 'createWebhook'
    | 'getWebhook'
    | 'changeWebhook'
    | 'deleteWebhook'
    | 'rotateWebhookSecret'
    | 'testWebhook'
    | 'listWebhookDeliveries'
    | 'replayWebhookDelivery'
  >;
