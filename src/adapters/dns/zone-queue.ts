import { givenUp, refuseGivenUp } from '../../kit/provider-call.ts';

/**
 * Lets the changes of one zone go one after the other. Providers replace what
 * they are told to without looking, so an adapter looks first; two of its calls
 * between look and change would not see each other.
 */
export const createZoneQueue = (provider: string) => {
  const last = new Map<string, Promise<unknown>>();

  /** Runs `work` when the zone is free. Errors: `unavailable` when `signal` aborts before its turn; nothing was done then. */
  return async <Result>(zone: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
    refuseGivenUp(provider, signal);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(givenUp(provider));
    signal.addEventListener('abort', giveUp, { once: true });
    aborted.catch(() => {});

    const turn = (last.get(zone) ?? Promise.resolve()).then(() => {
      signal.removeEventListener('abort', giveUp);
      refuseGivenUp(provider, signal);
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
