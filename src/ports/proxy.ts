import type { Upstream } from './compute.ts';

/**
 * The way from a visitor's host name to a site. Every method may run twice for
 * the same wish: a route already as wished is a success. What a method promises
 * holds for the next request once it has returned. What is not ours in the same
 * proxy is never touched, and deleting a route leaves no trace of it.
 */

/** What visitors see: the site itself, or a page that says why not (503 with `Retry-After`). */
export type RoutePage = 'site' | 'suspended' | 'stopped';

export interface Route {
  /** Ours alone and the same for every attempt: [a-z0-9-], at most 63. */
  id: string;
  /**
   * Lower-case A-labels without a trailing dot. A name belongs to one route only.
   * `*.` in front stands for one label, and gives way to a route with the whole name.
   */
  hostnames: string[];
  upstream: Upstream;
  page: RoutePage;
  /** Off: the names answer as if there were no route. */
  enabled: boolean;
  redirectHttps: boolean;
  tls: 'off' | 'auto';
}

export interface ReverseProxy {
  /** `proxy/<provider>`: the name in errors, metrics and circuit breakers. */
  readonly id: string;
  /** Whether routes may have wildcards. @default false */
  readonly wildcards?: boolean;
  /** Errors of every method: `unavailable`, `auth`; of those that change something also `unknown_outcome`. */
  listRoutes(signal: AbortSignal): Promise<Route[]>;
  getRoute(id: string, signal: AbortSignal): Promise<Route | null>;
  /**
   * Makes or replaces the route, whole or not at all. Errors: `conflict` when one of its names is on
   * another route, or something of its name is not ours; `invalid` when this proxy cannot hold it, e.g.
   * cannot reach such an upstream.
   */
  putRoute(route: Route, signal: AbortSignal): Promise<void>;
  /** Errors: `not_found`. */
  setEnabled(id: string, enabled: boolean, signal: AbortSignal): Promise<void>;
  /** Missing is a success; something of its name that is not ours is `conflict`. */
  deleteRoute(id: string, signal: AbortSignal): Promise<void>;
  /** Sees to a certificate for the route's names; at once true where none is needed. Errors: `not_found`. */
  ensureCertificate(id: string, signal: AbortSignal): Promise<void>;
  /** The address that a visitor types for this host name. Pure. */
  urlFor(hostname: string): string;
}
