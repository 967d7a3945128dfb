import type { Queries, Tx } from '../../database/database.ts';
import { int } from '../../database/rows.ts';
import type { Subscription, SupportState } from './subscription.ts';

export interface StoredKey {
  mac: string;
  sealed: string;
  createdAt: number;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decode = (row: any): Subscription => ({
  panelId: row.panel_id,
  serviceId: row.service_id,
  customerId: row.customer_id,
  email: row.email,
  firstname: row.firstname,
  lastname: row.lastname,
  state: row.state,
  createdAt: int(row.created_at),
  updatedAt: int(row.updated_at),
});

type Ref = Pick<Subscription, 'panelId' | 'serviceId'>;
const where = ({ panelId, serviceId }: Ref) => ({ panel_id: panelId, service_id: serviceId });

export const findSubscription = async (queries: Queries, ref: Ref): Promise<Subscription | null> => {
  const row = await queries('support').where(where(ref)).first();
  return row ? decode(row) : null;
};

/** In the order of their service_id. */
export const listSubscriptions = async (
  queries: Queries,
  panelId: string,
  page: { limit: number; after?: string | undefined; customerId?: string | undefined },
): Promise<Subscription[]> => {
  const query = queries('support').where({ panel_id: panelId }).orderBy('service_id').limit(page.limit);
  if (page.after !== undefined) query.where('service_id', '>', page.after);
  if (page.customerId !== undefined) query.where({ customer_id: page.customerId });
  return (await query).map(decode);
};

/** Errors: a unique violation when there is one already. */
export const insertSubscription = async (tx: Tx, subscription: Subscription): Promise<void> => {
  await tx('support').insert({
    ...where(subscription),
    customer_id: subscription.customerId,
    email: subscription.email,
    firstname: subscription.firstname,
    lastname: subscription.lastname,
    state: subscription.state,
    created_at: subscription.createdAt,
    updated_at: subscription.updatedAt,
  });
};

/** Holds the row until the commit, so that calls on one subscription go one after the other. False when there is none. */
export const lockSubscription = async (tx: Tx, ref: Ref): Promise<boolean> =>
  (await tx('support')
    .where(where(ref))
    .update({ state: tx.ref('state') })) > 0;

export const setState = async (tx: Tx, ref: Ref, state: SupportState, at: number): Promise<void> => {
  await tx('support').where(where(ref)).update({ state, updated_at: at });
};

/** The key that holds. */
export const findCurrentKey = async (queries: Queries, ref: Ref): Promise<StoredKey | null> => {
  const row = await queries('support_keys')
    .where({ ...where(ref), current: 1 })
    .first();
  return row ? { mac: row.mac, sealed: row.sealed, createdAt: int(row.created_at) } : null;
};

/** Makes a key the one that holds; the one before is kept as replaced. */
export const putKey = async (tx: Tx, ref: Ref, key: StoredKey): Promise<void> => {
  await tx('support_keys')
    .where({ ...where(ref), current: 1 })
    .update({ current: null, replaced_at: key.createdAt });
  await tx('support_keys').insert({
    ...where(ref),
    mac: key.mac,
    sealed: key.sealed,
    current: 1,
    created_at: key.createdAt,
  });
};

/** Whose key this is, and whether it is the one that holds. */
export const findByKey = async (
  queries: Queries,
  panelId: string,
  mac: string,
): Promise<{ subscription: Subscription; isCurrent: boolean } | null> => {
  const row = await queries('support_keys')
    .join('support', (join) =>
      join.on('support.panel_id', 'support_keys.panel_id').andOn('support.service_id', 'support_keys.service_id'),
    )
    .where({ mac, 'support.panel_id': panelId })
    .first('support.*', 'support_keys.current');
  return row ? { subscription: decode(row), isCurrent: row.current !== null } : null;
};

/**
 * Counts one guess of a panel in the window of `windowMs` that runs now. Zero when
 * it may guess, else the milliseconds until it may again. Errors: a unique violation
 * when two make a panel's first guess at once; run the transaction again.
 */
export const takeGuess = async (
  tx: Tx,
  panelId: string,
  { limit, windowMs, now }: { limit: number; windowMs: number; now: number },
): Promise<number> => {
  const mine = () => tx('support_guesses').where({ panel_id: panelId });
  if (
    (await mine()
      .where('began_at', '<=', now - windowMs)
      .update({ began_at: now, guesses: 1 })) > 0
  )
    return 0;
  if ((await mine().where('guesses', '<', limit).increment('guesses', 1)) > 0) return 0;
  const row = await mine().first('began_at');
  if (row) return Math.max(1, int(row.began_at) + windowMs - now);
  await tx('support_guesses').insert({ panel_id: panelId, began_at: now, guesses: 1 });
  return 0;
};
