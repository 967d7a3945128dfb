/**
 * Ways for an owner into the site itself. Both are done within the request and
 * not as operations: a password or a link must never be written to the database.
 */
import type { Database } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { randomText } from '../../kit/ids.ts';
import { activeKey } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { askProvider } from './ask-provider.ts';
import type { Providers } from './outside.ts';
import { computeRef, requireAllowed, type Site, type SiteRef } from './site.ts';

type Action = 'site.login_link' | 'site.password';

const linkSeconds = 300;
const username = 'admin';
const timeoutMs = 20_000;

export const createSignIn = ({
  db,
  operations: { transaction, trail },
  providers: { compute, proxy },
  get,
}: {
  db: Database;
  operations: Pick<Operations, 'transaction' | 'trail'>;
  providers: Providers;
  get: (caller: Pick<Caller, 'panelId'>, ref: SiteRef) => Promise<Site>;
}) => {
  const note = (caller: Caller, site: Site, action: Action, outcome: string, details: object = {}) =>
    transaction(async (tx) =>
      trail.append(tx, {
        chain: activeKey(site.key),
        at: await db.now(tx),
        actor: caller.actor,
        action,
        outcome,
        details: { service_id: site.key.serviceId, ...details },
        requestId: caller.requestId,
      }),
    );

  const requireLogins = (site: Site): { hostname: string } => {
    requireAllowed(site, 'login');
    if (!compute.capabilities.logins || site.hostname === null) {
      throw new AppError('conflict', 'not_supported', 'Sites on this infrastructure have no sign-in of their own.');
    }
    return { hostname: site.hostname };
  };

  /** Lets an owner in, or not; either is in the trail before anybody learns of it. */
  const audited = async <T>(
    caller: Caller,
    ref: SiteRef,
    action: Action,
    letIn: (site: Site, hostname: string) => Promise<T>,
  ): Promise<T> => {
    const site = await get(caller, ref);
    let isBegun = false;
    try {
      const { hostname } = requireLogins(site);
      await note(caller, site, action, 'accepted');
      isBegun = true;
      const answer = await letIn(site, hostname);
      await note(caller, site, action, 'done');
      return answer;
    } catch (error) {
      if (error instanceof AppError) {
        await note(caller, site, action, isBegun ? 'failed' : 'refused', { error: { code: error.code } });
      }
      throw error;
    }
  };

  return {
    /** A link that works once, for five minutes. Errors: what the state table refuses, `not_supported`, `provider_unavailable`. */
    loginLink: (caller: Caller, ref: SiteRef): Promise<{ url: string; expiresAt: number }> =>
      audited(caller, ref, 'site.login_link', async (site, hostname) => {
        const expiresAt = (await db.now()) + linkSeconds * 1000;
        const { path } = await askProvider(
          (signal) => compute.createLoginLink(computeRef(site), { ttlSeconds: linkSeconds }, signal),
          timeoutMs,
        );
        return { url: new URL(path, proxy.urlFor(hostname)).href, expiresAt };
      }),

    /** Sets the given password, or a new one, which is then in the answer. Repeating it is harmless. Errors: as above. */
    setPassword: (caller: Caller, ref: SiteRef, password?: string): Promise<{ username: string; password?: string }> =>
      audited(caller, ref, 'site.password', async (site) => {
        const made = password === undefined ? randomText(20) : undefined;
        const chosen = password ?? made ?? '';
        await askProvider(
          (signal) => compute.setPassword(computeRef(site), { username, password: chosen }, signal),
          timeoutMs,
        );
        return made === undefined ? { username } : { username, password: made };
      }),
  };
};
