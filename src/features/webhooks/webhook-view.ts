import type { Schema } from '../../contract/handler.ts';
import type { Delivery } from '../../deliveries/delivery.ts';
import { instant } from '../../kit/instant.ts';
import { notices, type Webhook } from './webhook.ts';

const instantOrNull = (at: number | null): string | null => (at === null ? null : instant(at));

/** A webhook as callers see it, without its secret. */
export const webhookView = (webhook: Webhook): Schema<'Webhook'> => ({
  id: webhook.id,
  url: webhook.url,
  events: webhook.events,
  description: webhook.description,
  enabled: webhook.enabled,
  disabled_reason: webhook.disabledReason,
  disabled_at: instantOrNull(webhook.disabledAt),
  notice: webhook.disabledReason === null ? null : notices[webhook.disabledReason],
  failing_since: instantOrNull(webhook.failingSince),
  old_secret_until: instantOrNull(webhook.oldSecretUntil),
  created_at: instant(webhook.createdAt),
  updated_at: instant(webhook.updatedAt),
});

export const deliveryView = (delivery: Delivery): Schema<'WebhookDelivery'> => ({
  id: delivery.id,
  event_id: delivery.event.id,
  event: delivery.event.name,
  kind: delivery.event.service.kind,
  service_id: delivery.event.service.serviceId,
  state: delivery.state,
  attempts: delivery.attempts,
  response_status: delivery.responseStatus,
  error: delivery.error,
  created_at: instant(delivery.createdAt),
  last_attempt_at: instantOrNull(delivery.lastAttemptAt),
  next_attempt_at: instantOrNull(delivery.nextAttemptAt),
  ended_at: instantOrNull(delivery.endedAt),
});
