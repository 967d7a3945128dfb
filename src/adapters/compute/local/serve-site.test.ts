import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { app, ref, servedSite, signal, spec, visit, visitRaw } from './local-compute.fixture.ts';

test('the starter page names the site and the plan that it has now', async (t) => {
  const { compute } = await servedSite(t);
  const page = await visit(compute, '/');
  assert.equal(page.status, 200);
  assert.match(page.body, /shop\.test/);
  assert.match(page.body, /Plan: small/);
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  await compute.resize(ref, { ...spec.resources, plan: '<b>large & new</b>' }, signal);
  assert.match((await visit(compute, '/index.html')).body, /Plan: &lt;b&gt;large &amp; new&lt;\/b&gt;/);
  const head = await visit(compute, '/', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [200, '']);
});

test('a stopped site answers nothing but 503', async (t) => {
  const { compute } = await servedSite(t);
  await compute.stop(ref, { graceSeconds: 0 }, signal);
  for (const path of ['/', '/.provisor/', '/nothing', '/.provisor/login?token=x']) {
    const reply = await visit(compute, path);
    assert.equal(reply.status, 503, path);
    assert.ok(Number(reply.headers['retry-after']) > 0);
  }
  await compute.start(ref, signal);
  assert.equal((await visit(compute, '/')).status, 200);
});

test('files are served with their types, directories by their index', async (t) => {
  const { compute, www } = await servedSite(t);
  await mkdir(join(www, 'a dir'));
  await writeFile(join(www, 'a dir', 'index.html'), '<p>in the directory</p>');
  await writeFile(join(www, 'style.CSS'), 'p{}');
  await writeFile(join(www, 'data.unknown'), Buffer.alloc(300_000, 'x'));
  await writeFile(join(www, 'empty.txt'), '');
  await writeFile(join(www, 'naïve 100%.txt'), 'name');

  const typed = async (path: string) => (await visit(compute, path)).headers['content-type'];
  assert.equal(await typed('/style.CSS'), 'text/css; charset=utf-8');
  assert.equal(await typed('/data.unknown'), 'application/octet-stream');
  assert.equal((await visit(compute, '/data.unknown?v=1')).body.length, 300_000);
  assert.deepEqual((await visit(compute, '/empty.txt')).headers['content-length'], '0');
  assert.equal((await visit(compute, '/na%C3%AFve%20100%25.txt')).body, 'name');
  assert.equal((await visit(compute, '/a%20dir/')).body, '<p>in the directory</p>');
  const moved = await visit(compute, '/a%20dir');
  assert.deepEqual([moved.status, moved.headers.location], [301, '/a%20dir/']);
  assert.equal((await visit(compute, '/index.html/')).status, 404);
  assert.equal((await visit(compute, '/', { method: 'POST' })).status, 405);
  await rm(join(www, 'index.html'));
  assert.equal((await visit(compute, '/')).status, 404);
});

test('no path leads out of the site', async (t) => {
  const { compute, www, dataDir } = await servedSite(t);
  await compute.create({ ...spec, name: 'svc-2' }, signal);
  await mkdir(join(www, 'sub'));
  await writeFile(join(www, '.env'), 'secret');
  await writeFile(join(dataDir, 'secret'), 'secret');
  const targets = [
    '/../site.json',
    '/sub/../../site.json',
    '/%2e%2e/site.json',
    '/%2E%2E%2Fsite.json',
    '/..%2fsite.json',
    '/sub/..%5c..%5csite.json',
    '/..\\site.json',
    '/%252e%252e/site.json',
    '/..;/site.json',
    '/....//site.json',
    '//etc/passwd',
    '/%2fetc/passwd',
    '/index.html%00.txt',
    '/%00',
    '/%c0%ae%c0%ae/site.json',
    '/%',
    '/.env',
    '/sub/./../index.html',
    '/.provisor/../../site.json',
    `/${'a'.repeat(300)}`,
    `/${'a/'.repeat(3_000)}`,
    'http://svc-1.compute.local/site.json',
    '*',
  ];
  for (const target of targets) {
    const reply = await visitRaw(compute, target);
    assert.ok([400, 404].includes(reply.status), `${target.slice(0, 60)}: ${reply.status}`);
    assert.doesNotMatch(reply.body, /passwordHash|secret|root:/);
  }
});

test('no link leads out of the site', async (t) => {
  const { compute, www, dataDir } = await servedSite(t);
  await compute.create({ ...spec, name: 'svc-2' }, signal);
  await writeFile(join(dataDir, 'secret'), 'secret');
  await writeFile(join(www, 'inside.txt'), 'inside');
  await symlink(join(dataDir, 'secret'), join(www, 'absolute'));
  await symlink('../site.json', join(www, 'relative'));
  await symlink(join(dataDir, 'sites', 'svc-2'), join(www, 'neighbour'));
  await symlink('/', join(www, 'outside'));
  await symlink('loop', join(www, 'loop'));
  await symlink('inside.txt', join(www, 'fine'));
  for (const path of ['/absolute', '/relative', '/neighbour/site.json', '/outside/etc/passwd', '/outside/', '/loop']) {
    assert.equal((await visit(compute, path)).status, 404, path);
  }
  assert.equal((await visit(compute, '/fine')).body, 'inside');

  await rm(www, { recursive: true });
  await symlink(dataDir, www);
  assert.equal((await visit(compute, '/secret')).status, 404, 'nor the directory itself');
});

test('only the name of a site is one', async (t) => {
  const { compute } = await servedSite(t);
  for (const host of ['', 'svc-2.compute.local', '.compute.local', '...compute.local', 'shop.test', 'svc-1', '[::1]']) {
    assert.ok([400, 404].includes((await visitRaw(compute, '/', host)).status), host);
  }
  assert.equal((await visitRaw(compute, '/')).status, 200);
});

test('a reinstalled hostname is shown', async (t) => {
  const { compute } = await servedSite(t);
  await compute.destroy(ref, signal);
  assert.equal((await visit(compute, '/')).status, 404);
  await compute.create(spec, signal);
  await compute.install(ref, { ...app, hostname: 'new.test' }, signal);
  assert.match((await visit(compute, '/')).body, /new\.test/);
});
