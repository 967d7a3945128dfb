/** What adapters say alike of their calls to a provider, whatever they speak. */
import { ProviderError } from './errors.ts';

/** The caller had given the call up already: nothing was said to the provider. */
export const givenUp = (provider: string): ProviderError =>
  new ProviderError(provider, 'unavailable', 'The call was given up before it began');

/** Errors: {@link givenUp}, so that nothing is begun for a call that nobody waits for. */
export const refuseGivenUp = (provider: string, signal: AbortSignal): void => {
  if (signal.aborted) throw givenUp(provider);
};

/** Codes of a connection that never came to be: nothing was sent, so nothing can have been done. */
export const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
