// Made by npm run generate from page/words.ts.
const units = [
['day', 86_400],
['hour', 3_600],
['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
export const exactTime = (instant) => exact.format(new Date(instant));
export const fromNow = (instant) => {
const seconds = (Date.parse(instant) - Date.now()) / 1000;
const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
if (Math.abs(seconds) < 45)
return seconds > 2 ? 'in a moment' : 'just now';
if (unit === 'second')
return relative.format(Math.round(seconds), unit);
return relative.format(Math.round(seconds / size), unit);
};
export const size = (mb) => (mb >= 1024 ? `${+(mb / 1024).toFixed(1)} GB` : `${+mb.toFixed(1)} MB`);
export const bytes = (count) => count < 1_048_576 ? `${Math.ceil(count / 1024)} kB` : size(count / 1_048_576);
export const duration = (seconds) => {
if (seconds < 60)
return `${Math.round(seconds)} s`;
if (seconds < 3_600)
return `${Math.round(seconds / 60)} min`;
if (seconds < 172_800)
return `${Math.round(seconds / 3_600)} h`;
return `${Math.round(seconds / 86_400)} days`;
};
export const count = (many, one, more = `${one}s`) => `${many.toLocaleString('en')} ${many === 1 ? one : more}`;
const kinds = {
'site.upgrade': 'Change plan',
'site.backup': 'Make backup',
'site.backup-delete': 'Delete backup',
'site.rollback': 'Roll back',
'site.proxy': 'Change who gets in',
'site.domain-add': 'Add domain',
'site.domain-remove': 'Remove domain',
};
export const kindWords = (kind) => {
const [thing = '', verb = ''] = kind.split('.');
const words = `${verb} ${thing}`.replaceAll(/[_-]/g, ' ').trim();
return kinds[kind] ?? words.charAt(0).toUpperCase() + words.slice(1);
};
const tones = {
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
export const toneOf = (state) => tones[state] ?? 'idle';
export const stateWords = (state) => (state === 'undoing' ? 'taking back' : state.replaceAll('_', ' '));
