import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, schema, secretVariables } from './config.ts';

test('every variable that is named like a secret is treated as one', () => {
  const named = Object.keys(schema.shape).filter((name) =>
    /(SECRET|PASSWORD|TOKEN|API_KEY|PEPPER|HEADERS)$/.test(name),
  );
  assert.ok(named.length >= 6, String(named));
  assert.deepEqual(
    named.filter((name) => !secretVariables.includes(name)),
    [],
  );
});

test('the secrets of a configuration are its secret values and the passwords in its addresses', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'provisor-secrets-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const { secrets } = loadConfig(
    {
      PROVISOR_PEPPER: 'a pepper of sixteen',
      DATABASE_URL: 'mysql://provisor:a%2Fb%25c@db.example.com/provisor',
      PROVISOR_OTLP_HEADERS: 'authorization=Bearer%20one,x-other=two',
    },
    directory,
  );
  for (const secret of ['a pepper of sixteen', 'a/b%c', 'a%2Fb%25c', 'Bearer one', 'two'])
    assert.ok(secrets.includes(secret), secret);
});
