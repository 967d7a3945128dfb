/** What a site is made of outside: its workload, its route, its name in the DNS. */
import { isIPv6 } from 'node:net';
import type { ComputeProvider, SiteSpec } from '../../ports/compute.ts';
import type { DnsProvider, RRset } from '../../ports/dns.ts';
import type { ReverseProxy, Route, RoutePage } from '../../ports/proxy.ts';
import { computeRef, outsideName, type Site } from './site.ts';

/** The three providers that sites are made with. */
export interface Providers {
  compute: ComputeProvider;
  proxy: ReverseProxy;
  dns: DnsProvider;
}

/** The snapshot that is made with a site, and that a reset goes back to. */
export const initialName = 'initial';

/** Seconds. Short, because a site that moves must be found again soon. */
const recordTtl = 300;

export const computeObject = (site: Site) => ({ kind: 'compute', name: outsideName(site) });
export const routeObject = (site: Site) => ({ kind: 'route', name: outsideName(site) });
export const recordObject = (site: Site) => ({ kind: 'dns-record', name: site.hostname ?? outsideName(site) });

export const specOf = (site: Site): SiteSpec => ({
  name: outsideName(site),
  owner: { panel: site.key.panelId, service: site.id },
  hostname: site.hostname ?? '',
  plan: site.plan,
  email: site.email,
  resources: { memoryMb: site.memoryMb, diskMb: site.diskMb },
  network: { vmid: site.vmid ?? 0, privateIp: site.privateIp ?? '' },
});

/** The one place where a route is put together. `domains` are the names that lead to the site beside its own. */
export const routeOf = (
  { compute }: Providers,
  { site, domains }: { site: Site; domains: readonly string[] },
  page: RoutePage,
): Route => ({
  id: outsideName(site),
  hostnames: site.hostname === null ? [] : [site.hostname, ...domains],
  upstream: compute.upstream(computeRef(site)),
  page,
  enabled: site.proxyEnabled,
  redirectHttps: true,
  tls: 'auto',
});

const recordOf = (site: Site): RRset => ({
  name: `${site.hostname}.`,
  type: isIPv6(site.publicIp) ? 'AAAA' : 'A',
  ttl: recordTtl,
  rdata: [site.publicIp],
});

/** Points the site's name at its public address. Makes the zone when the provider can and it is not there. */
export const publishName = async (
  { dns }: Providers,
  zone: { name: string; nameservers: string[] },
  site: Site,
  signal: AbortSignal,
): Promise<void> => {
  if (dns.capabilities.createsZones && (await dns.getZone(zone.name, signal)) === null) {
    await dns.createZone({ ...zone, owner: 'provisor' }, signal);
  }
  await dns.applyChanges(zone.name, [{ op: 'create', new: recordOf(site) }], signal);
};

export const withdrawName = async (
  { dns }: Providers,
  zone: string,
  site: Site,
  signal: AbortSignal,
): Promise<void> => {
  if (site.hostname === null) return;
  if ((await dns.getZone(zone, signal)) === null) return;
  await dns.applyChanges(zone, [{ op: 'delete', old: recordOf(site) }], signal);
};
