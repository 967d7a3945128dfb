import { newId } from '../kit/ids.ts';
import type { Database, Tx } from './database.ts';
import { isUniqueViolation } from './errors.ts';
import { int } from './rows.ts';

/** The right to change the schema, held by one process at a time. */
export interface MigrationLease {
  /** Puts the end off by the lease's length. False when another process has taken it over. */
  renew(): Promise<boolean>;
  /** Inside `tx`: keeps others from taking over before it commits. False when one already has. */
  hold(tx: Tx): Promise<boolean>;
  /** Gives it back. Harmless when it is lost already. */
  release(): Promise<void>;
}

/** Makes the table of the lease with its one row. Any number of processes may do so at once. */
export const createLease = async (db: Database): Promise<void> => {
  const engine = db.dialect === 'mysql' ? ' ENGINE = InnoDB' : '';
  await db.knex.raw(
    `CREATE TABLE IF NOT EXISTS migration_lease
       (id int NOT NULL PRIMARY KEY, owner varchar(190), fence bigint NOT NULL, expires_at bigint NOT NULL)${engine}`,
  );
  if (await db.knex('migration_lease').first('id')) return;
  await db
    .knex('migration_lease')
    .insert({ id: 1, owner: null, fence: 0, expires_at: 0 })
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
    });
};

/**
 * Takes the lease when it is free, or when its holder has let it expire by the database's clock.
 *
 * @returns null when somebody else holds it.
 */
export const takeLease = async (
  db: Database,
  options: { leaseMs: number; owner: string },
): Promise<MigrationLease | null> => {
  const { leaseMs } = options;
  // The same machine may hold it twice, before and after a crash; so the owner's name alone says too little.
  const owner = `${options.owner.slice(0, 160)} ${newId()}`;
  const fence = await db.transaction(async (tx) => {
    const now = await db.now(tx);
    // Its own name is there when this runs again after a connection lost at COMMIT.
    const taken = await tx('migration_lease')
      .where({ id: 1 })
      .where((free) => free.whereNull('owner').orWhere('expires_at', '<=', now).orWhere({ owner }))
      .update({ owner, fence: tx.raw('fence + 1'), expires_at: now + leaseMs });
    const row = taken ? await tx('migration_lease').where({ id: 1, owner }).first('fence') : null;
    return row ? int(row.fence) : null;
  });
  if (fence === null) return null;

  const mine = { id: 1, owner, fence };
  const extend = async (queries: Tx | Database['knex'], now: number) =>
    (await queries('migration_lease')
      .where(mine)
      .update({ expires_at: now + leaseMs })) === 1;
  return {
    renew: async () => extend(db.knex, await db.now()),
    hold: async (tx) => extend(tx, await db.now(tx)),
    release: async () => {
      await db.knex('migration_lease').where(mine).update({ owner: null, expires_at: 0 });
    },
  };
};
