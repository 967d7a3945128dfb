import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMailAddress, readMailbox } from './mail-address.ts';

test('an address is one address and nothing else', () => {
  for (const good of ['a@b', 'ana.pop+shop@mail.example.com', "o'neil@example.com", 'A_B@EXAMPLE.COM'])
    assert.ok(isMailAddress(good), good);
  for (const bad of [
    '',
    'ana',
    '@example.com',
    'ana@',
    'ana@example.com,bob@example.com',
    'ana@example.com\r\nBcc: bob@example.com',
    'ana@example.com\n',
    'ana pop@example.com',
    '"ana pop"@example.com',
    '<ana@example.com>',
    'ana@exa mple.com',
    'ana@example..com',
    'ana@-example.com',
    '.ana@example.com',
    'ana@example.com>',
    'ană@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b.'.repeat(130)}com`,
  ])
    assert.ok(!isMailAddress(bad), bad);
});

test('a mailbox is an address, with or without a name', () => {
  assert.deepEqual(readMailbox('post@example.com'), { name: '', address: 'post@example.com' });
  assert.deepEqual(readMailbox(' Găzduire, SRL <post@example.com> '), {
    name: 'Găzduire, SRL',
    address: 'post@example.com',
  });
  for (const bad of [
    'Example <post>',
    'Example post@example.com',
    'A <a@b.example> <c@d.example>',
    'A\r\nB <a@b.example>',
  ])
    assert.equal(readMailbox(bad), null, bad);
});
