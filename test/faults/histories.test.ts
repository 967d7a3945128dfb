/**
 * Many more of the random histories that `npm test` has a few of: workers that
 * die, pause and are drained, calls that lie, wishes that cross.
 */
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { databases, type TestDatabase } from '../support/databases.ts';
import { actions, modelTime, runModel } from '../support/engine-model.ts';
import { report } from './report.ts';

const seed = Number(process.env.PROVISOR_TEST_SEED ?? Date.now() % 2 ** 31);

for (const database of databases) {
  describe(`random histories on ${database.name}`, () => {
    const numRuns = Number(process.env.PROVISOR_TEST_RUNS ?? (database.name === 'sqlite' ? 1_500 : 300));
    const time = modelTime();
    let opened: TestDatabase;
    before(async () => {
      opened = await database.open({ clockOffset: time.offset });
    });
    after(() => opened.drop());

    it(`keep every promise (PROVISOR_TEST_SEED=${seed}, ${numRuns} runs)`, async () => {
      let gone = 0;
      await fc.assert(
        fc.asyncProperty(actions, async (plan) => {
          await runModel(opened, time, plan);
          gone += 1;
        }),
        { seed, numRuns },
      );
      report({ fault: 16, name: 'random histories against a model', cases: gone });
    });
  });
}
