import type { Site, SiteState } from '../../src/features/sites/site.ts';

/** A site in a state, as the state table looks at it. */
export const siteIn = (state: SiteState): Site => ({
  key: { panelId: 'p', kind: 'site', serviceId: '42' },
  id: '01M7YRZ71V9F3HEY8H2HR4H8EB',
  customerId: null,
  state,
  plan: 'basic',
  generation: 1,
  email: 'a@example.com',
  subdomain: 'a',
  hostname: 'a.sites.localhost',
  vmid: 100,
  privateIp: '192.168.1.100',
  publicIp: '127.0.0.1',
  memoryMb: 2048,
  diskMb: 20480,
  proxyEnabled: true,
  suspendedAt: null,
  suspendedReason: null,
  createdAt: 0,
  updatedAt: 0,
  deletedAt: null,
  createdBy: '01M7YRZ71V9F3HEY8H2HR4H8EC',
});
