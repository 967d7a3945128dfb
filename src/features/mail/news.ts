/** Which events are told by mail, and to whom. Pure. */
import type { OutboxEvent } from '../../deliveries/delivery.ts';
import type { News } from './letter.ts';

export const roles = ['customer', 'operator'] as const;
export type Role = (typeof roles)[number];

/** What a customer wants to know when it went well. All else they saw happen. */
const goodNews: Record<string, News> = {
  'site.create.done': { is: 'created' },
  'site.suspend.done': { is: 'suspended' },
  'site.unsuspend.done': { is: 'unsuspended' },
  'site.delete.done': { is: 'deleted' },
};

/** What a customer asked for, and is told of when it could not be done. The rest is the operator's to mend. */
const customersWishes = new Set([
  'site.create',
  'site.upgrade',
  'site.start',
  'site.stop',
  'site.restart',
  'site.reset',
  'site.proxy',
  'site.backup',
  'site.backup-delete',
  'site.rollback',
  'site.domain-add',
  'site.domain-remove',
]);

/** Ends that somebody asked for are no failure to anybody. */
const wishedEnds = ['cancelled', 'superseded'];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What an event means to a reader; null when they are not told of it. */
export const newsFor = (role: Role, { name, payload }: Pick<OutboxEvent, 'name' | 'payload'>): News | null => {
  const good = goodNews[name];
  if (good) return role === 'customer' ? good : null;
  const [, kind = '', is] = /^(.+)\.(failed|stuck)$/.exec(name) ?? [];
  const operation = textOf(payload.operation_id);
  // A custom domain that never came right is no operation; its customer sees it in the panel.
  if ((is !== 'failed' && is !== 'stuck') || operation === '') return null;
  const error = (payload.error ?? {}) as Record<string, unknown>;
  const [code, sentence] = [textOf(error.code), textOf(error.message)];
  if (wishedEnds.includes(code)) return null;
  if (role === 'customer' && (is === 'stuck' || !customersWishes.has(kind))) return null;
  return { is, kind, code, sentence, operation };
};
