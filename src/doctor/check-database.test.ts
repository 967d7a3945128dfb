import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import type { Provisor } from '../app.ts';
import { systemClock } from '../kit/clock.ts';
import { checkDatabase, checkEncryption, checkVersion } from './check-database.ts';

test('releases that Provisor was made for are good, older ones are bad', () => {
  for (const text of [
    '10.11.6-MariaDB-0+deb12u1',
    '11.4.2-MariaDB',
    '5.5.5-10.11.2-MariaDB',
    '8.0.39',
    '8.4.1',
    '9.1.0',
  ])
    assert.equal(checkVersion(text).state, 'good', text);
  for (const text of ['10.6.18-MariaDB', '5.5.5-10.3.2-MariaDB', '5.7.44-log', 'strange']) {
    const finding = checkVersion(text);
    assert.equal(finding.state, 'bad', text);
    assert.match(finding.remedy ?? '', /^Move to (MariaDB 10\.11|MySQL 8\.0)/);
  }
});

test('a connection over a network should be encrypted, one on this machine need not', () => {
  assert.equal(checkEncryption('db.example.com', 'TLS_AES_256_GCM_SHA384').state, 'good');
  assert.equal(checkEncryption('127.0.0.1', '').state, 'good');
  assert.equal(checkEncryption('db.example.com', '').state, 'note');
  assert.match(checkEncryption('10.0.0.5', '').finding, /tls=true/);
});

for (const database of databases) {
  test(`what is asked can be asked of a real one, on ${database.name}`, async () => {
    let offset = 0;
    const { db, url, drop } = await database.open({ clockOffset: () => offset });
    const provisor = { db, clock: systemClock, config: { databaseUrl: url } } as unknown as Provisor;
    const states = async () => (await checkDatabase(provisor)).map(({ check, state }) => `${check} ${state}`);
    assert.ok(
      (await states()).every((state) => !state.endsWith('bad')),
      String(await states()),
    );
    if (database.name === 'mariadb') {
      assert.equal((await states()).length, 4);
      offset = 600_000;
      const clock = (await checkDatabase(provisor)).at(-1);
      assert.match(clock?.finding ?? '', /database's clock is 10 minutes ahead of this machine's/);
      assert.equal(clock?.state, 'bad');
    }
    await drop();
  });
}
