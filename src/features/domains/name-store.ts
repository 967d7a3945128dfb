/**
 * The SQL of `domain_names`: which site has a name. It is taken when the DNS was
 * right and not when it was wished for, so that a mere wish keeps nobody from it.
 * What is given back rests before another owner gets it.
 */
import type { Queries, Tx } from '../../database/database.ts';
import { intOrNull } from '../../database/rows.ts';
import type { Holder } from './domain.ts';
import { parentOf, wildcardOver } from './hostname.ts';

interface NameRow {
  hostname: string;
  panelId: string | null;
  owner: string | null;
  site: string | null;
  freeAt: number | null;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decode = (row: any): NameRow => ({
  hostname: row.hostname,
  panelId: row.panel_id,
  owner: row.owner,
  site: row.site,
  freeAt: intOrNull(row.free_at),
});

/** The name itself, the wildcard that covers it, and what it covers if it is one. */
const related = async (queries: Queries, hostname: string): Promise<NameRow[]> => {
  const over = wildcardOver(hostname);
  const query = queries('domain_names').whereIn('hostname', [hostname, over]);
  if (hostname === over) query.orWhere({ parent: parentOf(hostname) });
  return (await query).map(decode);
};

const isOwner = (row: NameRow, { panelId, owner }: Holder): boolean => row.panelId === panelId && row.owner === owner;

/** Whether a name is somebody else's, covers or is covered by somebody else's, or rests. One of the owner's own sites is in its way too. */
export const isTaken = async (queries: Queries, hostname: string, holder: Holder, now: number): Promise<boolean> =>
  (await related(queries, hostname)).some((row) => {
    if (row.site === null) return (row.freeAt ?? 0) > now && !isOwner(row, holder);
    return row.hostname === hostname ? row.site !== holder.site : !isOwner(row, holder);
  });

/** The site that has a name, by its id; not by a wildcard over it. */
export const siteWith = async (queries: Queries, hostname: string): Promise<string | null> =>
  (await queries('domain_names').where({ hostname }).first('site'))?.site ?? null;

/**
 * A name in a domain that a site of a panel's customer has, or one of a site that
 * the panel names no customer of; of any site for a customer of null.
 */
export const findHeldIn = async (
  queries: Queries,
  { panelId, customerId, name }: { panelId: string; customerId: string | null; name: string },
): Promise<{ hostname: string; serviceId: string } | null> => {
  // By way of the panel's sites: for the end of a name there is no index.
  const query = queries('services')
    .join('domain_names', 'domain_names.site', 'services.id')
    .where({ 'services.panel_id': panelId, 'services.kind': 'site' })
    .whereNull('services.deleted_at')
    .where((ends) => ends.where('domain_names.hostname', name).orWhere('domain_names.hostname', 'like', `%.${name}`));
  if (customerId !== null) {
    query.where((whose) => whose.where('services.customer_id', customerId).orWhereNull('services.customer_id'));
  }
  const row = await query.first('domain_names.hostname', 'services.service_id');
  return row ? { hostname: row.hostname, serviceId: row.service_id } : null;
};

/** Whether another owner had the name, or a wildcard over it, last. Then a CNAME may be left over from that time. */
export const wasAnothers = async (queries: Queries, hostname: string, holder: Holder): Promise<boolean> =>
  (await related(queries, hostname)).some((row) => row.owner !== null && !isOwner(row, holder));

/**
 * Takes a name for a site. False when it is taken. Repeating it is harmless.
 * Errors: a unique violation when two begin with a name at once: run the transaction again.
 */
export const takeName = async (tx: Tx, hostname: string, holder: Holder, now: number): Promise<boolean> => {
  // Whoever takes a name writes the row of the wildcard over it: a name and its wildcard are never taken at once.
  const over = wildcardOver(hostname);
  const row = (name: string) => ({ hostname: name, parent: parentOf(name) });
  if ((await tx('domain_names').where({ hostname: over }).increment('turns', 1)) === 0) {
    await tx('domain_names').insert({ ...row(over), turns: 1 });
  }
  if (await isTaken(tx, hostname, holder, now)) return false;
  const taken = { panel_id: holder.panelId, owner: holder.owner, site: holder.site, free_at: null };
  if ((await tx('domain_names').where({ hostname }).update(taken)) === 0) {
    await tx('domain_names').insert({ ...row(hostname), ...taken });
  }
  return true;
};

/** Gives a name back. Another owner gets it from `freeAt` on, the same at once. */
export const releaseName = async (tx: Tx, hostname: string, site: string, freeAt: number): Promise<void> => {
  await tx('domain_names').where({ hostname, site }).update({ site: null, free_at: freeAt });
};

/** Gives back all names of a site. */
export const releaseNames = async (tx: Tx, site: string, freeAt: number): Promise<void> => {
  await tx('domain_names').where({ site }).update({ site: null, free_at: freeAt });
};
