/**
 * Names, addresses and numbers, each given to one service. What is given back
 * rests for a while, so that a stranger's site does not answer under it at once.
 */
import type { Tx } from '../../database/database.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import { int, intOrNull } from '../../database/rows.ts';
import { insertAllInto, statement, statementsOf } from '../../database/statement.ts';
import { AppError } from '../../kit/errors.ts';

/** Whose it is. */
export interface Holder {
  panelId: string;
  /** Our own id of the service. */
  service: string;
}

const insertAll = insertAllInto('reservations', ['pool', 'value', 'number', 'panel_id', 'service']);
const takeRestedName = statement(
  `update reservations set panel_id = ?, service = ?, free_at = null
   where pool = ? and value = ? and (free_at <= ? or service = ?)`,
);
const findName = statement('select 1 from reservations where pool = ? and value = ?');

const unlessTaken = async (inserting: Promise<number>): Promise<boolean> => {
  try {
    await inserting;
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
  { panelId, service }: Holder,
  now: number,
): Promise<boolean> => {
  if (await findName.first(tx, [pool, value]))
    return (await takeRestedName.change(tx, [panelId, service, pool, value, now, service])) === 1;
  return unlessTaken(insertAll(1).change(tx, [pool, value, null, panelId, service]));
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

/** What a pool has to give. */
interface Offer {
  /** The number after the last new one. */
  next: number;
  /** One that was given back, and has rested. */
  rested: number | null;
}

const raiseAll = statementsOf(
  (pools) => `update pools set next_number = next_number + 1 where name in (${pools.map(() => '?').join(', ')})`,
);
const findOffers = statementsOf((pools) =>
  pools
    .map(
      () => `select name, next_number - 1 as next, (
          select number from reservations where pool = ? and free_at <= ? and number between ? and ?
          order by free_at limit 1
        ) as rested from pools where name = ?`,
    )
    .join(' union all '),
);
const takeRestedNumber = statement(
  'update reservations set panel_id = ?, service = ?, free_at = null where pool = ? and number = ?',
);
const setNext = statement('update pools set next_number = ? where name = ?');

/** Makes the counters of pools that nobody has taken a number of. */
const beginMissing = async (tx: Tx, pools: readonly NumberPool[]): Promise<void> => {
  const names = pools.map(({ name }) => name);
  const known = new Set((await tx('pools').whereIn('name', names).select('name')).map(({ name }) => name));
  for (const { name, start } of pools) if (!known.has(name)) await tx('pools').insert({ name, next_number: start + 1 });
};

/** What each has to give. Until the transaction ends, nobody else takes any of them. */
const lookInto = async (tx: Tx, pools: readonly NumberPool[], now: number): Promise<(NumberPool & Offer)[]> => {
  const names = pools.map(({ name }) => name);
  // Raising the counters locks their rows: two transactions never look for the same number at once.
  if ((await raiseAll(names).change(tx, names)) < pools.length) await beginMissing(tx, pools);
  const values = pools.flatMap(({ name, start, end }) => [name, now, start, end, name]);
  const rows = await findOffers(names).rows(tx, values);
  return pools.map((pool) => {
    const row = rows.find(({ name }) => name === pool.name);
    return { ...pool, next: int(row.next), rested: intOrNull(row.rested) };
  });
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

const isNew = ({ rested, next, start, end }: NumberPool & Offer): boolean =>
  rested === null && next >= start && next <= end;

const takeNew = (tx: Tx, numbers: readonly [NumberPool, number][], { panelId, service }: Holder): Promise<boolean> =>
  unlessTaken(
    insertAll(numbers.length).change(
      tx,
      numbers.flatMap(([{ name, format }, number]) => [name, format(number), number, panelId, service]),
    ),
  );

/** Errors: `pool_exhausted`. */
const takeOne = async (tx: Tx, pool: NumberPool & Offer, holder: Holder): Promise<number> => {
  const { name, rested, next } = pool;
  if (rested !== null) {
    await takeRestedNumber.change(tx, [holder.panelId, holder.service, name, rested]);
    await setNext.change(tx, [next, name]);
    return rested;
  }
  if (isNew(pool) && (await takeNew(tx, [[pool, next]], holder))) return next;
  const gap = await findGap(tx, pool);
  if (gap !== null && (await takeNew(tx, [[pool, gap]], holder))) {
    await setNext.change(tx, [gap + 1, name]);
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

const takeAll = async (tx: Tx, pools: readonly NumberPool[], holder: Holder, now: number): Promise<number[]> => {
  const offers = await lookInto(tx, pools, now);
  const areNew = offers.every(isNew);
  const next = offers.map((pool): [NumberPool, number] => [pool, pool.next]);
  if (areNew && (await takeNew(tx, next, holder))) return offers.map((pool) => pool.next);
  const taken: number[] = [];
  for (const pool of offers) taken.push(await takeOne(tx, pool, holder));
  return taken;
};

/**
 * Takes a number of each pool, in their order. Errors: `pool_exhausted` (503) when all of one are in use or rest; a
 * unique violation when two begin a pool at once: run the transaction again.
 */
export const reserveNumbers = async <const Pools extends readonly NumberPool[]>(
  tx: Tx,
  pools: Pools,
  holder: Holder,
  now: number,
): Promise<{ [At in keyof Pools]: number }> => {
  const taken = await takeAll(tx, pools, holder, now);
  // One for each, in their order.
  return taken as { [At in keyof Pools]: number };
};

/** Gives back all that a service has. Nobody else gets any of it before `freeAt`. */
export const releaseAll = async (tx: Tx, service: string, freeAt: number): Promise<void> => {
  await tx('reservations').where({ service }).whereNull('free_at').update({ free_at: freeAt });
};
