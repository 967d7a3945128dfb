/** Waiting for what needs no time of its own: until the database has answered everything, or until something is so. */
import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Resolves when no query has been under way, nor waited for a connection, for
 * some turns of the event loop: whoever is left waits for a timer or for a test.
 */
export const untilIdle = async (db: Database, turns = 8): Promise<void> => {
  const limit = performance.now() + 20_000;
  for (let idle = 0; idle < turns; ) {
    await turn();
    const { used, waiting } = db.connections();
    idle = used + waiting > 0 ? 0 : idle + 1;
    assert.ok(performance.now() < limit, 'The database does not come to rest');
  }
};

/** Resolves when `check` holds. Fails the test when it does not within some seconds. */
export const until = async (what: string, check: () => boolean | Promise<boolean>): Promise<void> => {
  const limit = performance.now() + 10_000;
  while (!(await check())) {
    assert.ok(performance.now() < limit, `It did not come to this: ${what}`);
    await turn();
  }
};
