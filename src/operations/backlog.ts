/**
 * How much waits, for whoever watches this installation. Each query reads a few
 * rows of an index or the operations that are active now, never the ended ones.
 */
import type { Database } from '../database/database.ts';
import { int } from '../database/rows.ts';
import type { OperationState } from './operation.ts';

export interface Backlog {
  /** Operations that have not ended, by kind and state. */
  active: { kind: string; state: OperationState; count: number }[];
  /** Operations that any worker may claim, and for how long the oldest has been due. */
  due: { count: number; oldestMs: number };
}

/** Errors: the database's. */
export const readBacklog = async (db: Database): Promise<Backlog> => {
  const now = await db.now();
  // One after the other, so that watching takes one connection of the pool at most.
  const active = await db
    .knex('operations')
    .whereNotNull('active_key')
    .groupBy('kind', 'state')
    .select('kind', 'state')
    .count('* as count');
  const due = await db
    .knex('operations')
    .where('due_at', '<=', now)
    .count('* as count')
    .min('due_at as oldest')
    .first();
  const age = (since: unknown): number => (since === null || since === undefined ? 0 : Math.max(0, now - int(since)));
  return {
    active: active.map((row) => ({
      kind: String(row.kind),
      state: row.state as OperationState,
      count: int(row.count),
    })),
    due: { count: int(due?.count ?? 0), oldestMs: age(due?.oldest) },
  };
};
