import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createLog } from './log.ts';

test('what strangers say cannot begin a line of the log, nor colour a terminal', () => {
  let written = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      written += chunk;
      done();
    },
  });
  const log = createLog('debug', { stream: stream as typeof process.stdout });
  const evil = 'x\n{"level":30,"msg":"Ready"}\r\u001b[2J\u001b]0;owned\u0007';
  log.error({ detail: evil, err: new Error(evil), deep: { [evil]: evil } }, 'A step failed');
  assert.equal(written.trimEnd().split('\n').length, 1);
  const controls = [...written.trimEnd()].filter((character) => character < ' ');
  assert.deepEqual(controls, []);
  assert.equal(JSON.parse(written).detail, evil);
});
