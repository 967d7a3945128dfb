/** What a site does and uses right now, asked of the provider and never invented. */
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import type { ComputeStatus } from '../../ports/compute.ts';
import { askProvider } from './ask-provider.ts';
import type { Providers } from './outside.ts';
import { computeRef, type Site, type SiteRef } from './site.ts';

const statusTimeoutMs = 5_000;
/** How long the bulk list may take as a whole; a site that was not asked by then has no figures. */
const allTimeoutMs = 10_000;
/** How many sites are asked about at a time for the bulk list. */
const atOnce = 8;

const nothing: ComputeStatus = { state: 'missing' };

export interface Insight {
  site: Site;
  /** Null when the provider did not answer. */
  status: ComputeStatus | null;
}

export const createInsight = ({
  providers: { compute },
  get,
}: {
  providers: Providers;
  get: (caller: Pick<Caller, 'panelId'>, ref: SiteRef) => Promise<Site>;
}) => {
  const ask = (site: Site, until?: AbortSignal): Promise<ComputeStatus> =>
    site.vmid === null
      ? Promise.resolve(nothing)
      : askProvider((signal) => compute.status(computeRef(site), signal), statusTimeoutMs, until);

  /** Errors: `not_found`, `provider_unavailable`. */
  const status = async (
    caller: Pick<Caller, 'panelId'>,
    ref: SiteRef,
  ): Promise<{ site: Site; status: ComputeStatus }> => {
    const site = await get(caller, ref);
    return { site, status: await ask(site) };
  };

  const orNull = async (site: Site, until?: AbortSignal): Promise<ComputeStatus | null> => {
    try {
      return await ask(site, until);
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  };

  return {
    status,
    /** As `status`, but a provider that does not answer is a null. */
    statusIfKnown: async (caller: Pick<Caller, 'panelId'>, ref: SiteRef): Promise<Insight> => {
      const site = await get(caller, ref);
      return { site, status: await orNull(site) };
    },
    /** Live figures of many sites, a few at a time. */
    statusOfAll: async (all: Site[], signal: AbortSignal): Promise<Insight[]> => {
      const until = AbortSignal.any([signal, AbortSignal.timeout(allTimeoutMs)]);
      const found: Insight[] = [];
      for (let start = 0; start < all.length; start += atOnce) {
        const some = all.slice(start, start + atOnce);
        found.push(...(await Promise.all(some.map(async (site) => ({ site, status: await orNull(site, until) })))));
      }
      return found;
    },
  };
};
