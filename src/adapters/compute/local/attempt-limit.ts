/** Counts attempts per key in windows of a fixed length, in this process's memory. */
export interface AttemptLimit {
  /** Counts one attempt: null when it is allowed, else the seconds until the next one is. */
  take(key: string): number | null;
  /** Forgets the attempts of `key`. */
  forgive(key: string): void;
}

const mostKeys = 10_000;

export const createAttemptLimit = ({ most, windowMs }: { most: number; windowMs: number }): AttemptLimit => {
  const windows = new Map<string, { count: number; endsAt: number }>();

  const prune = (now: number): void => {
    for (const [key, { endsAt }] of windows) if (endsAt <= now) windows.delete(key);
  };

  return {
    take: (key) => {
      const now = performance.now();
      if (windows.size >= mostKeys) prune(now);
      const current = windows.get(key);
      if (!current || current.endsAt <= now) {
        windows.set(key, { count: 1, endsAt: now + windowMs });
        return null;
      }
      if (current.count >= most) return Math.ceil((current.endsAt - now) / 1_000);
      current.count += 1;
      return null;
    },
    forgive: (key) => {
      windows.delete(key);
    },
  };
};
