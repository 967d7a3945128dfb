import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { createInstallation } from '../../../test/support/cli.ts';

it('provisor zones walks a zone through its life, beside a running server', async (t) => {
  const { dataDir, setUp, json, run, serve } = await createInstallation(t);
  await setUp();
  await serve();
  const made = await json<{ name: string; state: string }>(['zones', 'create', 'example.com', '--customer', '42']);
  assert.deepEqual([made.name, made.state], ['example.com', 'active']);
  const record = await json<{ id: string }>([
    'zones',
    'add-record',
    'example.com',
    '@',
    'MX',
    'mail.example.org',
    '--priority',
    '10',
  ]);
  const listed = await run(['zones', 'records', 'example.com']);
  assert.match(listed.stdout, new RegExp(`${record.id}\\s+@\\s+3600\\s+MX\\s+10 mail.example.org\\s+published`));
  const refused = await run(['zones', 'add-record', 'example.com', '@', 'A', '1.2.3']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /The field "data" must be an IPv4 address/);
  const exported = await run(['zones', 'export', 'example.com']);
  assert.match(exported.stdout, /^@\t3600\tIN\tMX\t10 mail\.example\.org\.$/m);
  const file = join(dataDir, 'zone.txt');
  await writeFile(file, 'www A 192.0.2.9\n');
  const dry = await run(['zones', 'import', 'example.com', file, '--dry-run']);
  assert.match(dry.stdout, /^\+ www 3600 A 192\.0\.2\.9\nThat is what would change\.$/m);
  assert.equal((await run(['zones', 'import', 'example.com', file])).code, 0);
  assert.equal((await run(['zones', 'delete-record', 'example.com', record.id])).stdout, 'The record is deleted.\n');
  assert.match((await run(['zones', 'list'])).stdout, /example\.com\s+active\s+42\s+3 of 3000/);
  assert.match((await run(['zones', 'show', 'example.com'])).stdout, /Nameservers\s+ns1\.localhost, ns2\.localhost/);
  assert.equal((await run(['zones', 'delete', 'example.com'])).code, 0);
  assert.equal((await run(['zones', 'show', 'example.com'])).code, 1);
});
