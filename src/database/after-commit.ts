import type { Tx } from './database.ts';

const waiting = new WeakMap<Tx, (() => void)[]>();

/**
 * Runs `task` once this attempt of the transaction is committed, and never after a rollback. For hints such as
 * waking a worker; what must not be lost belongs in a row. An error that it throws is logged, nothing else.
 *
 * @throws when `tx` was not opened by `Database.transaction`, e.g. a savepoint.
 */
export const afterCommit = (tx: Tx, task: () => void): void => {
  const tasks = waiting.get(tx);
  if (!tasks) throw new Error('afterCommit needs the transaction that Database.transaction handed out');
  tasks.push(task);
};

/** Lets tasks be added for `tx`; returns the list that fills up. */
export const collectAfterCommit = (tx: Tx): readonly (() => void)[] => {
  const tasks: (() => void)[] = [];
  waiting.set(tx, tasks);
  return tasks;
};
