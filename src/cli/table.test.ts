import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts, table } from './table.ts';

test('columns are aligned, numbers to the right, nothing is left at the end of a line', () => {
  const rows = [
    ['basic', 2048, null],
    ['größer', 16, 'x'],
  ];
  assert.equal(
    table(['plan', 'MB', 'note'], rows),
    ['PLAN      MB  NOTE', 'basic   2048  -', 'größer    16  x'].join('\n'),
  );
  assert.equal(table(['plan'], []), 'PLAN');
});

test('what a terminal would obey is not shown, and long texts are cut', () => {
  const shown = table(['says'], [['a\x1b[2Jb\nc'], ['x'.repeat(200)]]).split('\n');
  assert.deepEqual(shown.slice(0, 2), ['SAYS', 'a [2Jb c']);
  assert.equal(shown[2], `${'x'.repeat(71)}…`);
});

test('facts stand each on a line', () => {
  assert.equal(
    facts([
      ['State', 'active'],
      ['E-mail', 'a\tb'],
      ['Disk', 0],
      ['Node', null],
    ]),
    '  State   active\n  E-mail  a b\n  Disk    0\n  Node    -',
  );
});
