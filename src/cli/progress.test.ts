import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createProgress, type Terminal } from './progress.ts';

const terminal = (more: object): { stream: Terminal; written: () => string } => {
  const stream = Object.assign(new PassThrough(), more);
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { stream, written: () => text };
};

test('elsewhere than on a terminal each change is a line', () => {
  const { stream, written } = terminal({});
  const progress = createProgress(stream);
  progress.show(0, 'Waiting');
  progress.show(0, 'Waiting');
  progress.show(50, 'Stop\x07ping');
  progress.end();
  assert.equal(written(), '  0 %  Waiting\n 50 %  Stop ping\n');
});

test('on a terminal it is a bar, which is gone at the end', () => {
  const { stream, written } = terminal({ isTTY: true, columns: 80 });
  const progress = createProgress(stream);
  progress.show(0, 'Waiting');
  progress.show(50, 'Stopping\x1b[2J');
  progress.end();
  progress.end();
  assert.match(written(), / 0% {2}Waiting/);
  assert.equal(written().split('Stopping\x1b').length, 1);
});
