import type { Queries, Tx } from '../../database/database.ts';
import { bool, int, intOrNull, json } from '../../database/rows.ts';
import type { DisabledReason, Webhook } from './webhook.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decode = (row: any): Webhook => ({
  id: row.id,
  panelId: row.panel_id,
  url: row.url,
  events: json(row.events),
  description: row.description,
  enabled: bool(row.enabled),
  disabledReason: row.disabled_reason,
  disabledAt: intOrNull(row.disabled_at),
  secret: row.secret,
  oldSecret: row.old_secret,
  oldSecretUntil: intOrNull(row.old_secret_until),
  failingSince: intOrNull(row.failing_since),
  createdAt: int(row.created_at),
  updatedAt: int(row.updated_at),
});

const encode = (webhook: Webhook) => ({
  url: webhook.url,
  events: JSON.stringify(webhook.events),
  description: webhook.description,
  enabled: webhook.enabled,
  disabled_reason: webhook.disabledReason,
  disabled_at: webhook.disabledAt,
  secret: webhook.secret,
  old_secret: webhook.oldSecret,
  old_secret_until: webhook.oldSecretUntil,
  failing_since: webhook.failingSince,
  updated_at: webhook.updatedAt,
});

/** Whose panel it is is asked for by everybody but the channel, which sends what was addressed before. */
export const findWebhook = async (queries: Queries, id: string, panelId?: string): Promise<Webhook | null> => {
  const row = await queries('webhooks')
    .where({ id, ...(panelId === undefined ? {} : { panel_id: panelId }) })
    .first();
  return row ? decode(row) : null;
};

/** In the order in which they were made. */
export const listWebhooks = async (
  queries: Queries,
  panelId: string,
  page: { limit: number; after?: string | undefined },
): Promise<Webhook[]> => {
  const query = queries('webhooks').where({ panel_id: panelId }).orderBy('id').limit(page.limit);
  if (page.after !== undefined) query.where('id', '>', page.after);
  return (await query).map(decode);
};

/** The enabled ones of a panel. */
export const enabledWebhooks = async (queries: Queries, panelId: string): Promise<Webhook[]> =>
  (await queries('webhooks').where({ panel_id: panelId, enabled: 1 })).map(decode);

/**
 * Puts one into a free place of its panel. False when there is none. Errors: a unique violation when somebody took the
 * same place at once; run the transaction again.
 */
export const insertWebhook = async (tx: Tx, webhook: Webhook, limit: number): Promise<boolean> => {
  // Whoever makes another of this panel waits here until we have, and sees ours then.
  await tx('webhooks')
    .where({ panel_id: webhook.panelId })
    .update({ slot: tx.ref('slot') });
  const taken = new Set(
    (await tx('webhooks').where({ panel_id: webhook.panelId }).select('slot')).map(({ slot }) => int(slot)),
  );
  const slot = Array.from({ length: limit }, (_, at) => at + 1).find((each) => !taken.has(each));
  if (slot === undefined) return false;
  await tx('webhooks').insert({
    id: webhook.id,
    panel_id: webhook.panelId,
    slot,
    created_at: webhook.createdAt,
    ...encode(webhook),
  });
  return true;
};

/** Holds the row until the commit, so that calls on one webhook go one after the other. */
export const lockWebhook = async (tx: Tx, id: string, panelId: string): Promise<void> => {
  await tx('webhooks')
    .where({ id, panel_id: panelId })
    .update({ slot: tx.ref('slot') });
};

export const updateWebhook = async (tx: Tx, webhook: Webhook): Promise<void> => {
  await tx('webhooks').where({ id: webhook.id }).update(encode(webhook));
};

export const deleteWebhook = async (tx: Tx, id: string): Promise<void> => {
  await tx('webhooks').where({ id }).delete();
};

/** Those that nothing gets to, whoever's they are: failing, or disabled because they were. In the order in which they were made. */
export const troubledWebhooks = async (queries: Queries, limit: number): Promise<Webhook[]> =>
  (
    await queries('webhooks')
      .where((one) => one.where({ enabled: 1 }).whereNotNull('failing_since'))
      .orWhereIn('disabled_reason', ['failing', 'gone'])
      .orderBy('id')
      .limit(limit)
  ).map(decode);

/** Notes that something was delivered. */
export const noteSuccess = async (tx: Tx, id: string): Promise<void> => {
  await tx('webhooks').where({ id }).whereNotNull('failing_since').update({ failing_since: null });
};

/** Notes a failure, the first one since the last success. */
export const noteFailure = async (tx: Tx, id: string, at: number): Promise<void> => {
  await tx('webhooks').where({ id }).whereNull('failing_since').update({ failing_since: at });
};

/** False when it is disabled already. */
export const disable = async (tx: Tx, id: string, reason: DisabledReason, at: number): Promise<boolean> =>
  (await tx('webhooks')
    .where({ id, enabled: 1 })
    .update({ enabled: 0, disabled_reason: reason, disabled_at: at, updated_at: at })) === 1;
