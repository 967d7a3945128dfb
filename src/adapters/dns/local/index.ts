import { ProviderError } from '../../../kit/errors.ts';
import type { Log } from '../../../kit/log.ts';
import { refuseGivenUp } from '../../../kit/provider-call.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { DnsProvider, RRsetChange, Zone } from '../../../ports/dns.ts';
import { planChanges } from '../plan-changes.ts';
import { auditWith, supportedTypes, widestLimits } from '../rrset.ts';
import { wishedZone } from '../wished-zone.ts';
import { type DnsListener, openDnsListener } from './dns-listener.ts';
import { createZoneStore, type StoredZone, type ZoneStore } from './zone-store.ts';

/**
 * The embedded default for DNS: an authoritative server in this process, its
 * zones in an SQLite file. Several processes may share the file; the ones that
 * do not serve (the operator CLI, say) change zones all the same.
 */

const provider = 'dns/local';

export interface LocalDnsOptions {
  dataDir: string;
  /** Address to listen on. */
  host: string;
  /** 0 for any free one. */
  port: number;
  log: Log;
}

/** The local DNS server and, while it is open, the port it listens on. */
export interface LocalDns extends Adapter<DnsProvider> {
  readonly listeningPort: number | null;
}

const toZone = ({ name, nameservers }: StoredZone): Zone => ({ name, nameservers });

const createZone = (store: ZoneStore, wish: { name: string; owner: string; nameservers: string[] }): Zone => {
  const { nameservers } = wishedZone(provider, wish);
  return store.transaction(() => {
    const present = store.getZone(wish.name);
    if (!present) {
      store.insertZone({ ...wish, nameservers });
      return { name: wish.name, nameservers };
    }
    if (present.owner === wish.owner) return toZone(present);
    throw foreign(wish.name);
  });
};

const foreign = (name: string) => new ProviderError(provider, 'conflict', `The zone ${name} belongs to another owner`);

const rules = { provider, limits: widestLimits, apexAlias: false, atomic: true };

const applyChanges = (store: ZoneStore, name: string, changes: RRsetChange[]): void =>
  store.transaction(() => {
    const zone = store.getZone(name);
    if (!zone) throw new ProviderError(provider, 'not_found', `There is no zone ${name}`);
    const plan = planChanges(rules, { ...zone, rrsetsAt: (owner) => store.rrsetsAt(name, owner) }, changes);
    for (const { before, after } of plan) {
      if (after) store.putRRset(name, after);
      else if (before) store.deleteRRset(name, before.name, before.type);
    }
    if (plan.length > 0) store.raiseSerial(name);
  });

/** The DNS adapter that needs nothing but this machine. Opens its port only in `open()`. */
export const createLocalDns = ({ dataDir, host, port, log }: LocalDnsOptions): LocalDns => {
  const store = createZoneStore(dataDir);
  let listener: DnsListener | undefined;

  // Everything is one synchronous transaction, so a call that fails has done nothing.
  const run = async <Result>(signal: AbortSignal, work: () => Result): Promise<Result> => {
    refuseGivenUp(provider, signal);
    try {
      return work();
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw new ProviderError(provider, 'unavailable', 'The zones could not be read or written', { cause: error });
    }
  };

  const dns: DnsProvider = {
    id: provider,
    capabilities: { types: supportedTypes, minTtl: 1, atomic: true, apexAlias: false, createsZones: true },
    listZones: (signal) => run(signal, () => store.listZones().map(toZone)),
    getZone: (name, signal) =>
      run(signal, () => {
        const zone = store.getZone(name);
        return zone && toZone(zone);
      }),
    createZone: (zone, signal) => run(signal, () => createZone(store, zone)),
    deleteZone: ({ name, owner }, signal) =>
      run(signal, () =>
        store.transaction(() => {
          const present = store.getZone(name);
          if (present && present.owner !== owner) throw foreign(name);
          store.deleteZone(name);
        }),
      ),
    listRRsets: (zone, signal) =>
      run(signal, () => {
        if (!store.getZone(zone)) throw new ProviderError(provider, 'not_found', `There is no zone ${zone}`);
        return store.listRRsets(zone);
      }),
    audit: auditWith(widestLimits),
    applyChanges: (zone, changes, signal) => run(signal, () => applyChanges(store, zone, changes)),
  };

  return {
    port: dns,
    get listeningPort() {
      return listener?.port ?? null;
    },
    open: async () => {
      if (listener) return;
      listener = await openDnsListener({ zones: store, host, port, log });
      log.debug({ host, port: listener.port }, 'The DNS server listens');
    },
    close: async () => {
      const closing = listener;
      listener = undefined;
      await closing?.close();
      store.close();
    },
  };
};
