/**
 * Looks at the DNS of a domain and draws the consequence. A check is claimed by
 * raising `checks` and putting `next_check_at` off, so of several replicas one does
 * it, and one that dies is followed by another. Between checks nothing is held: no
 * worker, no operation, no connection.
 */
import type { Database, Tx } from '../../database/database.ts';
import { AppError } from '../../kit/errors.ts';
import { activeKey, type Operation, type ServiceKey } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { tellOthers } from '../../operations/outbox.ts';
import { returnQuota } from '../../operations/quota.ts';
import type { Site } from '../sites/site.ts';
import type { Sites } from '../sites/sites.ts';
import {
  type Domain,
  type Expected,
  holderOf,
  judge,
  nextCheckAfter,
  type Reason,
  type Sighting,
  shorten,
} from './domain.ts';
import type { DomainLookup } from './domain-lookup.ts';
import * as store from './domain-store.ts';
import { type Hostname, hostnameOf } from './hostname.ts';
import { takeName } from './name-store.ts';
import { type DomainOperations, domainQuota } from './steps.ts';

/** Longer than a look takes; then another process may begin one. */
export const checkLeaseMs = 30_000;
/** How soon a verified domain asks again for its turn on a busy site. */
const busyMs = 5_000;
/** How many domains are looked at together. */
const atOnce = 20;

export interface DomainCheckDeps {
  db: Database;
  operations: Operations;
  sites: Pick<Sites, 'get' | 'change'>;
  definitions: DomainOperations;
  lookup: DomainLookup;
  /** What the DNS of a domain of the site has to say. */
  expectedOf: (site: Site, hostname: Hostname) => Promise<Expected>;
}

/** Undoes the transaction: since the check began, the domain has gone on without it. */
class Overtaken extends Error {}

/** Why a domain that is all right has to wait. Null for what is a failure of the check itself. */
const hindrance = (error: unknown): Reason | null => {
  if (!(error instanceof AppError)) return null;
  if (error.code === 'service_suspended') return 'site_suspended';
  // Another operation, a full line, a deletion that has begun.
  return error.kind === 'conflict' || error.kind === 'limit' ? 'site_busy' : null;
};

export const createDomainChecks = (deps: DomainCheckDeps) => {
  const { db, operations, sites, definitions, lookup, expectedOf } = deps;

  /** Puts what became of a domain without an operation into the audit trail and the outbox, and gives its unit back. */
  const giveUp = async (tx: Tx, service: ServiceKey, hostname: string, outcome: 'expired' | 'failed', at: number) => {
    await returnQuota(tx, service, domainQuota);
    const facts = { service_id: service.serviceId, hostname };
    const seq = await operations.trail.append(tx, {
      chain: activeKey(service),
      at,
      actor: 'engine',
      action: 'domain.verify',
      outcome,
      details: facts,
      requestId: null,
    });
    await tellOthers(tx, service, { name: `domain.${outcome}`, payload: facts, at, seq });
  };

  /** The domain stays as it is and is looked at again. */
  const wait = (domain: Domain, seen: Sighting, reason: Reason | null): Promise<null> =>
    db.transaction(async (tx) => {
      const at = await db.now(tx);
      const isWaiting = domain.state === 'pending_verification';
      const again = reason === 'site_busy' ? busyMs : nextCheckAfter(at - domain.createdAt);
      await store.noteCheck(tx, domain, {
        state: domain.state,
        reason,
        seen,
        at,
        nextCheckAt: isWaiting ? at + again : null,
      });
      return null;
    });

  const expire = (domain: Domain, service: ServiceKey, seen: Sighting, reason: Reason): Promise<null> =>
    operations.transaction(async (tx) => {
      const at = await db.now(tx);
      const found = { state: 'expired', reason, seen, at, nextCheckAt: null } as const;
      if (await store.noteCheck(tx, domain, found)) await giveUp(tx, service, domain.hostname, 'expired', at);
      return null;
    });

  /** All is right: takes the name and submits the operation, or fails the domain when somebody else has the name. */
  const connect = async (domain: Domain, site: Site, seen: Sighting): Promise<Operation | null> => {
    const { panelId, serviceId } = site.key;
    const caller = { panelId, actor: 'engine', requestId: null };
    const { hostname } = domain;
    try {
      const { operation } = await sites.change(caller, { serviceId }, 'domain', async (tx, now) => {
        const at = await db.now(tx);
        const isOurs = await takeName(tx, hostname, holderOf(now), at);
        const found = isOurs
          ? ({ state: 'pending_verification', reason: null, seen, at, nextCheckAt: at + busyMs } as const)
          : ({ state: 'failed', reason: 'taken', seen, at, nextCheckAt: null } as const);
        if (!(await store.noteCheck(tx, domain, found))) throw new Overtaken();
        if (isOurs) return { definition: definitions.connect, params: { hostname } };
        await giveUp(tx, now.key, hostname, 'failed', at);
        return null;
      });
      return operation;
    } catch (error) {
      if (error instanceof Overtaken) return null;
      const reason = hindrance(error);
      if (reason === null) throw error;
      return wait(domain, seen, reason);
    }
  };

  /** Carries out a check that was claimed. Returns the operation that it led to. Errors: those of the database. */
  const carryOut = async (domain: Domain, site: Site, signal: AbortSignal): Promise<Operation | null> => {
    const hostname = hostnameOf(domain.hostname);
    const expected = await expectedOf(site, hostname);
    const sighting = await lookup.look(hostname, signal);
    // Whoever was told to stop has seen nothing; the claim runs out and the next one looks.
    if (signal.aborted) return null;
    const reason = judge(sighting, expected);
    const seen = shorten(sighting);
    // Whose it is was settled when it became active; where it leads is worth knowing all the same.
    if (domain.state !== 'pending_verification') return wait(domain, seen, reason === 'not_owned' ? null : reason);
    if (reason === null) return connect(domain, site, seen);
    return (await db.now()) >= domain.verifyUntil ? expire(domain, site.key, seen, reason) : wait(domain, seen, reason);
  };

  /** Looks now, unless somebody is about to. Returns the operation that it led to. */
  const look = async (domain: Domain, site: Site, signal: AbortSignal): Promise<Operation | null> => {
    if (!(await store.claimCheck(db.knex, domain, (await db.now()) + checkLeaseMs))) return null;
    return carryOut({ ...domain, checks: domain.checks + 1 }, site, signal);
  };

  /** Looks at some of the domains that are due. Returns how many there were. */
  const lookAtDue = async (signal: AbortSignal, failed: (error: unknown) => void): Promise<number> => {
    const due = await store.findDue(db.knex, await db.now(), atOnce);
    await Promise.all(
      due.map(async ({ service, hostname }) => {
        try {
          const site = await sites.get(service, { serviceId: service.serviceId });
          const domain = await store.findDomain(db.knex, site.id, hostname);
          if (domain?.state === 'pending_verification') await look(domain, site, signal);
        } catch (error) {
          failed(error);
        }
      }),
    );
    return due.length;
  };

  return { look, carryOut, lookAtDue };
};

export type DomainChecks = ReturnType<typeof createDomainChecks>;
