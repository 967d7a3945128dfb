/**
 * Where sites run. Every method may run twice for the same wish: operations
 * retry after a crash, so what is already as wished is a success.
 *
 * A method may take minutes, but no single request of its to the provider longer
 * than 20 seconds, and it begins none once its signal has aborted: the engine looks
 * for what an abandoned call made only a grace of 22 seconds later.
 */

/** Where a reverse proxy finds a running site. `hostHeader` replaces the visitor's `Host` on the way there. */
export type Upstream =
  | { scheme: 'http' | 'https'; host: string; port: number; hostHeader?: string }
  | { scheme: 'unix'; path: string; hostHeader?: string };

/** What a plan grants a site. Sizes are mebibytes. */
export interface Resources {
  memoryMb: number;
  diskMb: number;
}

/** A site as it is wished for. */
export interface SiteSpec {
  /** Ours alone and the same for every attempt: `svc-` and up to 36 of [a-z0-9-]. */
  name: string;
  /** Written on the outside object, so that ours can be told from a foreign one. */
  owner: { panel: string; service: string };
  hostname: string;
  plan: string;
  email: string;
  resources: Resources;
  network: { vmid: number; privateIp: string };
}

/** How to find a site again. Everything in it is known before `create` is called. */
export interface ComputeRef {
  name: string;
  /** 0 when only the name is known, as to a sweep. */
  vmid: number;
  /** Left out when only the name is known. */
  privateIp?: string;
}

/** What is installed into a new site. */
export interface AppSpec {
  hostname: string;
  plan: string;
  adminEmail: string;
}

export type ComputeState = 'running' | 'stopped' | 'starting' | 'missing';

/** Live figures. A figure that the provider does not know is left out, never guessed. */
export interface ComputeStatus {
  state: ComputeState;
  node?: string;
  /** Share of the granted CPU in use, 0 to 1. */
  cpu?: number;
  memoryBytes?: number;
  diskBytes?: number;
  uptimeSeconds?: number;
}

/** Told in a sentence that a customer may read what a call is waiting for; an adapter that waits for nothing tells nothing. */
export type Report = (message: string) => void;

export interface ComputeProvider {
  /** `compute/<provider>`: the name in errors, metrics and circuit breakers. */
  readonly id: string;
  readonly capabilities: {
    snapshots: boolean;
    /**
     * What a rollback can go back to. Some storage only goes back to its newest
     * snapshot; then making another one first would be in the way. An adapter that
     * has to ask says `newest` until it knows better, at the latest after `open`.
     * @default any
     */
    readonly rollbackTo?: 'any' | 'newest';
    /** Memory can change while the site runs. */
    onlineResize: boolean;
    usage: boolean;
    /** The site's administrator can be given a password and one-time login links. */
    logins: boolean;
  };

  /** Makes the site, or adopts its own by name. Errors: `conflict` when an object of that name is not ours. Leaves it running. */
  create(site: SiteSpec, signal: AbortSignal, report?: Report): Promise<void>;
  /**
   * Installs the application into an empty, running site. An installed application is left as it is.
   * Errors: `not_found`; `rate_limited` while the installation still goes on; `invalid` when it failed.
   */
  install(ref: ComputeRef, app: AppSpec, signal: AbortSignal, report?: Report): Promise<void>;
  /** Where the site answers. Pure: the same for a site's whole life. Errors: `invalid` when it lies in what `ref` leaves out. */
  upstream(ref: ComputeRef): Upstream;
  /** A missing site is a status, not an error. Errors: `conflict` when the object of that name is not ours. */
  status(ref: ComputeRef, signal: AbortSignal): Promise<ComputeStatus>;
  /** Errors of the next four: `not_found` when there is no such site. */
  start(ref: ComputeRef, signal: AbortSignal, report?: Report): Promise<void>;
  /** Ends the workload after at most `graceSeconds`; the data stays. */
  stop(ref: ComputeRef, options: { graceSeconds: number }, signal: AbortSignal): Promise<void>;
  restart(ref: ComputeRef, signal: AbortSignal, report?: Report): Promise<void>;
  /** Memory goes up or down; a disk only grows, and a smaller wish leaves it as it is. */
  resize(ref: ComputeRef, resources: Resources & { plan: string }, signal: AbortSignal, report?: Report): Promise<void>;
  /** Removes the site, its data and its snapshots. Missing is a success; a foreign object of that name is `conflict`. */
  destroy(ref: ComputeRef, signal: AbortSignal, report?: Report): Promise<void>;

  /**
   * Copies the site's data aside. A snapshot of that name that is whole is kept as it is.
   * Names have 2 to 40 of [A-Za-z0-9-] and begin with a letter. Errors: `not_found`; `invalid` for another name.
   */
  createSnapshot(ref: ComputeRef, name: string, signal: AbortSignal, report?: Report): Promise<void>;
  /** Oldest first, whole ones only; times in epoch milliseconds. Errors: `not_found` when there is no such site. */
  listSnapshots(ref: ComputeRef, signal: AbortSignal): Promise<{ name: string; createdAt: number; bytes?: number }[]>;
  /** A missing snapshot is a success, and so is a missing site. */
  deleteSnapshot(ref: ComputeRef, name: string, signal: AbortSignal): Promise<void>;
  /**
   * Puts the data back to the snapshot; all or nothing, and the size stays the one that was last wished. A running
   * site may be stopped for it and stay so. Errors: `not_found` when there is no such site or snapshot; `invalid`,
   * before anything is touched, when the storage cannot go back to it.
   */
  rollback(ref: ComputeRef, name: string, signal: AbortSignal, report?: Report): Promise<void>;

  /** Sets the password of the site's administrator. Errors: `not_found`; `invalid` when the site would have to run for it. */
  setPassword(ref: ComputeRef, login: { username: string; password: string }, signal: AbortSignal): Promise<void>;
  /** A path on the site that signs its administrator in, once, within `ttlSeconds`. A new one on every call. Errors: as above. */
  createLoginLink(ref: ComputeRef, options: { ttlSeconds: number }, signal: AbortSignal): Promise<{ path: string }>;

  /** Every object of ours, for the sweep: its name and when it was made (epoch milliseconds). */
  list(signal: AbortSignal): Promise<{ name: string; createdAt: number }[]>;
}
