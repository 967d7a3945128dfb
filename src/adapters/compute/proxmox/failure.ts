import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';

export const provider = 'compute/proxmox';

/** Seconds after which a container that something else is at work on is looked at again. */
const busySeconds = 10;

/** A refusal or failure of this adapter. Causes are left out on purpose: those of the HTTP client carry the token. */
export const failure = (kind: ProviderErrorKind, message: string): ProviderError =>
  new ProviderError(provider, kind, message, kind === 'rate_limited' ? { after: busySeconds } : {});

/** Somebody else is at work on the container. Not an outage: it must not open the provider's circuit breaker. */
export const busy = (message: string): ProviderError => failure('rate_limited', message);

/** The wish was under way and nobody waits for its end any more. */
export const leftUnderWay = (what: string): ProviderError =>
  failure('unknown_outcome', `${what} was under way when the call was given up`);

// Proxmox says what is wrong in words only; these are from its own sources
// (AbstractConfig.pm, LXC.pm, Storage.pm, HA/Resources.pm, Cluster.pm).
const meanings: [RegExp, ProviderErrorKind][] = [
  // It went to another node, or away, since it was asked where it is.
  [/configuration file .* does not exist/i, 'rate_limited'],
  [/is locked \(|can't lock file|failed to obtain guest migration lock/i, 'rate_limited'],
  [/no quorum|cluster not ready/i, 'unavailable'],
  [/unexpected status|interrupted by signal|received interrupt/i, 'unknown_outcome'],
  [/already exists|already defined|already used/i, 'conflict'],
  [/does not exist|no such|not HA managed/i, 'not_found'],
];

/** The kind of what Proxmox says in words: a reason phrase, or the end of a task. */
export const kindOfReason = (reason: string): ProviderErrorKind =>
  meanings.find(([words]) => words.test(reason))?.[1] ?? 'invalid';

/** Whether Proxmox refused in words like these. */
export const refusedWith = (error: unknown, words: RegExp): boolean =>
  error instanceof ProviderError && words.test(error.message);

/** One line without control characters, short enough for a log. */
export const oneLine = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, 300);
