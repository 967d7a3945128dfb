import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fails, form, type Reply, ref, servedSite, signal, visit, visitRaw } from './local-compute.fixture.ts';

const login = { username: 'ada', password: 'correct horse & <battery>' };

const cookieOf = (reply: Reply): string => reply.headers['set-cookie']?.[0]?.split(';')[0] ?? '';

test('a login link signs in once, also when it is used twice at the same time', async (t) => {
  const { compute, dataDir, www } = await servedSite(t);
  await writeFile(join(www, '<i>.txt'), 'x'.repeat(2_048));
  const { path } = await compute.createLoginLink(ref, { ttlSeconds: 60 }, signal);
  assert.equal((await visit(compute, path, { method: 'HEAD' })).status, 405, 'a look does not use it up');
  const replies = await Promise.all(Array.from({ length: 8 }, () => visit(compute, path)));
  const won = replies.filter((reply) => reply.status === 303);
  assert.equal(won.length, 1);
  assert.equal(replies.filter((reply) => reply.status === 403).length, 7);
  assert.equal(won[0]?.headers.location, '/.provisor/');
  assert.match(won[0]?.headers['set-cookie']?.[0] ?? '', /HttpOnly; SameSite=Lax$/);

  const page = await visit(compute, '/.provisor/', { headers: { Cookie: `other=1; ${cookieOf(won[0]!)}` } });
  assert.match(page.body, /ada@shop\.test/);
  assert.match(page.body, /&lt;i&gt;\.txt/);
  assert.match(page.body, /2\.0 KiB/);
  assert.equal(page.headers['cache-control'], 'no-store');

  const token = path.split('token=')[1]!;
  const session = cookieOf(won[0]!).split('=')[1]!;
  const site = join(dataDir, 'sites', ref.name);
  for (const dir of ['logins', 'sessions']) {
    for (const entry of await readdir(join(site, dir))) {
      const stored = `${entry} ${await readFile(join(site, dir, entry), 'utf8')}`;
      assert.equal(stored.includes(token) || stored.includes(session), false, 'only hashes are stored');
    }
  }
});

test('links and sessions end with their time', async (t) => {
  const { compute, dataDir } = await servedSite(t);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const early = await compute.createLoginLink(ref, { ttlSeconds: 60 }, signal);
  const late = await compute.createLoginLink(ref, { ttlSeconds: 600 }, signal);
  t.mock.timers.tick(61_000);
  assert.equal((await visit(compute, early.path)).status, 403);
  const Cookie = cookieOf(await visit(compute, late.path));
  assert.match((await visit(compute, '/.provisor/', { headers: { Cookie } })).body, /Signed in as/);
  t.mock.timers.tick(9 * 3_600_000);
  assert.match((await visit(compute, '/.provisor/', { headers: { Cookie } })).body, /Password/);
  await compute.createLoginLink(ref, { ttlSeconds: 60 }, signal);
  assert.equal((await readdir(join(dataDir, 'sites', ref.name, 'logins'))).length, 1, 'expired ones are removed');
  await assert.rejects(compute.createLoginLink(ref, { ttlSeconds: 0 }, signal), fails('invalid'));
});

test('the password signs in, a wrong one does not, and a new one ends the old sessions', async (t) => {
  const { compute, dataDir } = await servedSite(t);
  const attempt = (fields: Record<string, string>) => visit(compute, '/.provisor/login', form(fields));
  assert.equal((await attempt(login)).status, 401, 'none is set yet');
  await compute.setPassword(ref, login, signal);
  await compute.setPassword(ref, login, signal);
  const wrong = await attempt({ ...login, password: 'wrong' });
  assert.equal(wrong.status, 401);
  assert.match(wrong.body, /is wrong/);
  assert.equal((await attempt({ ...login, username: 'bob' })).status, 401);
  const right = await attempt(login);
  assert.equal(right.status, 303);

  const session = { headers: { Cookie: cookieOf(right) } };
  assert.match((await visit(compute, '/.provisor/', session)).body, /<dd>ada<\/dd>/);
  await compute.setPassword(ref, login, signal);
  assert.match(
    (await visit(compute, '/.provisor/', session)).body,
    /<dd>ada<\/dd>/,
    'the same password changes nothing',
  );
  await compute.setPassword(ref, { ...login, password: 'another' }, signal);
  assert.match((await visit(compute, '/.provisor/', session)).body, /Password/);
  assert.equal((await attempt({ ...login, password: 'another' })).status, 303);
  const stored = await readFile(join(dataDir, 'sites', ref.name, 'site.json'), 'utf8');
  assert.equal(stored.includes('another'), false);
  for (const odd of [
    { ...login, username: '' },
    { ...login, password: 'x'.repeat(600) },
  ]) {
    await assert.rejects(compute.setPassword(ref, odd, signal), fails('invalid'));
  }
});

test('the sixth attempt within a minute has to wait', async (t) => {
  const { compute } = await servedSite(t);
  await compute.setPassword(ref, login, signal);
  const wrong = () => visit(compute, '/.provisor/login', form({ ...login, password: 'wrong' }));
  const statuses = (await Promise.all(Array.from({ length: 6 }, wrong))).map((reply) => reply.status);
  assert.deepEqual(statuses.sort(), [401, 401, 401, 401, 401, 429]);
  const reply = await visit(compute, '/.provisor/login', form(login));
  assert.equal(reply.status, 429, 'the right password too');
  assert.ok(Number(reply.headers['retry-after']) > 0);
});

test('signing out ends the session', async (t) => {
  const { compute } = await servedSite(t);
  const { path } = await compute.createLoginLink(ref, { ttlSeconds: 60 }, signal);
  const Cookie = cookieOf(await visit(compute, path));
  await visit(compute, '/.provisor/logout', form({}, { Cookie }));
  assert.match((await visit(compute, '/.provisor/', { headers: { Cookie } })).body, /Password/);
});

test('odd requests to the owner area are refused', async (t) => {
  const { compute } = await servedSite(t);
  await compute.setPassword(ref, login, signal);
  const status = async (path: string, options = {}) => (await visit(compute, path, options)).status;
  assert.equal(await status('/.provisor/login', form({ ...login, more: 'x'.repeat(5_000) })), 400);
  assert.equal(await status('/.provisor/login', { method: 'POST', body: '{}' }), 400);
  assert.equal(await status('/.provisor/login', form(login, { Origin: 'http://evil.test' })), 403);
  assert.equal(await status('/.provisor/login', form(login, { Origin: 'null' })), 403);
  const here = { Origin: 'http://shop.test', 'X-Forwarded-Host': 'shop.test' };
  assert.equal(await status('/.provisor/login', form(login, here)), 303);
  assert.equal(await status('/.provisor/', { method: 'DELETE' }), 405);
  assert.equal(await status('/.provisor/logout'), 405);
  assert.equal(await status('/.provisor/other'), 404);
  assert.equal(await status('/.provisor'), 301);
  for (const token of ['', '..', '../../site.json', '%00', 'x'.repeat(43)]) {
    assert.equal((await visitRaw(compute, `/.provisor/login?token=${token}`)).status, 403, token);
  }
  for (const Cookie of ['provisor_session=', 'provisor_session=../site.json', '=;;=']) {
    assert.match((await visit(compute, '/.provisor/', { headers: { Cookie } })).body, /Password/);
  }
});
