import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { countTraces } from '../support/traces.ts';

const wish = (more: Record<string, unknown> = {}): Record<string, unknown> => {
  const serviceId = newServiceId();
  return { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic', ...more };
};

/** Throws unless the refusal points at `path`. */
const pointsAt = ({ body }: Answer, path: string): void => {
  const paths = body.errors.map((error: { path: string }) => error.path);
  assert.ok(paths.includes(path), `${path} is not in ${JSON.stringify(paths)}`);
};

for (const database of databases) {
  describe(`A wish that cannot be granted, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;
    let taken: { service_id: string; email: string; subdomain: string; plan: string };
    let deleted: string;
    let earlier: Record<string, number>;

    before(async () => {
      app = await startApp(database);
      panel = app.panel;
      taken = await activeSite(panel, { subdomain: 'taken' });
      deleted = (await activeSite(panel)).service_id;
      await panel.call('DELETE', `/v1/sites/${deleted}`, undefined, waiting);
      earlier = await countTraces(app);
    });
    after(() => app.stop());

    const refused = async (body: unknown, code = 'invalid_request', path = '/v1/sites'): Promise<Answer> => {
      const status = code === 'invalid_request' || code === 'plan_unknown' || code === 'subdomain_reserved' ? 400 : 409;
      return expectProblem(await panel.call('POST', path, body), status, code);
    };

    it('is refused with the place where it is wrong', async () => {
      pointsAt(await refused(wish({ colour: 'blue' })), '/body/colour');
      pointsAt(await refused(wish({ plan: 5 })), '/body/plan');
      pointsAt(await refused(wish({ email: ['a@example.com'] })), '/body/email');
      pointsAt(await refused(wish({ email: null })), '/body/email');
      pointsAt(await refused(wish({ customer_id: 7.5 })), '/body/customer_id');
      pointsAt(await refused({ email: 'a@example.com', plan: 'basic' }), '/body/service_id');
      pointsAt(await refused([]), '/body');
      pointsAt(await refused({}), '/body/service_id');
    });

    it('is refused when an id is neither such a string nor a whole number from 0', async () => {
      const bad = ['', ' ', 'a b', 'a/b', 'a\u0000b', 'a\n', 'é', '日本', '０', 'x'.repeat(65), 'x'.repeat(50_000)];
      for (const id of [...bad, -1, -0.5, 1.5, 1e21, 2 ** 53, true, null, [1], { id: 1 }]) {
        pointsAt(await refused(wish({ service_id: id })), '/body/service_id');
        pointsAt(await refused({ service_id: id }, undefined, '/suspend'), '/body/service_id');
      }
      for (const id of ['', ' ', 'é', 'x'.repeat(65), 5, null]) {
        pointsAt(await refused(wish({ customer_id: id })), '/body/customer_id');
      }
    });

    it('is refused when the plan is not known, and told which there are', async () => {
      for (const plan of ['gold', 'constructor', '0']) {
        const { body } = await refused(wish({ plan }), 'plan_unknown');
        assert.equal(body.error, `There is no plan "${plan}". Known plans: basic, premium, standard.`);
      }
      for (const plan of ['', 'Basic', '__proto__', 'basic ', "basic' --", 'x'.repeat(65)]) {
        pointsAt(await refused(wish({ plan })), '/body/plan');
      }
    });

    it('is refused when the e-mail address is none', async () => {
      const bad = ['', 'a', '@example.com', 'a@', 'a@b@example.com', 'a b@example.com', 'a@exa\r\nmple.com'];
      for (const email of [...bad, 'a@example.com\n', '<a@example.com>', `a@${'b'.repeat(260)}.com`]) {
        pointsAt(await refused(wish({ email })), '/body/email');
      }
    });

    it('is refused when the e-mail address is not in ASCII, which the contract asks for', async () => {
      for (const email of ['用户@example.com', 'üñí@example.com', 'İ@example.com', 'a@пример.рф']) {
        pointsAt(await refused(wish({ email })), '/body/email');
      }
      assert.equal((await panel.call('GET', '/v1/sites?state=creating')).body.data.length, 0);
    });

    it('is refused when the wished subdomain is none, reserved or taken', async () => {
      for (const subdomain of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'é', '*', 'x'.repeat(33), 5]) {
        pointsAt(await refused(wish({ subdomain })), '/body/subdomain');
      }
      for (const subdomain of ['www', 'admin', 'mail', 'localhost', 'xn--e1afmkfd']) {
        await refused(wish({ subdomain }), 'subdomain_reserved');
      }
      const { body } = await refused(wish({ subdomain: 'taken' }), 'subdomain_taken');
      assert.ok(!body.error.includes(taken.service_id), 'it tells who has the name');
      const other = await app.newPanel();
      expectProblem(
        await other.call('POST', '/v1/sites', wish({ subdomain: 'taken' }), waiting),
        409,
        'subdomain_taken',
      );
    });

    it('is refused when the public address is none', async () => {
      const bad = ['', '1.2.3', '999.1.1.1', '01.02.03.04', '127.1', '0x7f000001', '1.2.3.4/24', 'example.com'];
      for (const ip of [...bad, '2001:db8:::1', 'fe80::1%eth0', '[::1]', '1.2.3.4\n', 5, null]) {
        pointsAt(await refused(wish({ public_ip: ip })), '/body/public_ip');
      }
    });

    it('is refused when the same service is wished for with other details', async () => {
      const same = { service_id: taken.service_id, email: taken.email, plan: 'basic', subdomain: 'taken' };
      for (const other of [
        { ...same, plan: 'premium' },
        { ...same, email: 'other@example.com' },
        { ...same, subdomain: 'other' },
        { ...same, customer_id: '1' },
      ]) {
        const { body } = await refused(other, 'service_exists');
        assert.equal(body.retryable, false);
      }
      await refused({ ...same, plan: 'gold' }, 'service_exists');
      assert.equal((await panel.call('POST', '/v1/sites', same)).status, 200);
    });

    it('is refused when the service was deleted, and its id is never given to another', async () => {
      await refused(wish({ service_id: deleted }), 'service_deleted');
      await refused(wish({ service_id: deleted }), 'service_deleted', '/create-site');
      for (const call of ['suspend', 'unsuspend', 'actions/start', 'actions/reset', 'login-link', 'password']) {
        await refused(undefined, 'service_deleted', `/v1/sites/${deleted}/${call}`);
      }
      await refused({ plan: 'premium' }, 'service_deleted', `/v1/sites/${deleted}/upgrade`);
      const again = await panel.call('DELETE', `/v1/sites/${deleted}`);
      assert.deepEqual([again.status, again.body.state], [200, 'deleted']);
    });

    it('is refused when more is in use than the new plan grants, naming the figures', async () => {
      const quotas = () => app.serving.provisor.db.knex('quotas').where({ service_id: taken.service_id });
      await quotas().where({ resource: 'backups' }).update({ used: 2 });
      await quotas().where({ resource: 'domains' }).update({ used: 3 });
      await panel.call('PUT', '/v1/plans/tiny', { memory_mb: 64, disk_mb: 64, backups: 1, domains: 0 });
      const path = `/v1/sites/${taken.service_id}/upgrade`;
      const v1 = await refused({ plan: 'tiny' }, 'plan_too_small', path);
      for (const figure of ['tiny', '2 backups (1 granted)', '3 domains (0 granted)']) {
        assert.ok(v1.body.error.includes(figure), v1.body.error);
      }
      await refused({ service_id: taken.service_id, plan: 'tiny' }, 'plan_too_small', '/wp/upgrade/');
      const limits = (await quotas().orderBy('resource')).map(({ lim }) => Number(lim));
      assert.deepEqual(limits, [2, 3], 'a refused downgrade changed what is granted');
      assert.equal((await panel.call('DELETE', '/v1/plans/tiny')).status, 204);
      await quotas().update({ used: 0 });
    });

    it('is refused when it holds keys that programs trip over', async () => {
      const serviceId = newServiceId();
      const text = `{"service_id":"${serviceId}","email":"a@example.com","plan":"basic",%}`;
      for (const [key, more] of [
        ['__proto__', '"__proto__":{"polluted":1}'],
        ['constructor', '"constructor":{"prototype":{"polluted":1}}'],
        ['toString', '"toString":1'],
      ] as const) {
        pointsAt(await refusedText(text.replace('%', more)), `/body/${key}`);
      }
      // An inherited name does not stand in for one that is missing.
      pointsAt(
        await refusedText('{"__proto__":{"service_id":"a","email":"a@example.com","plan":"basic"}}'),
        '/body/service_id',
      );
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    });

    const refusedText = async (text: string): Promise<Answer> =>
      expectProblem(
        await panel.call('POST', '/v1/sites', text, { 'Content-Type': 'application/json' }),
        400,
        'invalid_request',
      );

    it('is refused when its text is not Unicode or its numbers are beyond reason', async () => {
      const json = { 'Content-Type': 'application/json', 'Idempotency-Key': 'odd' };
      const path = `/v1/sites/${taken.service_id}/suspend`;
      for (const [where, text] of [
        [path, '{"reason":"half of a pair: \\ud83d"}'],
        [path, '{"reason":"the other half: \\ude00"}'],
        ['/suspend', `{"service_id":"${taken.service_id}","\\ud83d":1}`],
        ['/suspend', `{"service_id":"${taken.service_id}","x":1e999}`],
        ['/suspend', `{"service_id":"${taken.service_id}","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
      ] as const) {
        for (const headers of [json, { 'Content-Type': 'application/json' }]) {
          expectProblem(await panel.call('POST', where, text, headers), 400, 'invalid_json');
        }
      }
    });

    it('leaves nothing behind', async () => {
      assert.deepEqual(await countTraces(app), earlier);
      assert.deepEqual(app.logged, []);
    });
  });

  describe(`A wish that looks odd but is fine, on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      app = await startApp(database);
    });
    after(() => app.stop());

    it('is granted for every id that the contract allows', async () => {
      const ids = [0, 12345, Number.MAX_SAFE_INTEGER, '0', '...', '.a', '-', '_', ':', '__proto__', 'constructor'];
      for (const id of [...ids, 'x'.repeat(64), 'A', 'a']) {
        const panel = await app.newPanel();
        const made = await panel.call('POST', '/v1/sites', wish({ service_id: id }), waiting);
        assert.equal(made.status, 201, made.text);
        assert.equal(made.body.service_id, String(id));
        const found = await panel.call('GET', `/v1/sites/${id}`);
        assert.equal(found.body.subdomain, made.body.subdomain);
      }
    });

    it('makes two services of ids that differ in their case only, and one of a number and its text', async () => {
      const panel = await app.newPanel();
      const subdomain = async (id: unknown, email: string) =>
        (await panel.call('POST', '/v1/sites', wish({ service_id: id, email }))).body.subdomain;
      assert.notEqual(await subdomain('Case', 'case@example.com'), await subdomain('case', 'case@example.com'));
      assert.equal(await subdomain(77, 'number@example.com'), await subdomain('77', 'number@example.com'));
    });

    it('gets a name of its own from an address that gives none, or a reserved one', async () => {
      const names = new Set<string>();
      const local = [
        '+++',
        '-',
        '_',
        '--',
        '!#$%',
        'admin',
        'www',
        'WWW',
        'mail',
        'xn--e1afmkfd',
        'admin+1',
        'a'.repeat(64),
      ];
      for (const part of local) {
        const made = await app.panel.call('POST', '/v1/sites', wish({ email: `${part}@example.com` }), waiting);
        assert.equal(made.status, 201, made.text);
        const { subdomain } = made.body;
        assert.match(subdomain, /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
        assert.doesNotMatch(subdomain, /^(www|mail|admin|xn--.*)$/);
        assert.ok(!names.has(subdomain), `${subdomain} was given twice`);
        names.add(subdomain);
        assert.equal((await app.visit(made.body.hostname)).status, 200);
      }
    });

    it('may name an IPv6 address as the public one', async () => {
      for (const ip of ['2001:db8::1', '::1', '2001:0db8:0000:0000:0000:ff00:0042:8329', '203.0.113.10']) {
        const site = await activeSite(app.panel, { public_ip: ip });
        assert.equal(site.public_ip, ip);
      }
      const { body } = await app.panel.call('POST', '/create-site', wish({ public_ip: '2001:db8::1' }));
      assert.equal(body.success, true);
    });

    it('ignores unknown fields on the calls of existing clients, whatever their names', async () => {
      const serviceId = newServiceId();
      const text = `{"service_id":"${serviceId}","email":"${serviceId}@example.com","plan":"basic","subdomain":"mine",
        "__proto__":{"plan":"premium","polluted":1},"constructor":{"prototype":{"polluted":1}},"customer_id":{"a":[]}}`;
      const json = { 'Content-Type': 'application/json' };
      const { status, body } = await app.panel.call('POST', '/create-site', text, json);
      assert.equal(status, 200);
      assert.equal(body.subdomain, serviceId);
      const site = (await app.panel.call('GET', `/v1/sites/${serviceId}`)).body;
      assert.deepEqual([site.plan, site.customer_id], ['basic', null]);
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    });

    it('keeps a reason as it was written', async () => {
      for (const reason of [
        '😀'.repeat(200),
        'a\u0000b',
        '<script>alert(1)</script>',
        "'; DROP TABLE sites; --",
        'é\n\t',
      ]) {
        const { service_id: id } = await activeSite(app.panel);
        const { body } = await app.panel.call('POST', `/v1/sites/${id}/suspend`, { reason }, waiting);
        assert.equal(body.suspension.reason, reason);
        assert.equal((await app.panel.call('GET', `/v1/sites/${id}`)).body.suspension.reason, reason);
      }
      assert.deepEqual(app.logged, []);
    });
  });
}
