import type { Sites } from './sites.ts';

const page = 200;

/** The names of a panel's sites under the site domain, and the addresses that they lead to. */
export const listSiteNames =
  (sites: Pick<Sites, 'list'>) =>
  async (panelId: string, customerId?: string): Promise<{ hostname: string; serviceId: string; address: string }[]> => {
    const names: { hostname: string; serviceId: string; address: string }[] = [];
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
