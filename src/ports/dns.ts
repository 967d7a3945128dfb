/**
 * Names in zones. Every method may run twice for the same wish: operations
 * retry after a crash, so a record already as wished is a success.
 *
 * What belongs to a zone itself is the provider's and the zone's maker's: its SOA,
 * the NS at its apex, and the TXT `_provisor-zone` by which some adapters know
 * whose a zone is. None of it is listed, and changes of it are refused.
 */

export type RRType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'TXT' | 'CAA' | 'SRV';

/** All records of one name and type. */
export interface RRset {
  /** Absolute, lower-case A-labels, with the trailing dot. */
  name: string;
  type: RRType;
  /** Seconds. */
  ttl: number;
  /**
   * In zone file form; TXT raw and unquoted, of any length, its bytes being UTF-8.
   * Listings have one spelling: names in lower case, IPv6 short, numbers without
   * leading zeros, values of CAA in quotes. The order says nothing.
   */
  rdata: string[];
}

export interface Zone {
  /** Absolute, lower-case, with the trailing dot. */
  name: string;
  nameservers: string[];
}

export type RRsetChange =
  | { op: 'create'; new: RRset }
  | { op: 'update'; old: RRset; new: RRset }
  | { op: 'delete'; old: RRset };

export interface DnsProvider {
  /** `dns/<provider>`: the name in errors, metrics and circuit breakers. */
  readonly id: string;
  readonly capabilities: {
    types: ReadonlySet<RRType>;
    /** Seconds. */
    minTtl: number;
    /**
     * A batch of changes takes effect whole or not at all. See {@link DnsProvider.applyChanges} for where it does not.
     * A provider that takes only so many changes at once has a larger batch in several, with each RRset in one of them.
     */
    atomic: boolean;
    /** A CNAME may stand at the apex, also beside other records. */
    apexAlias: boolean;
    createsZones: boolean;
  };

  listZones(signal: AbortSignal): Promise<Zone[]>;
  /** Null when there is none. */
  getZone(name: string, signal: AbortSignal): Promise<Zone | null>;
  /**
   * An existing zone of that owner is a success. Some providers hand out nameservers
   * of their own: those of the answer count. Errors: `conflict` when the zone is
   * another owner's or was not made here, `invalid` for impossible names.
   */
  createZone(zone: { name: string; owner: string; nameservers: string[] }, signal: AbortSignal): Promise<Zone>;
  /**
   * Removes the zone with its records. Missing is a success. Errors: `conflict` when the
   * zone is another owner's or was not made here; then it stays as it is.
   */
  deleteZone(zone: { name: string; owner: string }, signal: AbortSignal): Promise<void>;
  /** Without what belongs to the zone itself. Errors: `not_found` when there is no such zone. */
  listRRsets(zone: string, signal: AbortSignal): Promise<RRset[]>;
  /** What this provider cannot hold, and why. Pure. */
  audit(rrsets: RRset[]): { rrset: RRset; reason: string }[];
  /**
   * Carries out the changes as if in order. A `create` of what is there already, an
   * `update` to it, and a `delete` of what is gone or has been replaced by someone
   * else, are successes. An `update` of what is gone makes it anew. A `create` or
   * `update` over a different RRset is `conflict`, what cannot be held or stands
   * outside the zone is `invalid`, and then nothing is changed. Naming the zone's own
   * NS as they are is a success, other NS at the apex are `invalid`.
   *
   * Where `atomic` is false, a failure in the middle leaves what was done before it,
   * and its message says how much that was; list the zone to see. A repeat of the
   * same changes goes on from there: records that are part of the old or the new
   * RRset, and no others, are taken for its own. Where it is true and a batch was too
   * large to go at once, the message says so as well, and a repeat goes on likewise.
   *
   * Calls for one zone within this process go one after the other. Between processes
   * only `dns/local` looks and changes in one step: let one operation at a time be
   * at a zone.
   */
  applyChanges(zone: string, changes: RRsetChange[], signal: AbortSignal): Promise<void>;
}
