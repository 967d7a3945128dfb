import { AppError, ProviderError } from '../../kit/errors.ts';

/**
 * Asks a provider within a request. Errors: `provider_unavailable` (503) when it
 * does not answer in time or refuses; the details are for the operator's log.
 */
export const askProvider = async <T>(call: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> => {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await call(signal);
  } catch (error) {
    if (!(error instanceof ProviderError) && !signal.aborted) throw error;
    throw new AppError(
      'unavailable',
      'provider_unavailable',
      'The infrastructure does not answer at the moment. Try again soon.',
      {
        retryAfter: 10,
        cause: error,
      },
    );
  }
};
