/** How replicas tell each other what they let through: one row for each bucket that is in much use, which only grows. */
import type { Database } from '../database/database.ts';
import { isUniqueViolation } from '../database/errors.ts';
import { int } from '../database/rows.ts';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { createPoller } from '../kit/poller.ts';
import type { RateLimit } from './rate-limit.ts';

/** How long replicas may know nothing of each other. */
const everyMs = 2_000;
const keptMs = 3_600_000;
/** Of a flood from everywhere as many are told of as can be within one round. */
const mostTold = 200;

export const createRateExchange = ({
  db,
  clock,
  log,
  limit,
}: {
  db: Database;
  clock: Clock;
  log: Log;
  limit: RateLimit;
}) => {
  const add = async (id: string, taken: number, now: number): Promise<void> => {
    const grow = () => db.knex('rate_counters').where({ id }).increment('taken', taken).update({ touched_at: now });
    if ((await grow()) > 0) return;
    try {
      await db.knex('rate_counters').insert({ id, taken, touched_at: now });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await grow();
    }
  };

  /** Tells and hears once. Asks the database nothing while nobody calls often. */
  const exchange = async (): Promise<void> => {
    const busy = limit
      .busy()
      .sort((a, b) => b.fresh - a.fresh)
      .slice(0, mostTold);
    if (busy.length === 0) return;
    const now = await db.now();
    for (const { id, fresh } of busy) {
      await add(id, fresh, now);
      const row = await db.knex('rate_counters').where({ id }).first('taken');
      if (row) limit.heard(id, fresh, int(row.taken));
    }
  };

  const poller = createPoller({
    clock,
    pollMs: everyMs,
    look: exchange,
    failed: (error) => log.debug({ err: error }, 'Replicas could not tell each other how often they are called'),
  });

  return {
    exchange,
    start: poller.start,
    stop: poller.stop,
    /** Removes what nobody has touched for an hour. */
    clean: async (): Promise<number> =>
      db
        .knex('rate_counters')
        .where('touched_at', '<', (await db.now()) - keptMs)
        .delete(),
  };
};

export type RateExchange = ReturnType<typeof createRateExchange>;
