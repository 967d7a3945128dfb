/** When a delivery that failed is tried again: soon at first, then in growing intervals, for three days. */
const [second, minute, hour] = [1_000, 60_000, 3_600_000];

const waits = [
  5 * second,
  30 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  18 * hour,
  21 * hour,
];

/** Tries that one delivery gets at most. */
export const maxAttempts = waits.length + 1;

/** About how long it is tried, in milliseconds. */
export const patienceMs = waits.reduce((sum, wait) => sum + wait, 0);

/** The longest that the other side may ask us to wait. */
export const longestWaitMs = 24 * hour;

/**
 * Milliseconds until the next try after `attempts` failed ones, with up to a tenth added at random, so that a server
 * that comes back is not met by all at once; `askedMs` is what it asked for. Null when there is no next try.
 */
export const waitAfter = (attempts: number, askedMs = 0, random: () => number = Math.random): number | null => {
  const wait = waits[attempts - 1];
  if (wait === undefined) return null;
  return Math.round(Math.max(wait, Math.min(askedMs, longestWaitMs)) * (1 + random() / 10));
};
