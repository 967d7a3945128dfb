import type { Database } from '../../database/database.ts';
import type { Operations } from '../../operations/operations.ts';
import type { DnsProvider } from '../../ports/dns.ts';
import type { Delegation } from './delegation.ts';
import type { RecordContext } from './record.ts';
import type { ZoneOperations } from './steps.ts';

export interface ZoneSettings {
  /** Absolute names. */
  nameservers: readonly string[];
  /** The domain that sites get their names under, without the trailing dot. */
  siteDomain: string;
  /** What PROXYSRV stands for. Without the trailing dot. */
  proxy: { ipv4: string | null; ipv6: string | null; name: string | null };
  /** Zones of one customer, and records of one zone. */
  limits: { zones: number; records: number };
  /** Whether the parent must delegate a domain to our nameservers before its zone is made. */
  requiresDelegation: boolean;
  /** Whether a customer must first publish a text of ours under the domain. */
  requiresChallenge: boolean;
  /** What the texts of the challenges are made with. */
  challengeKey: string;
}

/** A name of a site, and whose it is. */
export interface SiteName {
  /** Without the trailing dot. */
  hostname: string;
  serviceId: string;
}

/** What zones have to know of sites. */
export interface SiteNames {
  /** The names of a panel's sites under the site domain, and the addresses that they lead to. */
  list(panelId: string, customerId?: string): Promise<(SiteName & { address: string })[]>;
  /**
   * A custom domain in the zone that leads to a site of the same customer, or of one
   * that the panel does not name. Null when there is none. Another customer's site
   * keeps nobody from deleting a zone.
   */
  findIn(zone: { panelId: string; customerId: string | null; name: string }): Promise<SiteName | null>;
}

/** What the use cases of zones are made of. */
export interface ZoneDeps {
  db: Database;
  operations: Operations;
  dns: DnsProvider;
  definitions: ZoneOperations;
  delegation: Delegation;
  settings: ZoneSettings;
  siteNames: SiteNames;
}

/** What the rules need to know to judge a record of a zone. */
export const contextOf = ({ dns, settings }: Pick<ZoneDeps, 'dns' | 'settings'>, zone: string): RecordContext => ({
  zone,
  proxy: { ...settings.proxy, name: settings.proxy.name === null ? null : `${settings.proxy.name}.` },
  types: dns.capabilities.types,
  // Shorter ones cost every resolver a question a minute.
  minTtl: Math.max(60, dns.capabilities.minTtl),
});
