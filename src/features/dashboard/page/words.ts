/** How things are said: states, kinds, times, sizes. */

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export const exactTime = (instant: string): string => exact.format(new Date(instant));

/** `3 hours ago`. What is a little ahead is so by a clock that differs. */
export const fromNow = (instant: string): string => {
  const seconds = (Date.parse(instant) - Date.now()) / 1000;
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  if (Math.abs(seconds) < 45) return seconds > 2 ? 'in a moment' : 'just now';
  if (unit === 'second') return relative.format(Math.round(seconds), unit);
  return relative.format(Math.round(seconds / size), unit);
};

/** `2 GB` of mebibytes. */
export const size = (mb: number): string => (mb >= 1024 ? `${+(mb / 1024).toFixed(1)} GB` : `${+mb.toFixed(1)} MB`);
export const bytes = (count: number): string =>
  count < 1_048_576 ? `${Math.ceil(count / 1024)} kB` : size(count / 1_048_576);

export const duration = (seconds: number): string => {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
};

export const count = (many: number, one: string, more = `${one}s`): string =>
  `${many.toLocaleString('en')} ${many === 1 ? one : more}`;

const kinds: Record<string, string> = {
  'site.upgrade': 'Change plan',
  'site.backup': 'Make backup',
  'site.backup-delete': 'Delete backup',
  'site.rollback': 'Roll back',
  'site.proxy': 'Change who gets in',
  'site.domain-add': 'Add domain',
  'site.domain-remove': 'Remove domain',
};

/** `site.create` → `Create site`, also for kinds that this page does not know yet. */
export const kindWords = (kind: string): string => {
  const [thing = '', verb = ''] = kind.split('.');
  const words = `${verb} ${thing}`.replaceAll(/[_-]/g, ' ').trim();
  return kinds[kind] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

const tones: Record<string, 'ok' | 'busy' | 'warn' | 'bad' | 'idle'> = {
  active: 'ok',
  done: 'ok',
  ready: 'ok',
  published: 'ok',
  running: 'busy',
  creating: 'busy',
  queued: 'busy',
  issuing: 'busy',
  undoing: 'warn',
  deleting: 'busy',
  removing: 'busy',
  starting: 'busy',
  pending_verification: 'warn',
  suspended: 'warn',
  changed: 'warn',
  foreign: 'warn',
  failed: 'bad',
  stuck: 'bad',
  missing: 'bad',
  expired: 'bad',
};

export const toneOf = (state: string): string => tones[state] ?? 'idle';
export const stateWords = (state: string): string => (state === 'undoing' ? 'taking back' : state.replaceAll('_', ' '));
