/**
 * Brings the schema up to date. Any number of replicas may start together: one
 * at a time holds a lease and works, the others wait and find the work done.
 */
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { type Clock, sleep, systemClock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Dialect } from './columns.ts';
import type { Database, Tx } from './database.ts';
import { isUniqueViolation } from './errors.ts';
import { createLease, type MigrationLease, takeLease } from './migration-lease.ts';

export interface MigrateOptions {
  /** Holds `NNNN-name.ts` files, each with `export const up = async (db: Knex, dialect: Dialect) => …`. */
  directory: string | URL;
  log: Log;
  /** How long a dead holder keeps the others waiting, in milliseconds. @default 30000 */
  leaseMs?: number;
  /** Who holds the lease, for whoever looks into the table. @default host and process id */
  owner?: string;
  clock?: Clock;
}

type Up = (db: Knex, dialect: Dialect) => Promise<void>;

const filePattern = /^(\d{4}-[a-z0-9-]+)\.ts$/;
const pollMs = () => 100 + Math.random() * 200;

/** Names in the order they run. Throws when two share a number, for then their order is chance. */
const listMigrations = async (directory: string): Promise<string[]> => {
  const files = await readdir(directory);
  const names = files.flatMap((file) => filePattern.exec(file)?.[1] ?? []).sort();
  const twin = names.find((name, at) => names[at + 1]?.slice(0, 4) === name.slice(0, 4));
  if (twin) throw new Error(`Two migrations have the number ${twin.slice(0, 4)}`);
  return names;
};

const loadUp = async (directory: string, name: string): Promise<Up> => {
  const module: { up?: unknown } = await import(pathToFileURL(join(directory, `${name}.ts`)).href);
  if (typeof module.up !== 'function') throw new Error(`The migration ${name} exports no function named up`);
  return module.up as Up;
};

const createRecord = async (db: Database): Promise<void> => {
  const engine = db.dialect === 'mysql' ? ' ENGINE = InnoDB' : '';
  await db.knex.raw(
    `CREATE TABLE IF NOT EXISTS schema_migrations (name varchar(190) NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)${engine}`,
  );
};

const readPending = async (db: Database, known: readonly string[]): Promise<string[]> => {
  const applied = new Set<string>(await db.knex('schema_migrations').pluck('name'));
  const strange = [...applied].filter((name) => !known.includes(name)).sort();
  if (strange.length > 0) {
    throw new Error(
      `The database's schema is newer than this program: it has ${strange.join(', ')}. Start the version that made it, or a later one.`,
    );
  }
  return known.filter((name) => !applied.has(name));
};

/**
 * What `migrate` would run, without running it or changing anything.
 *
 * @throws when the database has migrations that the directory lacks.
 */
export const pendingMigrations = async (
  db: Database,
  { directory }: Pick<MigrateOptions, 'directory'>,
): Promise<{ applied: number; pending: string[] }> => {
  const known = await listMigrations(directory instanceof URL ? fileURLToPath(directory) : directory);
  if (!(await db.knex.schema.hasTable('schema_migrations'))) return { applied: 0, pending: known };
  const pending = await readPending(db, known);
  return { applied: known.length - pending.length, pending };
};

/** Writes down that `name` is done. False when the lease was lost, and then nothing is written. */
const record = async (db: Database, tx: Tx, lease: MigrationLease, name: string): Promise<boolean> => {
  if (!(await lease.hold(tx))) return false;
  await tx('schema_migrations').insert({ name, applied_at: await db.now(tx) });
  return true;
};

/** Renews the lease until stopped. A renewal that fails is tried again at the next turn. */
const keepRenewing = (lease: MigrationLease, everyMs: number, clock: Clock, log: Log): (() => void) => {
  const beat = () => {
    const again = () => {
      timer = clock.after(everyMs, beat);
      if (stopped) timer.cancel();
    };
    lease.renew().then(again, (error: unknown) => {
      log.warn({ err: error }, 'Could not renew the migration lease');
      again();
    });
  };
  let stopped = false;
  let timer = clock.after(everyMs, beat);
  return () => {
    stopped = true;
    timer.cancel();
  };
};

// DDL is part of the transaction here, so a migration and its record come
// together or not at all, and its lock keeps everybody else out. Foreign keys
// rest meanwhile: knex changes a column by building the table anew, and dropping
// the old one would delete the rows that point at it. They are checked at the end.
const runOnSqlite = (db: Database, lease: MigrationLease, name: string, up: Up): Promise<boolean> =>
  db.knex.transaction(
    async (tx) => {
      if (!(await lease.hold(tx))) return false;
      await up(tx, 'sqlite');
      return record(db, tx, lease, name);
    },
    { enforceForeignCheck: false },
  );

// DDL commits by itself here. A kill before the record means that `up` runs once more, past its guards.
const runOnMysql = async (
  db: Database,
  lease: MigrationLease,
  name: string,
  up: Up,
  renewing: { everyMs: number; clock: Clock; log: Log },
): Promise<boolean> => {
  const stopRenewing = keepRenewing(lease, renewing.everyMs, renewing.clock, renewing.log);
  try {
    await up(db.knex, 'mysql');
  } catch (error) {
    // Somebody who took over may have come first with the same change; what counts is how theirs ends.
    if (await lease.renew()) throw error;
    return false;
  } finally {
    stopRenewing();
  }
  return db
    .transaction((tx) => record(db, tx, lease, name))
    .catch((error: unknown) => {
      // Our own record, committed by an attempt that lost its connection at COMMIT.
      if (isUniqueViolation(error)) return true;
      throw error;
    });
};

/**
 * Runs the migrations that the database lacks, in the order of their numbers, and records each in
 * `schema_migrations`. Safe to run by many processes at once and after a kill at any point: `up` may then run twice,
 * so it looks whether its change is there already (hasTable, hasColumn). On SQLite `up` runs inside a transaction.
 *
 * @returns the names that this call applied; those applied by others meanwhile are not among them.
 * @throws when the database has migrations that the directory lacks, and what a failing migration threw.
 */
export const migrate = async (db: Database, options: MigrateOptions): Promise<{ applied: string[] }> => {
  const { log, leaseMs = 30_000, owner = `${hostname()}:${process.pid}`, clock = systemClock } = options;
  const directory = options.directory instanceof URL ? fileURLToPath(options.directory) : options.directory;
  const known = await listMigrations(directory);
  await createRecord(db);
  await createLease(db);

  const applied: string[] = [];
  /** Runs all that is pending; stops early when the lease is lost. */
  const work = async (lease: MigrationLease) => {
    // Read again: somebody may have finished between our look and our lease.
    for (const name of await readPending(db, known)) {
      const up = await loadUp(directory, name);
      const done =
        db.dialect === 'sqlite'
          ? await runOnSqlite(db, lease, name, up)
          : await runOnMysql(db, lease, name, up, { everyMs: leaseMs / 3, clock, log });
      if (!done) return log.warn({ migration: name }, 'Another process took over the migration lease');
      applied.push(name);
      log.debug({ migration: name }, 'Migration applied');
    }
  };

  while ((await readPending(db, known)).length > 0) {
    const lease = await takeLease(db, { leaseMs, owner });
    if (!lease) {
      await sleep(clock, pollMs());
      continue;
    }
    try {
      await work(lease);
    } finally {
      // A lease that cannot be given back ends by itself; the error of the work is the one to tell.
      await lease
        .release()
        .catch((error: unknown) => log.warn({ err: error }, 'Could not release the migration lease'));
    }
  }
  return { applied };
};
