import type { Answer } from 'dns-packet';
import type { RRset } from '../../../ports/dns.ts';
import { isWithin, parentOf } from '../names.ts';
import { toAnswer } from '../rdata.ts';
import type { StoredZone, ZoneReader } from './zone-store.ts';

/**
 * What the zones say about a name: RFC 1034 section 4.3.2 with the wildcards of
 * RFC 4592 and the negative answers of RFC 2308. Packets are someone else's.
 */

export const rcodes = { ok: 0, formatError: 1, failure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const;

export interface Resolution {
  rcode: number;
  authoritative: boolean;
  answers: Answer[];
  authorities: Answer[];
  additionals: Answer[];
}

const apexNsTtl = 3_600;
// Short, because a customer who has just added a record asks again at once.
const negativeTtl = 60;
const longestChain = 8;

const toAnswers = (owner: string, rrset: RRset): Answer[] =>
  rrset.rdata.map((text) => toAnswer(owner, rrset.type, rrset.ttl, text));

const soaOf = (zone: StoredZone, ttl: number): Answer => ({
  name: zone.name,
  type: 'SOA',
  ttl,
  data: {
    mname: zone.nameservers[0] ?? `ns.${zone.name}`,
    rname: `hostmaster.${zone.name}`,
    serial: zone.serial,
    refresh: 3_600,
    retry: 600,
    expire: 604_800,
    minimum: negativeTtl,
  },
});

type Found = { kind: 'records'; rrsets: RRset[] } | { kind: 'delegated'; ns: RRset } | { kind: 'missing' };

// The NS at the apex are those that the zone was made with; they are no RRset of the store.
const rrsetsAt = (zones: ZoneReader, zone: StoredZone, name: string): RRset[] => {
  const rrsets = zones.rrsetsAt(zone.name, name);
  const implied = name === zone.name && zone.nameservers.length > 0;
  return implied ? [...rrsets, { name, type: 'NS', ttl: apexNsTtl, rdata: zone.nameservers }] : rrsets;
};

const exists = (zones: ZoneReader, zone: StoredZone, name: string): boolean =>
  name === zone.name || zones.rrsetsAt(zone.name, name).length > 0 || zones.hasNameBelow(zone.name, name);

const delegationAbove = (zones: ZoneReader, zone: StoredZone, name: string): RRset | undefined => {
  let highest: RRset | undefined;
  for (let at = name; at !== zone.name; at = parentOf(at)) {
    highest = zones.rrsetsAt(zone.name, at).find(({ type }) => type === 'NS') ?? highest;
  }
  return highest;
};

const look = (zones: ZoneReader, zone: StoredZone, name: string): Found => {
  const ns = delegationAbove(zones, zone, name);
  if (ns) return { kind: 'delegated', ns };
  if (exists(zones, zone, name)) return { kind: 'records', rrsets: rrsetsAt(zones, zone, name) };
  // Labels with bytes that no name of ours has arrive escaped; they could not be written back as an owner.
  if (name.includes('\\')) return { kind: 'missing' };
  let encloser = parentOf(name);
  while (!exists(zones, zone, encloser)) encloser = parentOf(encloser);
  const wildcard = `*.${encloser}`;
  return exists(zones, zone, wildcard)
    ? { kind: 'records', rrsets: rrsetsAt(zones, zone, wildcard) }
    : { kind: 'missing' };
};

const addressesOf = (zones: ZoneReader, hosts: string[]): Answer[] =>
  hosts.flatMap((host) => {
    const name = host.toLowerCase();
    const zone = zones.zoneOf(name);
    const rrsets = zone ? zones.rrsetsAt(zone.name, name) : [];
    return rrsets.filter(({ type }) => type === 'A' || type === 'AAAA').flatMap((rrset) => toAnswers(name, rrset));
  });

/**
 * Resolves a name as far as our zones go. `name` is absolute and lower-case,
 * `asked` the same name as the question spells it.
 */
export const resolveQuery = (zones: ZoneReader, name: string, asked: string, type: string): Resolution => {
  const result: Resolution = { rcode: rcodes.ok, authoritative: true, answers: [], authorities: [], additionals: [] };
  const visited = new Set<string>();
  let at = name;
  let owner = asked;

  for (;;) {
    const zone = zones.zoneOf(at);
    if (!zone) return visited.size === 0 ? { ...result, rcode: rcodes.refused, authoritative: false } : result;
    visited.add(at);

    const found = look(zones, zone, at);
    if (found.kind === 'delegated') {
      if (visited.size > 1) return result;
      const hosts = found.ns.rdata.filter((host) => isWithin(host.toLowerCase(), zone.name));
      const authorities = toAnswers(found.ns.name, found.ns);
      return { ...result, authoritative: false, authorities, additionals: addressesOf(zones, hosts) };
    }
    if (found.kind === 'missing') {
      return { ...result, rcode: rcodes.noSuchName, authorities: [soaOf(zone, negativeTtl)] };
    }

    const wanted = found.rrsets.filter((rrset) => type === 'ANY' || rrset.type === type);
    result.answers.push(...wanted.flatMap((rrset) => toAnswers(owner, rrset)));
    if (at === zone.name && (type === 'SOA' || type === 'ANY')) result.answers.push(soaOf(zone, apexNsTtl));

    const alias = found.rrsets.find((rrset) => rrset.type === 'CNAME');
    if (alias && wanted.length === 0) {
      result.answers.push(...toAnswers(owner, alias));
      at = alias.rdata[0]!.toLowerCase();
      owner = at;
      // A loop, or a chain that would cost more than it is worth, is answered as far as it went.
      if (visited.has(at) || visited.size >= longestChain) return result;
      continue;
    }

    const isEmpty = wanted.length === 0 && !(at === zone.name && type === 'SOA');
    if (isEmpty) result.authorities = [soaOf(zone, negativeTtl)];
    if (type === 'NS')
      result.additionals = addressesOf(
        zones,
        wanted.flatMap((rrset) => rrset.rdata),
      );
    return result;
  }
};
