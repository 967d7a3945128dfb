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
  /** Where it leads. */
  address: string;
}

/** What the use cases of zones are made of. */
export interface ZoneDeps {
  db: Database;
  operations: Operations;
  dns: DnsProvider;
  definitions: ZoneOperations;
  delegation: Delegation;
  settings: ZoneSettings;
  /**
   * The names of a panel's sites that are `domain` or below it: those under the site
   * domain, and in a customer's zone the custom domains that keep it from being deleted.
   */
  siteNames: (panelId: string, domain: string, customerId?: string) => Promise<SiteName[]>;
}

/** What the rules need to know to judge a record of a zone. */
export const contextOf = ({ dns, settings }: Pick<ZoneDeps, 'dns' | 'settings'>, zone: string): RecordContext => ({
  zone,
  proxy: { ...settings.proxy, name: settings.proxy.name === null ? null : `${settings.proxy.name}.` },
  types: dns.capabilities.types,
  // Shorter ones cost every resolver a question a minute.
  minTtl: Math.max(60, dns.capabilities.minTtl),
});
