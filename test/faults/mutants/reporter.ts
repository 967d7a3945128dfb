/** Tells each ended test in one line of JSON, with what its failure goes back to. For `node --test --test-reporter`. */
import type { TestEvent } from 'node:test/reporters';

export interface Ended {
  name: string;
  passed: boolean;
  file: string;
  /** An assertion did not hold. False when the test was cut off, or threw something else. */
  asserted: boolean;
  message: string;
}

/** An error and what caused it, outermost first. */
const chain = (error: unknown): { code?: unknown; message?: unknown }[] => {
  const found: { code?: unknown; message?: unknown }[] = [];
  for (let each = error; typeof each === 'object' && each !== null && found.length < 10; ) {
    found.push(each);
    each = (each as { cause?: unknown }).cause;
  }
  return found;
};

export default async function* (events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    // Sent as soon as a test has ended, while passes and failures wait for the tests before them.
    if (event.type !== 'test:complete') continue;
    const { data } = event;
    if (data.details.type === 'suite') continue;
    const errors = chain(data.details.error);
    const ended: Ended = {
      name: data.name,
      passed: data.details.passed,
      file: data.file ?? '',
      asserted: errors.some(({ code }) => code === 'ERR_ASSERTION'),
      message: String(errors.at(-1)?.message ?? ''),
    };
    yield `${JSON.stringify(ended)}\n`;
  }
}
