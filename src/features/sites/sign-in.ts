/**
 * Ways for an owner into the site itself. Both are done within the request and
 * not as operations: a password or a link must never be written to the database.
 */
import type { Database } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { randomText } from '../../kit/ids.ts';
import { askProvider } from './ask-provider.ts';
import type { Providers } from './outside.ts';
import { computeRef, requireAllowed, type Site, type SiteRef } from './site.ts';

const linkSeconds = 300;
const username = 'admin';
const timeoutMs = 20_000;

export const createSignIn = ({
  db,
  providers: { compute, proxy },
  get,
}: {
  db: Database;
  providers: Providers;
  get: (caller: Pick<Caller, 'panelId'>, ref: SiteRef) => Promise<Site>;
}) => {
  const requireLogins = async (caller: Caller, ref: SiteRef): Promise<{ site: Site; hostname: string }> => {
    const site = await get(caller, ref);
    requireAllowed(site, 'login');
    if (!compute.capabilities.logins || site.hostname === null) {
      throw new AppError('conflict', 'not_supported', 'Sites on this infrastructure have no sign-in of their own.');
    }
    return { site, hostname: site.hostname };
  };

  return {
    /** A link that works once, for five minutes. Errors: what the state table refuses, `not_supported`, `provider_unavailable`. */
    loginLink: async (caller: Caller, ref: SiteRef): Promise<{ url: string; expiresAt: number }> => {
      const { site, hostname } = await requireLogins(caller, ref);
      const expiresAt = (await db.now()) + linkSeconds * 1000;
      const { path } = await askProvider(
        (signal) => compute.createLoginLink(computeRef(site), { ttlSeconds: linkSeconds }, signal),
        timeoutMs,
      );
      return { url: new URL(path, proxy.urlFor(hostname)).href, expiresAt };
    },

    /** Sets the given password, or a new one, which is then in the answer. Repeating it is harmless. Errors: as above. */
    setPassword: async (
      caller: Caller,
      ref: SiteRef,
      password?: string,
    ): Promise<{ username: string; password?: string }> => {
      const { site } = await requireLogins(caller, ref);
      const made = password === undefined ? randomText(20) : undefined;
      const chosen = password ?? made ?? '';
      await askProvider(
        (signal) => compute.setPassword(computeRef(site), { username, password: chosen }, signal),
        timeoutMs,
      );
      return made === undefined ? { username } : { username, password: made };
    },
  };
};
