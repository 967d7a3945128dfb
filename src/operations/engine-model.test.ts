/**
 * Random histories of the engine, in `test/support/engine-model.ts`. The seed is
 * fixed; PROVISOR_TEST_SEED and PROVISOR_TEST_RUNS make other and longer runs.
 */
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { actions, modelTime, runModel } from '../../test/support/engine-model.ts';

const seed = Number(process.env.PROVISOR_TEST_SEED ?? 20_260_721);

for (const database of databases) {
  describe(`random histories on ${database.name}`, () => {
    const numRuns = Number(process.env.PROVISOR_TEST_RUNS ?? (database.name === 'sqlite' ? 60 : 15));
    const time = modelTime();
    let opened: TestDatabase;
    before(async () => {
      opened = await database.open({ clockOffset: time.offset });
    });
    after(() => opened.drop());

    it(`keep every promise (seed ${seed}, ${numRuns} runs)`, async () => {
      await fc.assert(
        fc.asyncProperty(actions, (plan) => runModel(opened, time, plan)),
        { seed, numRuns, endOnFailure: true },
      );
    });
  });
}
