import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import { refuseGivenUp } from '../../../kit/provider-call.ts';
import type { Locks } from './locks.ts';
import { checkSiteName, type SiteDirectories } from './site-directories.ts';
import type { SiteState } from './site-state.ts';

export const provider = 'compute/local';

/** A refusal or failure of this adapter. */
export const failure = (kind: ProviderErrorKind, message: string, cause?: unknown): ProviderError =>
  new ProviderError(provider, kind, message, { cause });

/** What every call on a site goes through: its name is checked, its lock held, and its errors are put into the port's terms. */
export interface SiteCalls {
  /** Runs `work` on the site, if there is one, with nobody else at work on it. */
  change<Result>(
    name: string,
    signal: AbortSignal,
    work: (site: SiteState | 'missing' | 'foreign') => Promise<Result>,
  ): Promise<Result>;
  /** The same for a site that must be there. */
  changeExisting<Result>(
    name: string,
    signal: AbortSignal,
    work: (site: SiteState) => Promise<Result>,
  ): Promise<Result>;
  /** Runs `work`, which only reads, without a lock. */
  look<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
}

/** The site itself; throws when there is none or it is not ours. */
export const existing = (site: SiteState | 'missing' | 'foreign', name: string): SiteState => {
  if (site === 'missing') throw failure('not_found', `There is no site ${name}`);
  if (site === 'foreign') throw failure('conflict', `The directory of ${name} is not a site of ours`);
  return site;
};

export const createSiteCalls = (directories: SiteDirectories, locks: Locks): SiteCalls => {
  const change: SiteCalls['change'] = async (name, signal, work) => {
    checkSiteName(name);
    let release: (() => void) | undefined;
    try {
      release = await locks.acquire(name, signal);
      await directories.recover(name);
      // It may have waited long for the lock, and somebody else goes on with the wish by now.
      if (signal.aborted) throw failure('unavailable', `The call on ${name} was given up before it was begun`);
      return await work(await directories.read(name));
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw failure(release ? 'unknown_outcome' : 'unavailable', `The site ${name} could not be changed`, error);
    } finally {
      release?.();
    }
  };

  return {
    change,
    changeExisting: (name, signal, work) => change(name, signal, (site) => work(existing(site, name))),
    look: async (signal, work) => {
      refuseGivenUp(provider, signal);
      try {
        return await work();
      } catch (error) {
        if (error instanceof ProviderError) throw error;
        throw failure('unavailable', 'The sites could not be read', error);
      }
    },
  };
};
