/**
 * Names, addresses and numbers, each given to one service. What is given back
 * rests for a while, so that a stranger's site does not answer under it at once.
 */
import type { Tx } from '../../database/database.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import { int } from '../../database/rows.ts';
import { insertInto, statement } from '../../database/statement.ts';
import { AppError } from '../../kit/errors.ts';

/** Whose it is. */
export interface Holder {
  panelId: string;
  /** Our own id of the service. */
  service: string;
}

const insertOne = insertInto('reservations', ['pool', 'value', 'number', 'panel_id', 'service']);
const takeRested = statement(
  `update reservations set panel_id = ?, service = ?, free_at = null
   where pool = ? and value = ? and (free_at <= ? or service = ?)`,
);
const findHolder = statement('select service from reservations where pool = ? and value = ?');
const findRested = statement(
  `select value, number from reservations
   where pool = ? and free_at <= ? and number between ? and ? order by free_at limit 1`,
);
const raiseNext = statement('update pools set next_number = next_number + 1 where name = ?');
const findNext = statement('select next_number from pools where name = ?');

const insert = async (tx: Tx, pool: string, value: string, number: number | null, holder: Holder): Promise<boolean> => {
  try {
    await insertOne.change(tx, [pool, value, number, holder.panelId, holder.service]);
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
};

/** Takes a name. False when it is another's, or rests. */
export const reserveName = async (
  tx: Tx,
  pool: string,
  value: string,
  holder: Holder,
  now: number,
): Promise<boolean> => {
  const rested = await takeRested.change(tx, [holder.panelId, holder.service, pool, value, now, holder.service]);
  if (rested === 1) return true;
  const known = await findHolder.first(tx, [pool, value]);
  return known ? false : insert(tx, pool, value, null, holder);
};

export interface NumberPool {
  name: string;
  /** What a customer calls one of it. */
  label: string;
  start: number;
  end: number;
  /** How a number is written, e.g. as an IP address. */
  format: (number: number) => string;
}

/** Takes a number that has rested. Null when there is none. */
const reuse = async (tx: Tx, pool: NumberPool, holder: Holder, now: number): Promise<number | null> => {
  const rested = await findRested.first(tx, [pool.name, now, pool.start, pool.end]);
  if (!rested) return null;
  await tx('reservations')
    .where({ pool: pool.name, value: rested.value })
    .update({ panel_id: holder.panelId, service: holder.service, free_at: null });
  return int(rested.number);
};

/** The lowest number that nobody ever had: there are some when the pool was widened downwards. */
const findGap = async (tx: Tx, pool: NumberPool): Promise<number | null> => {
  const taken = await tx('reservations').where({ pool: pool.name, number: pool.start }).first('number');
  if (!taken) return pool.start;
  const gap = await tx('reservations as mine')
    .leftJoin('reservations as next', (join) => {
      join.on('next.pool', 'mine.pool').andOn('next.number', tx.raw('mine.number + 1'));
    })
    .where('mine.pool', pool.name)
    .whereBetween('mine.number', [pool.start, pool.end - 1])
    .whereNull('next.number')
    .orderBy('mine.number')
    .first(tx.raw('mine.number + 1 as free'));
  return gap ? int(gap.free) : null;
};

/**
 * Takes a number of the pool. Errors: `pool_exhausted` (503) when all are in use
 * or rest; a unique violation when two begin a pool at once: run the transaction again.
 */
export const reserveNumber = async (tx: Tx, pool: NumberPool, holder: Holder, now: number): Promise<number> => {
  // Raising the counter locks its row: two transactions never look for the same number at once.
  const raised = await raiseNext.change(tx, [pool.name]);
  if (raised === 0) await tx('pools').insert({ name: pool.name, next_number: pool.start + 1 });

  const rested = await reuse(tx, pool, holder, now);
  if (rested !== null) {
    await tx('pools').where({ name: pool.name }).decrement('next_number', 1);
    return rested;
  }
  const row = await findNext.first(tx, [pool.name]);
  const next = int(row.next_number) - 1;
  if (next >= pool.start && next <= pool.end && (await insert(tx, pool.name, pool.format(next), next, holder)))
    return next;
  const gap = await findGap(tx, pool);
  if (gap !== null && (await insert(tx, pool.name, pool.format(gap), gap, holder))) {
    await tx('pools')
      .where({ name: pool.name })
      .update({ next_number: gap + 1 });
    return gap;
  }
  throw new AppError(
    'unavailable',
    'pool_exhausted',
    `No ${pool.label} is free at the moment. The operator has to widen the pool.`,
    {
      retryAfter: 300,
    },
  );
};

/** Gives back all that a service has. Nobody else gets any of it before `freeAt`. */
export const releaseAll = async (tx: Tx, service: string, freeAt: number): Promise<void> => {
  await tx('reservations').where({ service }).whereNull('free_at').update({ free_at: freeAt });
};
