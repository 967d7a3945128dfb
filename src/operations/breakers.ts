import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';
import { ProviderError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';

/** Says that a provider is being left alone for a while. */
export class ProviderRests extends Error {
  readonly restMs: number;
  constructor(provider: string, restMs: number) {
    super(`${provider} does not answer and is left alone for a while`);
    this.name = 'ProviderRests';
    this.restMs = restMs;
  }
}

const isOutage = (error: unknown): boolean =>
  error instanceof ProviderError && error.retry === 'later' && error.kind !== 'rate_limited';

/**
 * One circuit breaker for each provider. After `failures` outages in a row the
 * provider is left alone for `restMs`, then one call tries whether it is back.
 */
export const createBreakers = ({
  log,
  failures = 5,
  restMs = 10_000,
}: {
  log: Log;
  failures?: number;
  restMs?: number;
}) => {
  const byProvider = new Map<string, CircuitBreakerPolicy>();

  const breakerOf = (provider: string): CircuitBreakerPolicy => {
    const known = byProvider.get(provider);
    if (known) return known;
    const breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: restMs,
      breaker: new ConsecutiveBreaker(failures),
    });
    breaker.onBreak(() => log.warn({ provider }, 'A provider does not answer; its operations are put off'));
    breaker.onReset(() => log.info({ provider }, 'A provider answers again'));
    byProvider.set(provider, breaker);
    return breaker;
  };

  return {
    /** Runs a call to a provider. Errors: ProviderRests without a call while the breaker is open, else what the call threw. */
    call: async <T>(provider: string, call: () => Promise<T>): Promise<T> => {
      const breaker = breakerOf(provider);
      // One call tries whether it is back; the others would wait for its end with their time running.
      if (breaker.state === CircuitState.HalfOpen) throw new ProviderRests(provider, restMs);
      const isTrial = breaker.state === CircuitState.Open;
      try {
        return await breaker.execute(call);
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw new ProviderRests(provider, restMs);
        // Whoever tried for all found it still away and did nothing: that is no failed try of its own.
        const isAway = error instanceof ProviderError && error.kind === 'unavailable' && error.retry === 'later';
        if (isTrial && isAway) throw new ProviderRests(provider, restMs);
        throw error;
      }
    },
    /** Every provider that was called, with whether it is being left alone. */
    states: (): { provider: string; open: boolean }[] =>
      [...byProvider].map(([provider, breaker]) => ({ provider, open: breaker.state !== CircuitState.Closed })),
    /** Providers that are being left alone now. */
    resting: (): string[] =>
      [...byProvider].filter(([, breaker]) => breaker.state !== CircuitState.Closed).map(([provider]) => provider),
  };
};

export type Breakers = ReturnType<typeof createBreakers>;
