/** The events that there are. What is not listed here cannot be asked for by name. */
import { testEvent } from './webhook.ts';

/** Those that no operation ends with. */
export const otherEvents = [
  'domain.expired',
  'domain.failed',
  'support.created',
  'support.suspended',
  'support.unsuspended',
  'support.terminated',
  'support.key_rotated',
  testEvent,
];

/** Given the kinds of operations, every event. */
export const eventsOf = (kinds: readonly string[]): string[] =>
  [
    ...kinds.flatMap((kind) => ['done', 'failed', 'stuck'].map((outcome) => `${kind}.${outcome}`)),
    ...otherEvents,
  ].sort();
