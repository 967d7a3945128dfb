/** What a site may take, as its record has it: for the namespace as a whole, and for each thing in it. */
import type { Client } from '../../kubernetes/client.ts';
import { limitRangeOf, quotaOf } from './manifests.ts';
import type { SiteSettings } from './settings.ts';
import type { Site } from './site-record.ts';

export const createLimits =
  ({ apply }: Pick<Client, 'apply'>, settings: SiteSettings) =>
  async (site: Site, signal: AbortSignal): Promise<void> => {
    await apply(quotaOf(site, settings), signal);
    await apply(limitRangeOf(site, settings), signal);
  };
