import { AppError, ProviderError } from '../../kit/errors.ts';

const unavailable = (cause: unknown) =>
  new AppError(
    'unavailable',
    'provider_unavailable',
    'The infrastructure does not answer at the moment. Try again soon.',
    {
      retryAfter: 10,
      cause,
    },
  );

/**
 * Asks a provider within a request, at most `timeoutMs` and while `signal` does
 * not abort, whether or not the call heeds it. Errors: `provider_unavailable`
 * (503) when it does not answer in time or refuses; the details are for the log.
 */
export const askProvider = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> => {
  const limit = AbortSignal.timeout(timeoutMs);
  const over = signal ? AbortSignal.any([limit, signal]) : limit;
  let giveUp = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(unavailable(over.reason));
    if (over.aborted) giveUp();
    else over.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([call(over), aborted]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof ProviderError || over.aborted) throw unavailable(error);
    throw error;
  } finally {
    over.removeEventListener('abort', giveUp);
  }
};
