/**
 * Fault 9, narrowed down: a deletion is asked for in the very moment in which the
 * operation before it ends. It must go ahead, whichever of the two comes first.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases } from '../support/databases.ts';
import { gate, startEngine, type TestEngine, testOperation } from '../support/engine.ts';
import { report } from './report.ts';
import { isWaitedFor } from './waited-for.ts';

// On SQLite one transaction has the whole file, so two of them are never under way at once.
for (const database of databases.filter(({ name }) => name === 'mariadb')) {
  describe(`a deletion at the end of another operation, on ${database.name}`, () => {
    const work = testOperation([{ name: 'work' }]);
    const endless = testOperation([{ name: 'work' }], { forwardOnly: true });
    const removal = testOperation([{ name: 'remove' }], { forwardOnly: true, waits: true });
    let ending = gate();
    let mayEnd = gate();
    let engine: TestEngine;
    before(async () => {
      engine = await startEngine(database, [work, endless, removal], {
        at: async (point, { step }) => {
          if (point !== 'step:committing' || step !== 'work') return;
          ending.open();
          await mayEnd.opened;
        },
      });
    });
    after(async () => {
      mayEnd.open();
      await engine.stop();
    });

    for (const [definition, what] of [
      [work, 'can be cancelled'],
      [endless, 'cannot be cancelled'],
    ] as const) {
      it(`that ${what}`, async () => {
        ending = gate();
        mayEnd = gate();
        const service = await engine.newService();
        const first = await engine.submit(definition, service);
        // Its last transaction has looked whether anybody waits behind it, and is about to be committed.
        await ending.opened;
        const asked = engine.submit(removal, service);
        while (!(await isWaitedFor(engine.database.db))) await new Promise((resolve) => setImmediate(resolve));
        mayEnd.open();
        const deletion = await asked;
        assert.equal((await engine.operations.waitForRest(first.id, 10_000))?.state, 'done');
        assert.equal((await engine.operations.waitForRest(deletion.id, 10_000))?.state, 'done');
        report({ fault: 9, name: 'a deletion asked for while the operation before it ends', cases: 1 });
      });
    }
  });
}
