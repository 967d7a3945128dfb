import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createInstallation, type Installation, type Ran } from '../test/support/cli.ts';
import { startDns } from '../test/support/dns-server.ts';

const setUp = async (t: TestContext): Promise<Installation> => {
  const installation = await createInstallation(t);
  await installation.setUp();
  return installation;
};

/** A failure: nothing on stdout, no stack. */
const refusal = ({ code, stdout, stderr }: Ran): string => {
  assert.equal(stdout, '');
  assert.equal(code, 1);
  assert.doesNotMatch(stderr, /\n\s+at /);
  return stderr;
};

interface Failure {
  success: boolean;
  error: string;
  code: string;
  retryable: boolean;
  details?: Record<string, unknown>;
}

const failure = (ran: Ran): Failure => JSON.parse(refusal(ran));

interface Operation {
  id: string;
  kind: string;
  state: string;
}

interface Site {
  service_id: string;
  state: string;
  plan: string;
  operation: Operation;
}

const create = ['sites', 'create', '1001', '--email', 'alice@example.com', '--plan', 'basic'];

// Each test has an installation of its own, and most of its time goes into starting processes.
describe('provisor', { concurrency: 3 }, () => {
  test('a database that is not set up is told in a sentence, and not made', async (t) => {
    const { run, dataDir } = await createInstallation(t);
    const [words, json] = await Promise.all([run(['sites', 'list']), run(['sites', 'list', '--json'])]);
    assert.equal(refusal(words), 'The database has not been set up. Run: provisor migrate\n');
    const { success, error, code } = failure(json);
    assert.deepEqual({ success, code }, { success: false, code: 'database_unavailable' });
    assert.equal(error, 'The database has not been set up. Run: provisor migrate');
    assert.equal(existsSync(join(dataDir, 'provisor.sqlite')), false);
  });

  test('migrate sets the database up, once', async (t) => {
    const { run, json } = await createInstallation(t);
    const { applied } = await json<{ applied: string[] }>(['migrate']);
    assert.ok(applied.includes('0001-panels'));
    assert.equal((await run(['migrate'])).stdout, 'The database is up to date.\n');
  });

  test('what is typed wrong is answered with a sentence', async (t) => {
    const { run } = await createInstallation(t);
    const wrong: [string[], RegExp][] = [
      [['sites', 'frob'], /^Unknown command 'frob'\./],
      [['sites', 'lst'], /Did you mean list\?/],
      [['sites', 'show', 'a b'], /^'a b' is not a valid service_id\. Give 1 to 64 letters/],
      [['sites', 'list', '--state', 'odd'], /^'odd' is not valid for --state\. Allowed choices are creating, active/],
      [['keys', 'create', 'p', '--expires', '30'], /^'30' is not valid for --expires\. Give a whole number and a unit/],
      [
        ['keys', 'create', 'p', '--scope', 'all'],
        /^'all' is not valid for --scope\. There are these scopes: sites:read/,
      ],
    ];
    const ran = await Promise.all(wrong.map(([args]) => run(args)));
    for (const [at, [args, sentence]] of wrong.entries()) {
      assert.match(refusal(ran[at]!), sentence, args.join(' '));
    }
  });

  test('--json tells what is typed wrong as JSON on stderr', async (t) => {
    const { run } = await createInstallation(t);
    assert.deepEqual(failure(await run(['sites', 'show', '--json', '--frob'])), {
      success: false,
      error: "Unknown option '--frob'.",
      code: 'invalid_request',
      retryable: false,
    });
  });

  test('a wrong configuration and a broken database are told without a stack', async (t) => {
    const { run, dataDir } = await createInstallation(t);
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(
      join(dataDir, 'provisor.sqlite'),
      'This is no database, but it is long enough to look at.'.repeat(20),
    );
    const [port, broken, debug] = await Promise.all([
      run(['plans', 'list'], { PROVISOR_PORT: 'many', PROVISOR_PROT: '1' }),
      run(['plans', 'list', '--json']),
      run(['plans', 'list'], { PROVISOR_LOG_LEVEL: 'debug' }),
    ]);
    assert.match(
      refusal(port),
      /not usable:\n {2}- PROVISOR_PROT is not known\n {2}- PROVISOR_PORT must be a number\n/,
    );
    const { code, error, retryable } = failure(broken);
    assert.deepEqual({ code, retryable }, { code: 'database_unavailable', retryable: true });
    assert.match(error, /^The database does not answer: file is not a database/);
    assert.match(debug.stderr, /\n\s+at /);
  });

  test('help names every command; a group alone shows its own', async (t) => {
    const { run } = await createInstallation(t);
    const [help, none, group] = await Promise.all([run(['--help']), run([]), run(['keys'])]);
    assert.equal(help.code, 0);
    for (const name of [
      'serve',
      'migrate',
      'doctor',
      'sweep',
      'sites',
      'domains',
      'operations',
      'plans',
      'panels',
      'keys',
    ]) {
      assert.match(help.stdout, new RegExp(`^  ${name}\\b`, 'm'));
    }
    assert.equal(none.code, 1);
    assert.equal(none.stderr, help.stdout);
    assert.equal(group.code, 1);
    assert.match(group.stderr, /Usage: provisor keys[\s\S]*rotate/);
  });

  test('plans are put, shown, listed and deleted', async (t) => {
    const { run, json } = await setUp(t);
    const grants = ['--memory-mb', '512', '--disk-mb', '1024', '--backups', '0', '--domains', '1'];
    const tiny = { name: 'tiny', memory_mb: 512, disk_mb: 1024, backups: 0, domains: 1 };
    assert.deepEqual(await json(['plans', 'put', 'tiny', ...grants]), tiny);
    const { stdout } = await run(['plans', 'list']);
    assert.match(stdout, /^PLAN +MEMORY MB +DISK MB +BACKUPS +DOMAINS\nbasic +2048 +20480 +2 +3\n/);
    const first = await json<{ data: unknown[]; next_cursor: string }>(['plans', 'list', '--limit', '3']);
    assert.equal(first.data.length, 3);
    const second = await json(['plans', 'list', '--cursor', first.next_cursor]);
    assert.deepEqual(second, { data: [tiny], next_cursor: null });
    await json(['plans', 'delete', 'tiny']);
    assert.equal(failure(await run(['plans', 'show', 'tiny', '--json'])).code, 'not_found');
  });

  test('a key is made, used, rotated and revoked beside a running server', async (t) => {
    const { run, json, serve } = await createInstallation(t);
    const url = await serve();
    const statusWith = async (key: string) =>
      (await fetch(`${url}/v1/whoami`, { headers: { Authorization: `Bearer ${key}` } })).status;

    const made = await run(['keys', 'create', 'default', '--scope', 'sites:read,plans:read', '--expires', '30d']);
    const text = made.stdout.split('\n')[0]!;
    /** A server believes what it knows of a key for a second; the one that is asked here is another process. */
    const untilRefused = async (key: string) => {
      const limit = performance.now() + 10_000;
      while ((await statusWith(key)) !== 401) assert.ok(performance.now() < limit, 'the key is still good');
    };
    assert.match(made.stdout, /^pvr_\w+\n\nThis is the only time that the key is shown\./);
    assert.equal(await statusWith(text), 200);

    const id = text.split('_')[1]!;
    const fresh = await json<{ key: string; id: string; scopes: string[] }>(['keys', 'rotate', id, '--overlap', '0']);
    assert.deepEqual(fresh.scopes, ['sites:read', 'plans:read']);
    await untilRefused(text);
    assert.equal(await statusWith(fresh.key), 200);
    assert.match((await run(['keys', 'revoke', fresh.id])).stdout, /is refused from now on/);
    await untilRefused(fresh.key);

    const { data } = await json<{ data: { id: string; state: string }[] }>(['keys', 'list', 'default']);
    const states = Object.fromEntries(data.map((key) => [key.id, key.state]));
    assert.deepEqual({ old: states[id], fresh: states[fresh.id] }, { old: 'expired', fresh: 'revoked' });
    assert.match(refusal(await run(['keys', 'list', 'other'])), /^There is no panel "other"\./);
    assert.match(refusal(await run(['keys', 'rotate', id])), /is not in use any more/);
    assert.match(refusal(await run(['serve'])), /^Another Provisor is running on /);
  });

  test('without a server a change waits in line, and can be looked at and cancelled', async (t) => {
    const { run, json, interrupt } = await setUp(t);
    const site = await json<Site>([...create, '--no-wait']);
    assert.deepEqual([site.state, site.operation.state], ['creating', 'queued']);
    const { id } = site.operation;

    const left = await interrupt(create, 'SIGINT');
    assert.equal(left.code, 130);
    assert.match(left.stdout, new RegExp(`It goes on\\. Look again with: provisor operations watch ${id}\n$`));

    const busy = failure(await run(['sites', 'stop', '1001', '--json']));
    assert.deepEqual([busy.code, busy.details?.operation_id], ['operation_in_progress', id]);
    assert.match((await run(['sites', 'stop', '1001'])).stderr, new RegExp(`provisor operations show ${id}\n$`));

    const { data } = await json<{ data: Operation[] }>([
      'operations',
      'list',
      '--state',
      'queued',
      '--panel',
      'default',
    ]);
    assert.deepEqual(
      data.map((operation) => operation.id),
      [id],
    );
    assert.match((await run(['operations', 'cancel', id.toLowerCase()])).stdout, /is stopped and what it did is taken/);
    const shown = await run(['operations', 'show', id]);
    assert.match(shown.stdout, /Service +1001 of panel default\n[\s\S]*Cancelled +yes/);
    assert.match(refusal(await run(['sites', 'list', '--panel', 'other'])), /^There is no panel "other"\./);
  });

  test('a domain is brought to a site, looked at and removed', async (t) => {
    const { run, json, serve } = await createInstallation(t);
    const dns = await startDns();
    t.after(() => dns.stop());
    await serve();
    await run(create);
    const domains = (...args: string[]) => run(['domains', ...args], { PROVISOR_RESOLVERS: dns.server });
    assert.equal((await domains('list', '1001')).stdout, 'There are no domains (0 of 3 used).\n');
    const waits = (await domains('add', '1001', 'www.example.com')).stdout;
    assert.match(waits, /there is no record of it\. Set: www\.example\.com CNAME alice\.sites\.localhost\n$/);
    dns.set('www.example.com', 'CNAME', 'alice.sites.localhost');
    const verified = (await domains('verify', '1001', 'www.example.com')).stdout;
    assert.match(verified, /\nThe domain leads to the site\.\nwww\.example\.com leads to the site\.\n$/);
    assert.match((await domains('list', '1001')).stdout, /^www\.example\.com +active [\s\S]*\n\n1 of 3 used\n$/m);
    const wrong = await run(['domains', 'add', '1001', 'co.uk']);
    assert.match(refusal(wrong), /^co\.uk cannot be used as a custom domain: /);
    const removed = await json<{ state: string }>(['domains', 'remove', '1001', 'www.example.com']);
    assert.equal(removed.state, 'removed');
  });

  test('beside a running server a site is taken through its life', async (t) => {
    const { run, json, serve } = await createInstallation(t);
    await serve();
    const made = await run(create);
    assert.match(made.stdout, /^ +0 % {2}[\s\S]*\nThe site is ready\. http:\/\/alice\.sites\.localhost:/);

    const again = await run(create);
    assert.equal(again.stdout, 'Service 1001 is active already. There was nothing to do.\n');
    const other = failure(await run([...create, '--subdomain', 'shop', '--json']));
    assert.equal(other.code, 'service_exists');

    const suspended = await json<Site>(['sites', 'suspend', '1001', '--reason', 'Invoice\n1042']);
    assert.deepEqual([suspended.state, suspended.operation.state], ['suspended', 'done']);
    assert.match((await run(['sites', 'show', '1001'])).stdout, /Suspended +since .*: Invoice 1042\n/);
    assert.equal(refusal(await run(['sites', 'restart', '1001'])), 'Service 1001 is suspended. Unsuspend it first.\n');
    await json(['sites', 'unsuspend', '1001']);
    assert.equal((await json<Site>(['sites', 'upgrade', '1001', '--plan', 'premium'])).plan, 'premium');
    assert.match((await run(['sites', 'status', '1001'])).stdout, /^Service 1001 is active\n {2}Workload +running\n/);

    const reset = await json<Site>(['sites', 'reset', '1001', '--no-wait']);
    const watched = await json<Operation>(['operations', 'watch', reset.operation.id]);
    assert.deepEqual([watched.kind, watched.state], ['site.reset', 'done']);
    const shown = await json<{ panel: string; actor: string; steps: { name: string; state: string }[] }>([
      'operations',
      'show',
      reset.operation.id,
    ]);
    assert.deepEqual([shown.panel, shown.actor], ['default', 'cli']);
    assert.ok(shown.steps.length > 0 && shown.steps.every(({ state }) => state === 'done'));
    assert.match(refusal(await run(['operations', 'retry', reset.operation.id])), /^The operation is done/);

    assert.equal((await run(['sweep'])).stdout, 'Everything outside is as the database says.\n');
    assert.match((await run(['sites', 'delete', '1001'])).stdout, /The site is deleted\.\n$/);
    assert.deepEqual(await json(['sites', 'list']), { data: [], next_cursor: null });
  });
});
