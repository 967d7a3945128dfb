/**
 * Lets works at one thing wait for each other. Providers replace what they are told
 * to without looking, so an adapter looks first; two of its calls between look and
 * change would not see each other. Within this process only.
 */
import { givenUp, refuseGivenUp } from './provider-call.ts';

interface Line {
  running: number;
  waiting: (() => void)[];
}

/** At most `atOnce` works of one key run at a time; the others wait in line. Works of different keys do not meet. */
export const createTurns = (provider: string, atOnce = 1) => {
  const lines = new Map<string, Line>();

  /** Until there is room. Errors: `unavailable` as soon as `signal` aborts. */
  const room = (line: Line, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        line.waiting.splice(line.waiting.indexOf(begin), 1);
        reject(givenUp(provider));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      line.waiting.push(begin);
    });

  /** Runs `work` when it is its turn. Errors: `unavailable` when `signal` aborts before it; nothing was done then. */
  return async <Result>(key: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
    refuseGivenUp(provider, signal);
    const line = lines.get(key) ?? { running: 0, waiting: [] };
    lines.set(key, line);
    if (line.running < atOnce) line.running += 1;
    else await room(line, signal);
    try {
      refuseGivenUp(provider, signal);
      return await work();
    } finally {
      // Whoever is next takes over this place.
      const next = line.waiting.shift();
      if (next) next();
      else line.running -= 1;
      if (line.running === 0) lines.delete(key);
    }
  };
};
