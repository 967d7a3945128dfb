/**
 * How long things may take. The figures depend on each other:
 * - The lease outlives three heartbeats. One lost beat must not hand a running
 *   step to a second worker; a dead worker's step still moves on in a minute.
 * - The grace is longer than the longest call, so that a call which a dead worker
 *   left under way has landed before anyone else looks.
 */
export interface Timing {
  leaseMs: number;
  beatMs: number;
  graceMs: number;
  /** The time that one try of a step has when it does not say. */
  callTimeoutMs: number;
  /** How long a call that was told to stop may take to say how it ended. */
  settleMs: number;
  /** Kept free between the end of a call and the end of the lease, for the commit. */
  marginMs: number;
  /** How often a worker looks for work that another process submitted. */
  pollMs: number;
  /** The first wait after a failed try; it doubles up to the last, and a random part is added. */
  backoffMs: { first: number; last: number };
}

export const defaultTiming: Timing = {
  leaseMs: 35_000,
  beatMs: 10_000,
  graceMs: 22_000,
  callTimeoutMs: 20_000,
  settleMs: 3_000,
  marginMs: 2_000,
  pollMs: 500,
  backoffMs: { first: 1_000, last: 300_000 },
};

/** Milliseconds to wait after the n-th failed try (n ≥ 1): exponential, with up to a quarter added at random. */
export const backoff = (timing: Timing, attempt: number, random: () => number = Math.random): number => {
  const wait = Math.min(timing.backoffMs.last, timing.backoffMs.first * 2 ** Math.min(attempt - 1, 30));
  return Math.round(wait * (1 + random() / 4));
};
