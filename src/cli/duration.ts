/** Spans of time as an operator types them. */
import { InvalidArgumentError } from 'commander';

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longestMs = 3650 * 86_400_000;

/** Milliseconds of `30s`, `15m`, `24h`, `30d` or `0`. Errors: a sentence for whoever typed it. */
export const parseDuration = (text: string): number => {
  if (text === '0') return 0;
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const ms = match ? Number(match[1]) * unitMs[match[2]!]! : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('Give a whole number and a unit: 30s, 15m, 24h or 30d.');
  }
  if (ms > longestMs) throw new InvalidArgumentError('That is too long: 3650d at most.');
  return ms;
};

/** As `parseDuration`, for what must take some time. */
export const parseSomeDuration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === 0) throw new InvalidArgumentError('It must be longer than nothing, e.g. 24h.');
  return ms;
};
