import type { Knex } from 'knex';

/** A transaction that `Database.transaction` opened. */
export type Tx = Knex.Transaction;

/** What a store function takes: it runs inside a transaction or on its own, as its caller wishes. */
export type Queries = Knex | Knex.Transaction;

/** Our database, the same on SQLite and on MySQL/MariaDB. */
export interface Database {
  readonly dialect: 'sqlite' | 'mysql';

  /** Reads outside a transaction. A query on it from within `transaction`'s work throws: it would wait for itself. */
  readonly knex: Knex;

  /**
   * Runs `work` in one transaction (READ COMMITTED on MySQL, BEGIN IMMEDIATE on SQLite) and commits what it did.
   *
   * The whole of `work` runs again, a bounded number of times with jittered backoff, after a deadlock, a lock
   * time-out, a certification conflict, a busy SQLite file or a lost connection, also at COMMIT. After a connection
   * lost at COMMIT nobody knows whether it was committed, so `work` must be harmless to repeat.
   *
   * @throws what `work` threw, or the database's last error when the repeats are used up.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;

  /** Epoch milliseconds by the database's clock. Inside a transaction pass its `tx`. */
  now(queries?: Queries): Promise<number>;

  /** The time that a statement read by the word `now`: as `now`, without a question of its own. */
  timeOf(told: unknown): number;

  /** Rejects when the database does not answer within `timeoutMs` (default 2000). */
  ping(timeoutMs?: number): Promise<void>;

  /** Connections in use and idle, callers that wait for one, and how many there may be. */
  connections(): { used: number; free: number; waiting: number; most: number };

  /** Waits for what is running, then closes every connection. Closing twice is harmless. */
  close(): Promise<void>;
}
