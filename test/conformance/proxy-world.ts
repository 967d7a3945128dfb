/** What an adapter brings to the conformance suite of reverse proxies. */
import type { ReverseProxy } from '../../src/ports/proxy.ts';

/** A way to the provider that is spoilt from now on, until `mend`. */
export interface SpoiltWay {
  proxy: ReverseProxy;
  /** Settles when the provider, or what plays it, has taken a request that will not be answered. */
  swallowed(): Promise<void>;
  mend(): Promise<void>;
}

export interface ProxyWorld {
  proxy: ReverseProxy;
  /** A second adapter on the same provider, as another process of ours would have. */
  other: ReverseProxy;
  /** Everything that the provider holds, foreign things too, to be compared byte for byte. */
  dump(): Promise<string>;
  /** Puts something foreign where a route of this id would be kept. Null where the provider names things itself. */
  occupy: ((id: string) => Promise<void>) | null;
  /** Makes something foreign that answers for this host name. Null where there can be none. */
  claim: ((hostname: string) => Promise<void>) | null;
  /** Takes away what the two above made. */
  clearForeign(): Promise<void>;
  /** Null where the provider lives in our process and there is no way to it. */
  spoil: ((how: 'down' | 'garbage' | 'silent' | 'losing') => Promise<SpoiltWay>) | null;
  /** What may stand in no message. */
  secrets: string[];
  /** Whether a site can be asked by another host name than the visitor's. */
  hostHeaders: boolean;
  /** Whether a route may lead to a unix socket; a directory for one, if so. */
  socketDir: string | null;
  /** Where visitors get in; null where nobody serves them: a fake, or a cluster without an ingress controller. */
  traffic: { port: number; upgrades: boolean; oneLabel: boolean } | null;
  stop(): Promise<void>;
}
