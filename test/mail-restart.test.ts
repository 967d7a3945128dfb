/** A process that dies between sending a letter and writing that down. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databases } from './support/databases.ts';
import { dieOnTheWay } from './support/mail-death.ts';

for (const database of databases) {
  describe(`A letter whose process dies when it is sent, on ${database.name}`, () => {
    it('is sent again, and is the same to the byte', async () => {
      const [first, again, ...more] = await dieOnTheWay(database, 'send:after');
      assert.deepEqual(more, []);
      assert.match(first?.header('subject') ?? '', /^Your site is ready/);
      assert.equal(again?.header('message-id'), first?.header('message-id'));
      assert.equal(again?.raw, first?.raw);
    });
  });
}
