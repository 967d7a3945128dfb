import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RRset, RRsetChange } from '../../src/ports/dns.ts';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { allAtRest } from '../support/at-rest.ts';
import { databases } from '../support/databases.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies are checked against the contract by the server
type Body = any;

const signal = AbortSignal.timeout(600_000);

/** On a busy machine the last in line is published after its call was answered. */
const isTaken = ({ status }: Answer): boolean => status === 201 || status === 202;

for (const database of databases) {
  describe(`zones on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      app = await startApp(database, {
        environment: {
          PROVISOR_PUBLIC_IP: '203.0.113.10',
          PROVISOR_PUBLIC_IPV6: '2001:db8::10',
          PROVISOR_PROXY_NAME: 'proxy.provider.example',
          PROVISOR_NAMESERVERS: 'ns1.nameservers.net,ns2.nameservers.net',
          PROVISOR_SITE_DOMAIN: 'sites.hosting.com',
          PROVISOR_ZONES_PER_CUSTOMER: '3',
          PROVISOR_RECORDS_PER_ZONE: '20',
        },
      });
    });
    after(() => app.stop());

    let names = 0;
    const newName = (): string => `zone-${++names}.com`;
    const dns = () => app.serving.provisor.providers.dns;
    const create = (name: string, more: object = {}, panel: Client = app.panel) =>
      panel.call('POST', '/v1/zones', { name, ...more }, waiting);
    const newZone = async (more: object = {}): Promise<string> => {
      const name = newName();
      const made = await create(name, more);
      assert.equal(made.status, 201, made.text);
      return name;
    };
    const add = (zone: string, wish: object, panel: Client = app.panel): Promise<Answer> =>
      panel.call('POST', `/v1/zones/${zone}/records`, wish);
    const list = async (zone: string): Promise<Body[]> => {
      const answer = await app.panel.call('GET', `/v1/zones/${zone}/records`);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.verified, true);
      return answer.body.data;
    };
    const short = async (zone: string): Promise<string[]> =>
      (await list(zone)).map(({ name, type, data, state }) => `${name} ${type} ${data} ${state}`);
    const behindOurBack = (zone: string, changes: RRsetChange[]) => dns().applyChanges(`${zone}.`, changes, signal);
    const publishedAt = async (zone: string, name: string): Promise<RRset[]> =>
      (await dns().listRRsets(`${zone}.`, signal)).filter((rrset) => rrset.name === name);

    it('begin with records that lead to the proxy, and the same create again answers with the same zone', async () => {
      const name = newName();
      const made = await create(name, { customer_id: '42' });
      assert.equal(made.status, 201, made.text);
      assert.equal(made.body.state, 'active');
      assert.deepEqual(made.body.nameservers, ['ns1.nameservers.net', 'ns2.nameservers.net']);
      assert.deepEqual(made.body.quota, { used: 4, limit: 20 });
      assert.deepEqual(await short(name), [
        '@ A PROXYSRV published',
        '@ AAAA PROXYSRV published',
        'www A PROXYSRV published',
        'www AAAA PROXYSRV published',
      ]);
      assert.equal((await list(name))[0].published, '203.0.113.10');
      assert.deepEqual((await dns().getZone(`${name}.`, signal))?.nameservers, [
        'ns1.nameservers.net.',
        'ns2.nameservers.net.',
      ]);
      const again = await create(name.toUpperCase(), { customer_id: '42' });
      assert.deepEqual([again.status, again.body.operation.id], [200, made.body.operation.id]);
      expectProblem(await create(name, { customer_id: '43' }), 409, 'zone_taken');
      expectProblem(await create(name), 409, 'zone_taken');
      expectProblem(await create(name, { customer_id: '42' }, await app.newPanel()), 409, 'zone_taken');
    });

    it('are accepted at once and made in the background', async () => {
      const name = newName();
      const made = await app.panel.call('POST', '/v1/zones', { name });
      assert.equal(made.status, 202, made.text);
      assert.equal(made.body.state, 'creating');
      await app.serving.provisor.operations.waitForRest(made.body.operation.id, 20_000);
      assert.equal((await app.panel.call('GET', `/v1/zones/${name}`)).body.state, 'active');
    });

    it('cannot have a name that nobody can register, or that is ours', async () => {
      for (const name of [
        'com',
        'co.uk',
        'localhost',
        'a..com',
        'www.example.com',
        'ex.com/x',
        '1.2',
        '192.0.2.1',
        '-a.com',
        `${'x'.repeat(64)}.com`,
        'foo.unknowntld',
        'exa mple.com',
        '*.example.com',
        '.',
        'xn--a.com',
      ]) {
        const { body } = expectProblem(await create(name), 400, 'zone_invalid');
        assert.match(body.error, /^The field "name" .+ An example: example\.com$/);
      }
      for (const name of ['hosting.com', 'nameservers.net']) expectProblem(await create(name), 400, 'zone_reserved');
    });

    it('may have a name of any script', async () => {
      const made = await create('Bücher-Straße.com');
      assert.deepEqual([made.status, made.body.unicode_name], [201, 'bücher-straße.com']);
      assert.match(made.body.name, /^xn--[a-z0-9-]+\.com$/);
      assert.equal((await app.panel.call('GET', `/v1/zones/${encodeURIComponent('bücher-straße.com')}`)).status, 200);
      const added = await add('bücher-straße.com', { name: 'münchen', type: 'CNAME', data: 'größe.example.net' });
      assert.equal(added.status, 201, added.text);
      assert.equal(added.body.name, 'xn--mnchen-3ya');
    });

    it('take every type of record and give it back as it was asked for', async () => {
      const zone = await newZone();
      const wishes = [
        { name: 'a', type: 'A', data: '192.0.2.1', ttl: 300 },
        { name: 'b', type: 'AAAA', data: '2001:0db8:0:0::0001', ttl: 300 },
        { name: 'c', type: 'CNAME', data: 'a', ttl: 3600 },
        { name: '@', type: 'MX', data: 'mail.example.org', priority: 10 },
        { name: 'sub', type: 'NS', data: 'ns1.example.org.' },
        { name: '@', type: 'TXT', data: `v=DKIM1; p=${'x"\\y'.repeat(100)}` },
        { name: '@', type: 'CAA', data: 'letsencrypt.org', tag: 'issue' },
        { name: '_sip._tcp', type: 'SRV', data: 'sip.example.org', priority: 1, weight: 2, port: 5060 },
        { name: 'p', type: 'CNAME', data: 'proxysrv' },
        { name: '*', type: 'A', data: 'PROXYSRV' },
        { name: `full.${zone}`, type: 'A', data: '192.0.2.9' },
      ];
      for (const wish of wishes) {
        const answer = await add(zone, wish);
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.body.state, 'published');
      }
      const listed = await list(zone);
      const find = (name: string, type: string) => listed.find((one) => one.name === name && one.type === type);
      assert.equal(find('b', 'AAAA').data, '2001:db8::1');
      assert.equal(find('c', 'CNAME').data, `a.${zone}`);
      assert.deepEqual([find('@', 'MX').data, find('@', 'MX').priority], ['mail.example.org', 10]);
      assert.equal(find('@', 'TXT').data, wishes[5]!.data);
      assert.deepEqual(
        [find('@', 'CAA').flags, find('@', 'CAA').tag, find('@', 'CAA').data],
        [0, 'issue', 'letsencrypt.org'],
      );
      assert.deepEqual([find('_sip._tcp', 'SRV').weight, find('_sip._tcp', 'SRV').port], [2, 5060]);
      assert.deepEqual([find('p', 'CNAME').data, find('p', 'CNAME').published], ['PROXYSRV', 'proxy.provider.example']);
      assert.equal(find('full', 'A').fqdn, `full.${zone}`);
      assert.deepEqual((await app.panel.call('GET', `/v1/zones/${zone}`)).body.quota, { used: 15, limit: 20 });
    });

    it('refuse what is wrong with a sentence, and what cannot stand beside what is there', async () => {
      const zone = await newZone();
      const refused = async (wish: object, code: string, words: RegExp) => {
        const { body } = expectProblem(
          await add(zone, { data: '192.0.2.1', type: 'A', name: 'x', ...wish }),
          code === 'record_invalid' ? 400 : 409,
          code,
        );
        assert.match(body.error, words);
      };
      await refused({ type: 'SOA' }, 'record_invalid', /"type" cannot be SOA, which this service keeps itself/);
      await refused({ type: 'PTR' }, 'record_invalid', /"type" must be one of/);
      await refused(
        { name: '@', type: 'NS', data: 'ns.example.org' },
        'record_invalid',
        /at the zone itself, which this service keeps/,
      );
      await refused({ name: '@', type: 'CNAME', data: 'example.org' }, 'record_invalid', /zone itself/);
      await refused({ name: `x.${zone}.${zone}` }, 'record_invalid', /twice/);
      await refused({ name: 'other.org.' }, 'record_invalid', /outside the zone/);
      await refused({ type: 'MX', data: '192.0.2.1', priority: 1 }, 'record_invalid', /IP address/);
      await refused({ type: 'MX', data: 'mail.example.org' }, 'record_invalid', /"priority" is missing/);
      await refused({ ttl: 0 }, 'record_invalid', /"ttl" must be/);
      await refused({ name: 'www', type: 'CNAME', data: 'example.org' }, 'record_conflict', /beside other records/);
      await refused({ name: 'www', data: '192.0.2.7', ttl: 60 }, 'record_conflict', /"ttl" must be the same/);
      assert.equal((await add(zone, { name: 'one', type: 'CNAME', data: 'two' })).status, 201);
      await refused({ name: 'two', type: 'CNAME', data: 'one' }, 'record_conflict', /circle/);
      await refused({ name: 'one', type: 'CNAME', data: 'three' }, 'record_conflict', /CNAME already/);
    });

    it('change one record, and find everything done when asked again', async () => {
      const zone = await newZone();
      const one = (await add(zone, { name: 'x', type: 'A', data: '192.0.2.1', ttl: 300 })).body;
      const same = await add(zone, { name: 'x', type: 'A', data: '192.0.2.1', ttl: 300 });
      assert.deepEqual([same.status, same.body.id, same.body.operation], [200, one.id, null]);
      const two = (await add(zone, { name: 'x', type: 'A', data: '192.0.2.2' })).body;
      assert.equal(two.ttl, 300);
      const path = `/v1/zones/${zone}/records`;
      const replace = (id: string, wish: object) => app.panel.call('PUT', `${path}/${id}`, wish);
      const moved = await replace(one.id, { name: 'x', type: 'A', data: '192.0.2.3', ttl: 600 });
      assert.equal(moved.status, 200, moved.text);
      assert.deepEqual(await publishedAt(zone, `x.${zone}.`), [
        { name: `x.${zone}.`, type: 'A', ttl: 600, rdata: (await publishedAt(zone, `x.${zone}.`))[0]!.rdata },
      ]);
      assert.deepEqual((await short(zone)).filter((line) => line.startsWith('x ')).sort(), [
        'x A 192.0.2.2 published',
        'x A 192.0.2.3 published',
      ]);
      assert.equal((await replace(one.id, { name: 'x', type: 'A', data: '192.0.2.3', ttl: 600 })).status, 200);
      assert.equal((await app.panel.call('DELETE', `${path}/${two.id}`)).body.state, 'deleted');
      // Another type at the same name, in one step.
      const turned = await replace(moved.body.id, { name: 'x', type: 'CNAME', data: 'example.org' });
      assert.equal(turned.status, 200, turned.text);
      assert.equal((await app.panel.call('DELETE', `${path}/${turned.body.id}`)).status, 200);
      expectProblem(await app.panel.call('DELETE', `${path}/${turned.body.id}`), 404, 'not_found');
      expectProblem(await replace('12', { name: 'x', type: 'A', data: '192.0.2.5' }), 404, 'not_found');
      assert.deepEqual((await app.panel.call('GET', `/v1/zones/${zone}`)).body.quota, { used: 4, limit: 20 });
    });

    it('are made and changed once for each Idempotency-Key', async () => {
      const zone = await newZone();
      const path = `/v1/zones/${zone}/records`;
      const call = () =>
        app.panel.call('POST', path, { name: 'k', type: 'A', data: '192.0.2.1' }, { 'Idempotency-Key': zone });
      const [one, two] = [await call(), await call()];
      assert.equal(one.status, 201);
      assert.deepEqual(two.body, one.body);
      assert.equal(two.headers['idempotency-replayed'], 'true');
    });

    it('lose nothing when 16 clients edit one RRset at once', async () => {
      const zone = await newZone();
      const ips = Array.from({ length: 16 }, (_, at) => `192.0.2.${at + 1}`);
      const answers = await Promise.all(ips.map((data) => add(zone, { name: 'many', type: 'A', data, ttl: 300 })));
      const done = ips.filter((_, at) => isTaken(answers[at]!));
      for (const answer of answers) if (!isTaken(answer)) expectProblem(answer, 409, 'operation_in_progress');
      await allAtRest(app);
      const [rrset] = await publishedAt(zone, `many.${zone}.`);
      assert.deepEqual([...rrset!.rdata].sort(), [...done].sort());
      const quota = (await app.panel.call('GET', `/v1/zones/${zone}`)).body.quota;
      assert.equal(quota.used, 4 + done.length);
      assert.ok(done.length >= 4, `${done.length} of 16 were done`);
      assert.deepEqual(
        (await list(zone)).filter(({ name, state }) => name === 'many' && state !== 'published'),
        [],
      );
    });

    it('stop at the limit of records, whoever comes at once', async () => {
      const zone = await newZone();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => add(zone, { name: `n${at}`, type: 'A', data: '192.0.2.1' })),
      );
      const left = answers.filter((answer) => !isTaken(answer));
      for (const answer of left) {
        if (answer.body.code !== 'operation_in_progress') expectProblem(answer, 409, 'quota_exceeded');
      }
      await allAtRest(app);
      const quota = (await app.panel.call('GET', `/v1/zones/${zone}`)).body.quota;
      assert.equal(quota.used, 4 + answers.length - left.length);
      assert.ok(quota.used <= 20);
      assert.equal((await list(zone)).length, quota.used);
    });

    it('of one customer stop at the limit, whoever comes at once, and a deleted one makes room', async () => {
      const all = Array.from({ length: 6 }, newName);
      const answers = await Promise.all(all.map((name) => create(name, { customer_id: 'many' })));
      const made = all.filter((_, at) => answers[at]!.status === 201);
      assert.equal(made.length, 3);
      for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 409, 'quota_exceeded');
      const gone = await app.panel.call('DELETE', `/v1/zones/${made[0]}`, undefined, waiting);
      assert.deepEqual([gone.status, gone.body.state], [200, 'deleted']);
      assert.equal((await create(newName(), { customer_id: 'many' })).status, 201);
      expectProblem(await create(newName(), { customer_id: 'many' }), 409, 'quota_exceeded');
      const page = await app.panel.call('GET', '/v1/zones?customer_id=many&limit=2');
      assert.equal(page.body.data.length, 2);
      assert.deepEqual(page.body.quota, { used: 3, limit: 3 });
      const none = await app.panel.call('GET', '/v1/zones?customer_id=none-of-them');
      assert.deepEqual([none.body.data, none.body.quota], [[], { used: 0, limit: 3 }]);
      assert.equal((await app.panel.call('GET', '/v1/zones?limit=1')).body.quota, null);
      const rest = await app.panel.call('GET', `/v1/zones?customer_id=many&limit=2&cursor=${page.body.next_cursor}`);
      assert.deepEqual([rest.body.data.length, rest.body.next_cursor], [1, null]);
    });

    it('of one name are made once, whoever comes at once', async () => {
      const name = newName();
      const answers = await Promise.all(
        ['a', 'b', 'c', 'a', 'b', 'c'].map((customer_id) => create(name, { customer_id })),
      );
      const owners = new Set(answers.filter(({ status }) => status < 300).map(({ body }) => body.customer_id));
      assert.equal(owners.size, 1);
      for (const answer of answers) if (answer.status >= 300) expectProblem(answer, 409, 'zone_taken');
    });

    it('are nobody else’s to see or change, by panel and by customer', async () => {
      const zone = await newZone({ customer_id: '7' });
      const path = `/v1/zones/${zone}`;
      const wish = { name: 'x', type: 'A', data: '192.0.2.1' };
      const { id } = (await add(zone, { ...wish, customer_id: '7' })).body;
      const stranger = await app.newPanel();
      const tries = (panel: Client, customer?: string) => {
        const query = customer === undefined ? '' : `?customer_id=${customer}`;
        const more = customer === undefined ? {} : { customer_id: customer };
        return [
          panel.call('GET', `${path}${query}`),
          panel.call('DELETE', `${path}${query}`),
          panel.call('GET', `${path}/records${query}`),
          panel.call('POST', `${path}/records`, { ...wish, ...more }),
          panel.call('PUT', `${path}/records/${id}`, { ...wish, ...more }),
          panel.call('DELETE', `${path}/records/${id}${query}`),
          panel.call('GET', `${path}/export${query}`),
          panel.call('POST', `${path}/import`, { zone_file: '', ...more }),
        ];
      };
      for (const answer of await Promise.all([...tries(stranger), ...tries(app.panel, '8')])) {
        expectProblem(answer, 404, 'not_found');
      }
      assert.equal((await list(zone)).length, 5);
    });

    it('are deleted with their records, again and again, and then the name is free', async () => {
      const zone = await newZone({ customer_id: 'first' });
      const gone = await app.panel.call('DELETE', `/v1/zones/${zone}`, undefined, waiting);
      assert.deepEqual([gone.status, gone.body.state], [200, 'deleted']);
      assert.equal(await dns().getZone(`${zone}.`, signal), null);
      const again = await app.panel.call('DELETE', `/v1/zones/${zone}`, undefined, waiting);
      assert.deepEqual([again.status, again.body.state], [200, 'deleted']);
      expectProblem(await app.panel.call('GET', `/v1/zones/${zone}`), 404, 'not_found');
      assert.equal((await create(zone, { customer_id: 'second' })).status, 201);
    });

    it('that are at the provider already and nobody here has made are left alone', async () => {
      const name = newName();
      await dns().createZone({ name: `${name}.`, owner: 'somebody', nameservers: ['ns.example.org.'] }, signal);
      expectProblem(await create(name), 409, 'zone_taken');
      assert.deepEqual((await dns().getZone(`${name}.`, signal))?.nameservers, ['ns.example.org.']);
    });

    it('show what was changed behind our back, and do not overwrite it', async () => {
      const zone = await newZone();
      const own = { name: `x.${zone}.`, type: 'A' as const, ttl: 300, rdata: ['192.0.2.1'] };
      await add(zone, { name: 'x', type: 'A', data: '192.0.2.1', ttl: 300 });
      await add(zone, { name: 'y', type: 'A', data: '192.0.2.1', ttl: 300 });
      const theirs = { ...own, rdata: ['192.0.2.1', '198.51.100.1'] };
      await behindOurBack(zone, [
        { op: 'update', old: own, new: theirs },
        { op: 'create', new: { name: `z.${zone}.`, type: 'TXT', ttl: 60, rdata: ['strange'] } },
        { op: 'update', old: { ...own, name: `y.${zone}.` }, new: { ...own, name: `y.${zone}.`, ttl: 999 } },
        { op: 'delete', old: { name: `www.${zone}.`, type: 'AAAA', ttl: 3600, rdata: ['2001:db8::10'] } },
      ]);
      const states = (await short(zone)).filter((line) => !line.endsWith(' published'));
      assert.deepEqual(states.sort(), [
        'www AAAA PROXYSRV missing',
        'x A 198.51.100.1 foreign',
        'y A 192.0.2.1 changed',
        'z TXT strange foreign',
      ]);
      // An edit of the same RRset keeps theirs; one elsewhere changes nothing of the drift.
      assert.equal((await add(zone, { name: 'x', type: 'A', data: '192.0.2.2', ttl: 300 })).status, 201);
      assert.deepEqual((await publishedAt(zone, `x.${zone}.`))[0]!.rdata.toSorted(), [
        '192.0.2.1',
        '192.0.2.2',
        '198.51.100.1',
      ]);
      assert.deepEqual((await short(zone)).filter((line) => !line.endsWith(' published')).sort(), states.sort());
      // What was asked for and is missing is published again when it is asked for again.
      assert.equal((await add(zone, { name: 'www', type: 'AAAA', data: 'PROXYSRV' })).status, 201);
      const foreign = (await list(zone)).find(({ data }) => data === 'strange');
      assert.equal((await app.panel.call('DELETE', `/v1/zones/${zone}/records/${foreign.id}`)).status, 200);
      assert.deepEqual(await publishedAt(zone, `z.${zone}.`), []);
    });

    it('show the names of a panel’s own sites, which are not edited here', async () => {
      const site = await activeSite(app.panel, { customer_id: '9' });
      const stranger = await app.newPanel();
      const path = '/v1/zones/sites.hosting.com';
      assert.equal((await app.panel.call('GET', path)).body.managed_by, 'sites');
      const listed = (await app.panel.call('GET', `${path}/records`)).body.data;
      const own = listed.find(({ fqdn }: Body) => fqdn === site.hostname);
      assert.deepEqual(own.managed_by, { service_id: site.service_id });
      assert.deepEqual((await stranger.call('GET', `${path}/records`)).body.data, []);
      assert.deepEqual((await app.panel.call('GET', `${path}/records?customer_id=10`)).body.data, []);
      const wish = { name: 'x', type: 'A', data: '192.0.2.1' };
      for (const answer of [
        await app.panel.call('POST', `${path}/records`, wish),
        await app.panel.call('PUT', `${path}/records/${own.id}`, wish),
        await app.panel.call('DELETE', `${path}/records/${own.id}`),
        await app.panel.call('DELETE', path),
      ]) {
        expectProblem(answer, 409, 'record_managed');
      }
    });
  });
}
