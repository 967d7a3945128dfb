import { ProviderError } from '../../../kit/errors.ts';
import { createTurns } from '../../../kit/turns.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { DnsProvider, RRset, RRType, Zone } from '../../../ports/dns.ts';
import { planChanges } from '../plan-changes.ts';
import { unquoteText } from '../rdata.ts';
import { auditWith, type Limits, spellRRset, supportedTypes, widestLimits } from '../rrset.ts';
import { wishedZone } from '../wished-zone.ts';
import { isZonesOwn, ownerTag } from '../zone-owner.ts';
import { createPowerDnsClient, type PowerDnsOptions, provider } from './client.ts';
import type { ZoneAnswer } from './schema.ts';

/**
 * Zones in a PowerDNS Authoritative Server. It answers from the same database
 * that its API writes, so a change is served as soon as its call has ended.
 */

const limits: Limits = widestLimits;
const rules = { provider, limits, apexAlias: false, atomic: true };

/** Zones read at a time for a list, which itself leaves the nameservers out. */
const atATime = 4;

const accountOf = (owner: string): string => `provisor-${ownerTag(owner).slice(0, 31)}`;

const recordsOf = ({ records }: ZoneAnswer['rrsets'][number]): string[] =>
  records.filter(({ disabled }) => !disabled).map(({ content }) => content);

const toZone = ({ name, rrsets }: ZoneAnswer): Zone => ({
  name,
  nameservers: rrsets.filter((rrset) => rrset.name === name && rrset.type === 'NS').flatMap(recordsOf),
});

const toRRsets = (zone: ZoneAnswer): RRset[] =>
  zone.rrsets.flatMap((found) => {
    const type = found.type as RRType;
    const rdata = recordsOf(found);
    if (!supportedTypes.has(type) || rdata.length === 0 || isZonesOwn(zone.name, { name: found.name, type })) return [];
    return [
      spellRRset({ name: found.name, type, ttl: found.ttl, rdata: type === 'TXT' ? rdata.map(unquoteText) : rdata }),
    ];
  });

/** DNS in a PowerDNS server. Ownership is kept in the zone's account. */
export const createPowerDns = (options: PowerDnsOptions): Adapter<DnsProvider> => {
  const client = createPowerDnsClient(options);
  const inTurn = createTurns(provider);

  const existing = async (name: string, signal: AbortSignal): Promise<ZoneAnswer> => {
    const zone = await client.get(name, signal);
    if (!zone) throw new ProviderError(provider, 'not_found', `There is no zone ${name}`);
    return zone;
  };

  const foreign = (name: string) =>
    new ProviderError(provider, 'conflict', `The zone ${name} belongs to another owner`);

  const port: DnsProvider = {
    id: provider,
    capabilities: { types: supportedTypes, minTtl: limits.minTtl, atomic: true, apexAlias: false, createsZones: true },

    listZones: async (signal) => {
      const names = await client.list(signal);
      const zones: Zone[] = [];
      for (let at = 0; at < names.length; at += atATime) {
        const found = await Promise.all(names.slice(at, at + atATime).map((name) => client.get(name, signal)));
        // One that has gone in between is no zone any more.
        zones.push(...found.filter((zone) => zone !== null).map(toZone));
      }
      return zones;
    },

    getZone: async (name, signal) => {
      const zone = await client.get(name, signal);
      return zone && toZone(zone);
    },

    createZone: async (wish, signal) => {
      const { name, nameservers } = wishedZone(provider, wish);
      const account = accountOf(wish.owner);
      return inTurn(name, signal, async () => {
        if (await client.create({ name, account, nameservers }, signal)) return { name, nameservers };
        const present = await existing(name, signal);
        if (present.account === account) return toZone(present);
        throw foreign(name);
      });
    },

    deleteZone: ({ name, owner }, signal) =>
      inTurn(name, signal, async () => {
        const zone = await client.get(name, signal);
        if (zone === null) return;
        if (zone.account !== accountOf(owner)) throw foreign(name);
        await client.delete(name, signal);
      }),

    listRRsets: async (name, signal) => toRRsets(await existing(name, signal)),

    audit: auditWith(limits),

    applyChanges: (name, changes, signal) =>
      inTurn(name, signal, async () => {
        const zone = await existing(name, signal);
        const byName = Map.groupBy(toRRsets(zone), (rrset) => rrset.name);
        const view = { ...toZone(zone), rrsetsAt: (owner: string) => byName.get(owner) ?? [] };
        const plan = planChanges(rules, view, changes);
        if (plan.length > 0 && !(await client.replace(name, plan, signal)))
          throw new ProviderError(provider, 'not_found', `There is no zone ${name}`);
      }),
  };

  return { port };
};
