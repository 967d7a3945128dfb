import type { Sites } from './sites.ts';

const page = 200;

/** The names of a panel's sites in `domain`, and where they lead. Today sites have names under the site domain only. */
export const createSiteNames =
  (sites: Pick<Sites, 'list'>, siteDomain: string) =>
  async (
    panelId: string,
    domain: string,
    customerId?: string,
  ): Promise<{ hostname: string; serviceId: string; address: string }[]> => {
    const names: { hostname: string; serviceId: string; address: string }[] = [];
    if (domain !== siteDomain) return names;
    const filter = { panelId, ...(customerId === undefined ? {} : { customerId }) };
    for (let before: string | undefined; ; ) {
      const some = await sites.list(filter, { limit: page, ...(before === undefined ? {} : { before }) });
      for (const { hostname, key, publicIp, state } of some) {
        if (hostname !== null && state !== 'creating') {
          names.push({ hostname, serviceId: key.serviceId, address: publicIp });
        }
      }
      if (some.length < page) return names;
      before = some.at(-1)!.id;
    }
  };
