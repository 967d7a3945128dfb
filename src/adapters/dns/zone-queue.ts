import { ProviderError } from '../../kit/errors.ts';

/**
 * Lets the changes of one zone go one after the other. Providers replace what
 * they are told to without looking, so an adapter looks first; two of its calls
 * between look and change would not see each other.
 */
export const createZoneQueue = (provider: string) => {
  const last = new Map<string, Promise<unknown>>();

  /** Runs `work` when the zone is free. Errors: `unavailable` when `signal` aborts before its turn; nothing was done then. */
  return async <Result>(zone: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
    const givenUp = () => new ProviderError(provider, 'unavailable', 'The call was given up before it began');
    if (signal.aborted) throw givenUp();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(givenUp());
    signal.addEventListener('abort', giveUp, { once: true });
    aborted.catch(() => {});

    const turn = (last.get(zone) ?? Promise.resolve()).then(() => {
      signal.removeEventListener('abort', giveUp);
      if (signal.aborted) throw givenUp();
      return work();
    });
    const over = turn.catch(() => {});
    last.set(zone, over);
    void over.then(() => {
      if (last.get(zone) === over) last.delete(zone);
    });
    return Promise.race([turn, aborted]);
  };
};
