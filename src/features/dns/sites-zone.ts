/**
 * The zone of the site domain, as a panel sees it: the names of its own sites, which
 * their sites manage. Nobody edits it, and nobody else's names are in it.
 */
import { isIPv6 } from 'node:net';
import { AppError } from '../../kit/errors.ts';
import type { ListedRecord } from './list-records.ts';
import { recordId } from './record.ts';
import type { ZoneDeps } from './zone-deps.ts';

/** Seconds, as the sites publish them. */
const siteTtl = 300;

export const createSitesZone = ({ settings, siteNames }: Pick<ZoneDeps, 'settings' | 'siteNames'>) => ({
  is: (name: string): boolean => name.toLowerCase().replace(/\.$/, '') === settings.siteDomain,

  name: settings.siteDomain,

  records: async (panelId: string, customerId?: string): Promise<ListedRecord[]> =>
    (await siteNames.list(panelId, customerId)).map(({ hostname, serviceId, address }) => {
      const name = `${hostname}.`;
      const type = isIPv6(address) ? 'AAAA' : 'A';
      const id = recordId(name, type, address);
      return { id, name, type, ttl: siteTtl, rdata: address, alias: false, state: 'published', managedBy: serviceId };
    }),

  refuse: (): never => {
    throw new AppError(
      'conflict',
      'record_managed',
      `The names in ${settings.siteDomain} belong to sites and change with them. They cannot be edited here.`,
    );
  },
});

export type SitesZone = ReturnType<typeof createSitesZone>;
