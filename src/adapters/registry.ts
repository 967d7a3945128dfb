/** Which adapters there are: an explicit map from port and provider to its factory. */
import type { Log } from '../kit/log.ts';
import type { Adapter } from '../ports/adapter.ts';
import type { ComputeProvider } from '../ports/compute.ts';
import type { DnsProvider } from '../ports/dns.ts';
import type { ReverseProxy } from '../ports/proxy.ts';
import { createLocalCompute } from './compute/local/index.ts';
import { createLocalDns } from './dns/local/index.ts';
import { createLocalProxy } from './proxy/local/index.ts';

/** What factories are given; each takes what it needs. */
export interface AdapterSettings {
  dataDir: string;
  host: string;
  sitesPort: number;
  dnsPort: number;
  log: Log;
}

export const computeAdapters = {
  local: ({ dataDir, log }) => createLocalCompute({ dataDir, log }),
} as const satisfies Record<string, (settings: AdapterSettings) => Adapter<ComputeProvider>>;

export const proxyAdapters = {
  local: ({ dataDir, host, sitesPort, log }) => createLocalProxy({ dataDir, host, port: sitesPort, log }),
} as const satisfies Record<string, (settings: AdapterSettings) => Adapter<ReverseProxy>>;

export const dnsAdapters = {
  local: ({ dataDir, host, dnsPort, log }) => createLocalDns({ dataDir, host, port: dnsPort, log }),
} as const satisfies Record<string, (settings: AdapterSettings) => Adapter<DnsProvider>>;
