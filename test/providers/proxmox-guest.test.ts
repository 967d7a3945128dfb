/** What is done inside containers: over a real sshd, whose only command plays `pct`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import type { ProxmoxSettings } from '../../src/adapters/compute/proxmox/index.ts';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { SiteSpec } from '../../src/ports/compute.ts';
import { createIdleTime } from '../support/idle-time.ts';
import { openProxmox } from '../support/proxmox.ts';

const signal = new AbortController().signal;

const spec: SiteSpec = {
  name: 'svc-01',
  owner: { panel: 'panel-1', service: 'service-1' },
  hostname: 'shop.example.com',
  plan: 'basic',
  email: 'ada@example.com',
  resources: { memoryMb: 256, diskMb: 1_024 },
  network: { vmid: 101, privateIp: '10.0.0.5' },
};
const ref = { name: spec.name, ...spec.network };
const app = { hostname: spec.hostname, plan: spec.plan, adminEmail: spec.email };

/** A running container, and time that only passes while nothing is asked. */
const open = async (t: TestContext, changes: Partial<ProxmoxSettings> = {}) => {
  const bench = await openProxmox();
  t.after(() => bench.close());
  const { world } = bench.fake;
  const time = createIdleTime(20_000, bench.fake.isHanging);
  const adapterWith = (more: Partial<ProxmoxSettings>) => bench.adapter({ ...changes, ...more }, time.clock).port;
  const compute = adapterWith({});
  const done = async (call: Promise<unknown>): Promise<number> => {
    const { error, tookMs } = await time.during(call);
    if (error) throw error;
    return tookMs;
  };
  const refused = async (call: Promise<unknown>, kind: ProviderErrorKind, words: RegExp) => {
    const { error } = await time.during(call);
    assert.ok(error instanceof ProviderError, String(error));
    assert.deepEqual([error.kind, words.test(error.message)], [kind, true], `${error.kind}: ${error.message}`);
  };
  await done(compute.create(spec, signal));
  const inside = (...path: string[]) => join(world.rootOf(101), ...path);
  const commands = async () =>
    (await readFile(join(world.rootOf(101), '../../commands'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return { ...bench, compute, adapterWith, done, refused, inside, commands, world };
};

const html = (name: string) => join('var/www/html', name);

it('installs WordPress once, and tells it who and where it is', async (t) => {
  const { compute, done, inside, commands } = await open(t);
  await done(compute.install(ref, app, signal));
  assert.equal(await readFile(inside(html('installed-as')), 'utf8'), 'https://shop.example.com\nada@example.com\n');
  assert.ok(existsSync(inside(html('wp-config.php'))));
  assert.match(await readFile(inside(html('wp-content/mu-plugins/provisor-login.php')), 'utf8'), /^<\?php\n/);
  const before = await readFile(inside(html('wp.log')), 'utf8');
  await done(compute.install(ref, app, signal));
  assert.equal(await readFile(inside(html('wp.log')), 'utf8'), before);
  assert.deepEqual([...new Set(await commands())], ['pct exec 101 -- bash -s']);
});

it('goes on with an installation that was cut off', async (t) => {
  const { compute, done, inside } = await open(t);
  await mkdir(inside(html('')), { recursive: true });
  await mkdir(inside('var/lib/provisor'), { recursive: true });
  // As far as this it came: the files are there, the configuration too, the tables are not.
  await writeFile(inside(html('wp-load.php')), '<?php');
  await writeFile(inside(html('wp-config.php')), '<?php // as it was');
  await writeFile(inside('var/lib/provisor/failed'), '');
  await writeFile(inside('var/lib/provisor/log'), 'something went wrong\n');
  await done(compute.install(ref, app, signal));
  assert.equal(await readFile(inside(html('wp-config.php')), 'utf8'), '<?php // as it was');
  assert.ok(existsSync(inside(html('installed-as'))));
});

it('tells a failed installation by its last line, and a later call tries again', async (t) => {
  const { compute, done, refused, inside } = await open(t);
  await mkdir(inside(html('')), { recursive: true });
  await writeFile(inside(html('refuses')), 'Error: the disk is full\n');
  await refused(compute.install(ref, app, signal), 'invalid', /could not be installed: Error: the disk is full$/);
  await writeFile(inside(html('refuses')), '');
  execFileSync('rm', [inside(html('refuses'))]);
  await done(compute.install(ref, app, signal));
});

it('looks six times for the end of an installation, and leaves it to go on', async (t) => {
  const { sshd: _sshd, ...bench } = await open(t);
  const gate = bench.inside('gate');
  execFileSync('mkfifo', [gate]);
  const script = bench.inside('install.sh');
  await writeFile(
    script,
    `read -r line <"${gate}" && mkdir -p /var/www/html && printf %s "$line $PROVISOR_PLAN" >/var/www/html/wp-config.php`,
  );
  const compute = bench.adapterWith({ PROVISOR_PROXMOX_INSTALL_SCRIPT: script });
  const looked = (await bench.commands()).length;
  await bench.refused(compute.install(ref, app, signal), 'rate_limited', /not installed yet \(installing\)/);
  // A look at once, the begin, and six more.
  assert.equal((await bench.commands()).length - looked, 8);
  await writeFile(gate, 'let through\n');
  await bench.done(compute.install(ref, app, signal));
  assert.equal(await readFile(bench.inside(html('wp-config.php')), 'utf8'), 'let through basic');
});

it('gives passwords over as data, whatever is in them', async (t) => {
  const { compute, done, refused, inside, commands, logged } = await open(t);
  await done(compute.install(ref, app, signal));
  for (const password of [
    "'; touch /tmp/pwned; '",
    '$(touch pwned) `touch pwned` "$HOME" \\ %s',
    '-n --prompt=x ; exit 0',
    'grüße 🔑 ',
    'x'.repeat(4_096),
  ]) {
    await done(compute.setPassword(ref, { username: 'admin', password }, signal));
    assert.equal(await readFile(inside(html('password-of-admin')), 'utf8'), password);
    assert.ok(!(await readFile(inside(html('wp.log')), 'utf8')).includes(password), 'it was on a command line');
  }
  for (const password of ['', 'two\nlines', 'a\0b']) {
    await refused(compute.setPassword(ref, { username: 'admin', password }, signal), 'invalid', /one line of text/);
  }
  assert.deepEqual([...new Set(await commands())], ['pct exec 101 -- bash -s']);
  assert.deepEqual(logged, []);
});

it('leaves only the hash of a sign-in link in the site', async (t) => {
  const { compute, done, inside } = await open(t);
  await done(compute.install(ref, app, signal));
  const { path } = await compute.createLoginLink(ref, { ttlSeconds: 90 }, signal);
  const token = new URLSearchParams(path.slice(2)).get('provisor-login')!;
  assert.match(token, /^[\w-]{43}$/);
  const log = await readFile(inside(html('wp.log')), 'utf8');
  assert.match(log, /transient set provisor_login_[0-9a-f]{64} 1 90\n/);
  assert.ok(!log.includes(token));
});

it('refuses what has to be done inside while the container does not run', async (t) => {
  const { compute, done, refused } = await open(t);
  await done(compute.stop(ref, { graceSeconds: 1 }, signal));
  await refused(compute.install(ref, app, signal), 'invalid', /does not run/);
  await refused(compute.setPassword(ref, { username: 'admin', password: 'x' }, signal), 'invalid', /does not run/);
  await refused(compute.createLoginLink(ref, { ttlSeconds: 60 }, signal), 'invalid', /does not run/);
});

it('runs nothing on a node whose host key is not pinned', async (t) => {
  const { adapterWith, refused, commands } = await open(t);
  const other = `SHA256:${'A'.repeat(43)}`;
  const compute = adapterWith({ PROVISOR_PROXMOX_SSH_HOST_KEY: [other] });
  await refused(compute.setPassword(ref, { username: 'admin', password: 'x' }, signal), 'auth', /another SSH host key/);
  assert.deepEqual(await commands(), []);
});

it('says so when the node does not take the key, or has no sshd', async (t) => {
  const { adapterWith, refused, sshd, inside, compute } = await open(t);
  const stranger = inside('stranger');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger]);
  const call = (port: typeof compute) => port.setPassword(ref, { username: 'admin', password: 'x' }, signal);
  await refused(call(adapterWith({ PROVISOR_PROXMOX_SSH_KEY_FILE: stranger })), 'auth', /does not take the SSH key/);
  await refused(call(adapterWith({ PROVISOR_PROXMOX_SSH_KEY_FILE: `${stranger}.none` })), 'auth', /cannot be read/);
  assert.equal((await stat(stranger)).isFile(), true);
  await sshd.stop();
  await refused(call(compute), 'unavailable', /cannot be reached over SSH \(ECONNREFUSED\)/);
});

it('does not know the end of a script when the connection is lost', async (t) => {
  const { compute, refused, inside, commands } = await open(t);
  await mkdir(inside('var/lib/provisor'), { recursive: true });
  await mkdir(inside(html('')), { recursive: true });
  // The stand-in ends the connection that it came by when it finds this.
  await writeFile(inside(html('hangs-up')), '');
  const call = compute.setPassword(ref, { username: 'admin', password: 'x' }, signal);
  await refused(call, 'unknown_outcome', /the connection was lost/);
  assert.equal((await commands()).length, 1);
});

it('stops waiting for a script when its call is given up', async (t) => {
  const { compute, inside, commands } = await open(t);
  execFileSync('mkdir', ['-p', inside(html(''))]);
  execFileSync('mkfifo', [inside(html('waits'))]);
  const giveUp = new AbortController();
  const call = compute.setPassword(ref, { username: 'admin', password: 'x' }, giveUp.signal);
  // Opening the other end returns when the script has come as far as that.
  await readFile(inside(html('waits')));
  giveUp.abort();
  await assert.rejects(call, (error) => error instanceof ProviderError && error.kind === 'unknown_outcome');
  assert.equal((await commands()).length, 1);
});
