/**
 * How often somebody may call: a bucket of tokens for each address, and one for each key. A bucket holds a minute's
 * calls and fills evenly, so a month's start may come at once and a flood may not go on. Everything is decided in
 * memory. Replicas tell each other now and then what they let through (rate-exchange.ts); what was let through twice in
 * between is a debt that is paid before the next call is let through.
 */
import type { Clock } from '../kit/clock.ts';
import { AppError } from '../kit/errors.ts';

export interface RateSettings {
  /** Calls a minute of one address, and of one key; 0 is no limit. */
  perAddress: number;
  perKey: number;
  /** Refused keys a minute of one address; 0 is no limit of their own. */
  failures: number;
}

interface Bucket {
  /** Below zero when replicas have let more through than there was. */
  tokens: number;
  /** When `tokens` was right, by the monotonic clock. */
  at: number;
  size: number;
  /** Taken since the last exchange. */
  fresh: number;
  /** What all replicas had taken at the last exchange; null before the first. */
  known: number | null;
}

const minuteMs = 60_000;
/** More buckets than this are not kept: the ones that were used longest ago go. */
const mostBuckets = 50_000;
/** A debt is never more than this many buckets, so that nobody waits longer than as many minutes. */
const mostDebt = 2;

const quoted = (name: string, size: number, left: number, seconds: number): Record<string, string> => ({
  'Retry-After': String(seconds),
  'RateLimit-Policy': `"${name}";q=${size};w=60`,
  RateLimit: `"${name}";r=${Math.max(0, Math.floor(left))};t=${seconds}`,
});

/** Too many calls. `headers` say when there may be more. */
export class RateLimited extends AppError {
  readonly headers: Record<string, string>;
  constructor(message: string, seconds: number, headers: Record<string, string>) {
    super('throttled', 'rate_limited', message, { retryAfter: seconds });
    this.headers = headers;
  }
}

export const createRateLimit = ({ clock, settings }: { clock: Clock; settings: RateSettings }) => {
  const buckets = new Map<string, Bucket>();

  const bucketOf = (id: string, size: number): Bucket => {
    const now = clock.monotonic();
    const found = buckets.get(id);
    if (!found) {
      if (buckets.size >= mostBuckets) buckets.delete(buckets.keys().next().value as string);
      const bucket = { tokens: size, at: now, size, fresh: 0, known: null };
      buckets.set(id, bucket);
      return bucket;
    }
    found.tokens = Math.min(size, found.tokens + ((now - found.at) * size) / minuteMs);
    found.at = now;
    return found;
  };

  const take = (name: string, id: string, size: number, cost: number, message: string): void => {
    const bucket = bucketOf(`${name}:${id}`, size);
    if (bucket.tokens < 1) {
      const seconds = Math.max(1, Math.ceil(((1 - bucket.tokens) / size) * 60));
      throw new RateLimited(message, seconds, quoted(name, size, bucket.tokens, seconds));
    }
    bucket.tokens -= cost;
    bucket.fresh += cost;
  };

  return {
    /** A call of an address, before anything else is known of it. Errors: RateLimited. */
    takeAddress: (address: string): void => {
      if (settings.perAddress > 0) {
        take('address', address, settings.perAddress, 1, 'Too many calls from this address. Try again later.');
      }
      // Looked at and not taken: only a key that is refused takes.
      if (settings.failures > 0) {
        take('refused', address, settings.failures, 0, 'Too many refused keys from this address. Try again later.');
      }
    },
    /** A call of a key that is good. Errors: RateLimited. */
    takeKey: (keyId: string): void => {
      if (settings.perKey > 0) take('key', keyId, settings.perKey, 1, 'Too many calls with this key. Try again later.');
    },
    /** A key from this address was refused. */
    refused: (address: string): void => {
      if (settings.failures === 0) return;
      const bucket = bucketOf(`refused:${address}`, settings.failures);
      bucket.tokens -= 1;
      bucket.fresh += 1;
    },

    /** What others should hear of: buckets that are used for more than now and then. Full ones are forgotten. */
    busy: (): { id: string; fresh: number }[] => {
      const now = clock.monotonic();
      const found: { id: string; fresh: number }[] = [];
      for (const [id, bucket] of buckets) {
        if (bucket.fresh >= Math.max(1, bucket.size / 20)) found.push({ id, fresh: bucket.fresh });
        else if (bucket.tokens + ((now - bucket.at) * bucket.size) / minuteMs >= bucket.size) buckets.delete(id);
      }
      return found;
    },
    /** `told` of a bucket were told, after which all together had taken `total`. */
    heard: (id: string, told: number, total: number): void => {
      const bucket = buckets.get(id);
      if (!bucket) return;
      const others = bucket.known === null ? 0 : Math.max(0, total - bucket.known - told);
      bucket.tokens = Math.max(-mostDebt * bucket.size, bucket.tokens - others);
      bucket.fresh -= told;
      bucket.known = total;
    },
    get size() {
      return buckets.size;
    },
  };
};

export type RateLimit = ReturnType<typeof createRateLimit>;
