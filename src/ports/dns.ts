/**
 * Names in zones. Every method may run twice for the same wish: operations
 * retry after a crash, so a record already as wished is a success.
 */

export type RRType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'TXT' | 'CAA' | 'SRV';

/** All records of one name and type. */
export interface RRset {
  /** Absolute, lower-case A-labels, with the trailing dot. */
  name: string;
  type: RRType;
  /** Seconds. */
  ttl: number;
  /** In zone file form; TXT raw and unquoted, of any length. */
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
    /** A batch of changes takes effect whole or not at all. */
    atomic: boolean;
    apexAlias: boolean;
    createsZones: boolean;
  };

  listZones(signal: AbortSignal): Promise<Zone[]>;
  getZone(name: string, signal: AbortSignal): Promise<Zone | null>;
  /** An existing zone of that owner is a success. Errors: `conflict` when it is another owner's. */
  createZone(zone: { name: string; owner: string; nameservers: string[] }, signal: AbortSignal): Promise<Zone>;
  /** Removes the zone with its records. Missing is a success. */
  deleteZone(name: string, signal: AbortSignal): Promise<void>;
  /** Errors: `not_found` when there is no such zone. */
  listRRsets(zone: string, signal: AbortSignal): Promise<RRset[]>;
  /** What this provider cannot hold, and why. Pure. */
  audit(rrsets: RRset[]): { rrset: RRset; reason: string }[];
  /**
   * Carries out the changes in order. A `create` of what is there already, and a
   * `delete` of what is gone or has been replaced by someone else, are successes;
   * a `create` or `update` over a different RRset is `conflict` and changes nothing.
   */
  applyChanges(zone: string, changes: RRsetChange[], signal: AbortSignal): Promise<void>;
}
