import type { Knex } from 'knex';
import { type Clock, sleep } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Telemetry } from '../kit/telemetry.ts';
import { collectAfterCommit } from './after-commit.ts';
import type { Tx } from './database.ts';
import { isDatabaseDown, isRetryable } from './errors.ts';
import type { ConnectionSource, TransactionScope } from './inside-transaction.ts';

const maxAttempts = 12;
// A lock time-out alone takes 10 s. Nobody waits for the twelfth of those.
const giveUpMs = 20_000;
const backoffMs = (attempt: number) => Math.random() * Math.min(1000, 10 * 2 ** attempt);

interface TxClient {
  query(connection: unknown, query: string | { sql: string }): Promise<unknown>;
}

/**
 * After a deadlock the server has rolled back, and what a further statement on the connection did would be committed
 * without what went before. So once a query has failed that way, the others fail with it, and so does the work if it
 * swallowed the error.
 */
const watchForEnd = (tx: Tx): (() => { error: unknown } | undefined) => {
  const client = tx.client as TxClient;
  const query = client.query;
  let ended: { error: unknown } | undefined;
  client.query = async (connection, statement) => {
    const sql = typeof statement === 'string' ? statement : statement.sql;
    if (ended && !/^rollback\b/i.test(sql)) throw ended.error;
    try {
      return await query(connection, statement);
    } catch (error) {
      if (isRetryable(error) || isDatabaseDown(error)) ended ??= { error };
      throw error;
    }
  };
  return () => ended;
};

/** `Database.transaction` for a knex, on connections of `source` that are guarded by `scope`. */
export const transactions = (
  knex: Knex,
  source: ConnectionSource,
  scope: TransactionScope,
  options: { clock: Clock; log: Log; telemetry: Telemetry },
) => {
  const { clock, log, telemetry } = options;

  const runAfterCommit = (tasks: readonly (() => void)[]) => {
    for (const task of tasks) {
      try {
        task();
      } catch (error) {
        // The change is committed; its caller must not take it for failed.
        log.error({ err: error }, 'A task after a commit failed');
      }
    }
  };

  /** The error that the work itself threw is kept apart: a failing ROLLBACK must not take its place. */
  const attemptOnce = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    let thrown: { error: unknown } | undefined;
    let tasks: readonly (() => void)[] = [];
    let result: T;
    const connection = await source.acquireConnection();
    try {
      result = await knex.transaction(
        async (tx) => {
          const ended = watchForEnd(tx);
          tasks = collectAfterCommit(tx);
          try {
            const value = await scope.run(async () => work(tx));
            const end = ended();
            if (end) throw end.error;
            return value;
          } catch (error) {
            thrown = { error };
            throw error;
          }
        },
        { connection },
      );
    } catch (error) {
      throw thrown ? thrown.error : error;
    } finally {
      await source.releaseConnection(connection);
    }
    runAfterCommit(tasks);
    return result;
  };

  return async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    scope.assertOutside();
    const began = clock.monotonic();
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptOnce(work);
      } catch (error) {
        const late = attempt >= maxAttempts || clock.monotonic() - began > giveUpMs;
        if (late || !isRetryable(error)) throw error;
        telemetry.transactionRetried();
        log.debug({ err: error, attempt }, 'Running a transaction again');
        await sleep(clock, backoffMs(attempt));
      }
    }
  };
};
