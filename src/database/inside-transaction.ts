import { AsyncLocalStorage } from 'node:async_hooks';
import { markDatabaseError } from './errors.ts';

/** The part of a knex client that hands out connections. */
export interface ConnectionSource {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

/** Knows whether the running code is the work of a transaction. */
export interface TransactionScope {
  /** Runs `work` as the work of a transaction. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** @throws when called by the work of a transaction. */
  assertOutside(): void;
}

/**
 * Makes a query that leaves its transaction an error. On SQLite, with its one connection, it would wait for the
 * transaction that waits for it; on MySQL it would not see the transaction's own writes, and wait for a second
 * connection while holding the first.
 */
export const guardConnections = (sources: readonly ConnectionSource[]): TransactionScope => {
  const storage = new AsyncLocalStorage<{ open: boolean }>();
  const assertOutside = () => {
    if (storage.getStore()?.open) {
      throw new Error('This query runs inside a transaction but not on its tx: pass the tx on');
    }
  };

  for (const source of sources) {
    const acquire = source.acquireConnection.bind(source);
    source.acquireConnection = async () => {
      assertOutside();
      try {
        return await acquire();
      } catch (error) {
        markDatabaseError(error);
        throw error;
      }
    };
  }

  return {
    assertOutside,
    run: async (work) => {
      // What the work started and did not wait for keeps this scope; it is let go with the transaction.
      const scope = { open: true };
      try {
        return await storage.run(scope, work);
      } finally {
        scope.open = false;
      }
    },
  };
};
