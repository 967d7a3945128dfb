/** Spans of time as people read them. */

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** A span in the unit in which it is easy to grasp: `320 ms`, `1.2 s`, `5 minutes`, `12 days`. */
export const formatDuration = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 2 * hourMs) return counted(Math.round(ms / minuteMs), 'minute');
  if (ms < 2 * dayMs) return counted(Math.round(ms / hourMs), 'hour');
  return counted(Math.round(ms / dayMs), 'day');
};

/** How far an instant is from now: `5 minutes ago`, `in 30 days`. */
export const fromNow = (at: number, now: number): string => {
  if (Math.abs(at - now) < 1_000) return 'now';
  return at < now ? `${formatDuration(now - at)} ago` : `in ${formatDuration(at - now)}`;
};
