/** The SQL of `domains`. Every change of a state names the state before, so of two that make it only one does. */
import type { Queries, Tx } from '../../database/database.ts';
import { int, intOrNull, jsonOrNull, toJson } from '../../database/rows.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import type { Domain, DomainState, Reason, Sighting } from './domain.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decode = (row: any): Domain => ({
  site: row.site,
  hostname: row.hostname,
  state: row.state,
  reason: row.reason,
  seen: jsonOrNull<Sighting>(row.seen),
  checkedAt: intOrNull(row.checked_at),
  checks: int(row.checks),
  nextCheckAt: intOrNull(row.next_check_at),
  verifyUntil: int(row.verify_until),
  createdAt: int(row.created_at),
  activeAt: intOrNull(row.active_at),
});

/** What is set at the beginning, and again when a domain that was given up is begun anew. */
export interface Beginning {
  at: number;
  /** Later than `at` for whoever makes the first check itself. */
  nextCheckAt: number;
  verifyUntil: number;
}

/** A domain that is due, and how to name its site. */
export interface Due {
  service: ServiceKey;
  hostname: string;
}

export const listDomains = async (queries: Queries, site: string): Promise<Domain[]> =>
  (await queries('domains').where({ site }).orderBy('created_at').orderBy('hostname')).map(decode);

export const findDomain = async (queries: Queries, site: string, hostname: string): Promise<Domain | null> => {
  const row = await queries('domains').where({ site, hostname }).first();
  return row ? decode(row) : null;
};

/** The names on the route of a site beside its own. */
export const activeHostnames = async (queries: Queries, site: string): Promise<string[]> =>
  (
    await queries('domains')
      .where({ site, state: 'active' })
      .orderBy('active_at')
      .orderBy('hostname')
      .select('hostname')
  ).map((row) => row.hostname);

/** Errors: a unique violation when the site has it already. */
export const insertDomain = async (
  tx: Tx,
  wish: { site: string; service: ServiceKey; hostname: string },
  { at, nextCheckAt, verifyUntil }: Beginning,
): Promise<void> => {
  await tx('domains').insert({
    site: wish.site,
    hostname: wish.hostname,
    panel_id: wish.service.panelId,
    service_id: wish.service.serviceId,
    state: 'pending_verification',
    next_check_at: nextCheckAt,
    verify_until: verifyUntil,
    created_at: at,
  });
};

/** Begins a domain anew that was given up. */
export const renewDomain = async (tx: Tx, domain: Domain, beginning: Beginning): Promise<void> => {
  await tx('domains')
    .where({ site: domain.site, hostname: domain.hostname, state: domain.state })
    .update({
      state: 'pending_verification',
      reason: null,
      checks: domain.checks + 1,
      next_check_at: beginning.nextCheckAt,
      verify_until: beginning.verifyUntil,
      created_at: beginning.at,
    });
};

/** Domains whose next check is due, the longest due first. */
export const findDue = async (queries: Queries, now: number, limit: number): Promise<Due[]> => {
  const rows = await queries('domains')
    .where('next_check_at', '<=', now)
    .orderBy('next_check_at')
    .limit(limit)
    .select('panel_id', 'service_id', 'hostname');
  return rows.map((row) => ({
    service: { panelId: row.panel_id, kind: 'site', serviceId: row.service_id },
    hostname: row.hostname,
  }));
};

/** Begins a check of what was seen; nobody else begins one before `until`. False when somebody has. */
export const claimCheck = async (queries: Queries, domain: Domain, until: number): Promise<boolean> =>
  (await queries('domains')
    .where({ site: domain.site, hostname: domain.hostname, state: domain.state, checks: domain.checks })
    .update({
      checks: domain.checks + 1,
      // One that is not waiting is only looked at; it stays off the list of what is due.
      ...(domain.state === 'pending_verification' ? { next_check_at: until } : {}),
    })) === 1;

/** Writes down what a check found. False when a later one has begun, or the domain has gone on. */
export const noteCheck = async (
  tx: Tx,
  domain: Domain,
  found: { state: DomainState; reason: Reason | null; seen: Sighting; at: number; nextCheckAt: number | null },
): Promise<boolean> =>
  (await tx('domains')
    .where({ site: domain.site, hostname: domain.hostname, state: domain.state, checks: domain.checks })
    .update({
      state: found.state,
      reason: found.reason,
      seen: toJson(found.seen),
      checked_at: found.at,
      next_check_at: found.nextCheckAt,
    })) === 1;

/** True for the one that made it so. */
export const moveDomain = async (
  tx: Tx,
  { site, hostname }: { site: string; hostname: string },
  from: DomainState,
  to: { state: DomainState; reason?: Reason | null; nextCheckAt?: number; activeAt?: number },
): Promise<boolean> =>
  (await tx('domains')
    .where({ site, hostname, state: from })
    .update({
      state: to.state,
      reason: to.reason ?? null,
      next_check_at: to.nextCheckAt ?? null,
      ...(to.activeAt === undefined ? {} : { active_at: to.activeAt }),
    })) === 1;

/** True for the one that removed it from the state in which it was seen. */
export const deleteDomain = async (
  tx: Tx,
  { site, hostname, state }: { site: string; hostname: string; state: DomainState },
): Promise<boolean> => (await tx('domains').where({ site, hostname, state }).delete()) === 1;

export const deleteDomains = async (tx: Tx, site: string): Promise<void> => {
  await tx('domains').where({ site }).delete();
};
