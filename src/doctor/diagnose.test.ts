import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { createInstallation, type Installation } from '../../test/support/cli.ts';
import type { Finding } from './finding.ts';

interface Diagnosis {
  code: number | null;
  healthy: boolean;
  found: Record<string, Finding>;
}

const diagnose = async ({ run }: Installation, environment?: Record<string, string>): Promise<Diagnosis> => {
  const { code, stdout, stderr } = await run(['doctor', '--json'], environment);
  assert.equal(stderr, '');
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: Finding[] };
  return { code, healthy, found: Object.fromEntries(findings.map((finding) => [finding.check, finding])) };
};

const remedyOf = ({ found }: Diagnosis, check: string): string | undefined =>
  found[check]?.state === 'bad' ? found[check].remedy : undefined;

describe('doctor', { concurrency: 3 }, () => {
  test('leads from an empty directory to an installation that is in order', async (t) => {
    const installation = await createInstallation(t);
    const { run } = installation;
    const empty = await diagnose(installation);
    assert.deepEqual([empty.code, empty.healthy], [1, false]);
    assert.equal(remedyOf(empty, 'schema'), 'provisor migrate');

    await run(['migrate']);
    assert.equal(remedyOf(await diagnose(installation), 'panels'), 'provisor panels create <name>');
    await run(['panels', 'create', 'shop']);
    assert.equal(remedyOf(await diagnose(installation), 'panels'), 'provisor keys create shop');
    await run(['keys', 'create', 'shop']);

    const { code, stdout } = await run(['doctor']);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^ok +configuration[\s\S]*\nnote +server +PROVISOR_PORT is 0[\s\S]*\n\nEverything is in order\.\n$/,
    );
  });

  test('says what the configuration lacks', async (t) => {
    const wrong = await diagnose(await createInstallation(t), { PROVISOR_WORKERS: 'some', PROVISOR_DNS: 'paper' });
    assert.equal(wrong.code, 2);
    assert.match(wrong.found.configuration!.finding, /PROVISOR_WORKERS must be a number/);
    assert.match(wrong.found.configuration!.finding, /PROVISOR_DNS must be one of/);
  });

  test('says that others can read the data directory', { skip: process.platform === 'win32' }, async (t) => {
    const installation = await createInstallation(t);
    await installation.setUp();
    chmodSync(installation.dataDir, 0o755);
    assert.equal(remedyOf(await diagnose(installation), 'data directory'), `chmod 700 '${installation.dataDir}'`);
  });

  test('says that an operation is late, or stuck', async (t) => {
    const installation = await createInstallation(t);
    const { run, dataDir } = installation;
    await installation.setUp();
    await run(['sites', 'create', '1001', '--email', 'alice@example.com', '--plan', 'basic', '--no-wait']);
    const database = new DatabaseSync(join(dataDir, 'provisor.sqlite'), { timeout: 5_000 });
    t.after(() => database.close());

    database.exec('UPDATE operations SET due_at = due_at - 600000');
    const late = await diagnose(installation);
    assert.match(late.found.operations!.finding, /^1 operation has been due for more than 2 minutes/);
    assert.match(remedyOf(late, 'operations') ?? '', /provisor operations show \w{26}$/);

    database.exec("UPDATE operations SET state = 'stuck', stuck_in = 'running', due_at = NULL");
    const stuck = await diagnose(installation);
    assert.equal(stuck.found.operations!.finding, '1 operation waits for an operator.');
    const { stdout } = await run(['operations', 'list']);
    const [id] = /^\w{26}/m.exec(stdout)!;
    const shown = await run(['operations', 'show', id]);
    assert.match(shown.stdout, new RegExp(`It goes on with: provisor operations retry ${id}\n$`));
    assert.equal(
      (await run(['operations', 'watch', id])).stderr.split('\n')[0],
      'It waits for an operator: Waiting for its turn',
    );
  });

  test('says that no server answers, and that the database does not', async (t) => {
    const installation = await createInstallation(t);
    // Nobody listens on port 1 of this address.
    const nowhere = await diagnose(installation, {
      PROVISOR_HOST: '127.0.0.2',
      PROVISOR_PORT: '1',
      PROVISOR_PEPPER: 'a pepper for tests',
      DATABASE_URL: 'mysql://nobody:secret@127.0.0.2:1/provisor',
    });
    assert.equal(nowhere.code, 2);
    assert.equal(remedyOf(nowhere, 'server'), 'provisor serve');
    assert.match(nowhere.found.database!.finding, /^The database does not answer: connect ECONNREFUSED/);
    assert.doesNotMatch(JSON.stringify(nowhere), /secret/);
  });
});
