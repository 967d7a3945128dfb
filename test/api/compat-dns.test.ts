/** The literal DNS calls of an existing extension, and what it gets. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';

for (const database of databases) {
  describe(`the DNS calls of existing extensions on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      app = await startApp(database, {
        environment: { PROVISOR_PUBLIC_IP: '203.0.113.10', PROVISOR_ZONES_PER_CUSTOMER: '4' },
      });
    });
    after(() => app.stop());

    let names = 0;
    let users = 0;
    const call = (path: string, body: object, headers: Record<string, string> = {}) =>
      app.panel.call('POST', `/customdomain/${path}`, body, headers);
    const success = async (path: string, body: object): Promise<string> => {
      const answer = await call(path, body);
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
      assert.match(answer.text, /^Success/);
      return answer.text;
    };
    const getData = async (user_id: string | number) => (await call('getdata', { user_id })).body;
    const newZone = async () => {
      const [user_id, domain] = [++users, `old-${++names}.com`];
      await success('add/zone', { user_id, domain });
      const { zones } = await getData(user_id);
      return { user_id, domain, zone_id: zones[0].zone.id as string };
    };

    it('list a customer’s zones with the records by id, as numbers in text', async () => {
      const { user_id, domain, zone_id } = await newZone();
      const { zones } = await getData(String(user_id));
      assert.match(zone_id, /^\d{1,16}$/);
      assert.equal(zones[0].zone.name, domain);
      for (const [id, record] of Object.entries<Record<string, unknown>>(zones[0].zone.records)) {
        assert.match(id, /^\d{1,16}$/);
        assert.deepEqual(record, { id, type: 'A', name: record.name, data: 'PROXYSRV', ttl: 3600, active: 'y' });
      }
      assert.deepEqual(await getData('nobody'), { zones: [] });
    });

    it('add and delete records of each of their types, also without the zone’s id', async () => {
      const { user_id, domain, zone_id } = await newZone();
      const wishes = [
        { zone_id, type: 'A', name: 'a', ttl: 3600, ip: '192.0.2.1' },
        { zone_id: Number(zone_id), type: 'AAAA', name: `b.${domain}`, ttl: '300', ip: '2001:db8::1' },
        { type: 'CNAME', name: `c.${domain}.`, ttl: 3600, target: 'example.org' },
        { type: 'MX', name: domain, ttl: 3600, exchange: 'mail.example.org', priority: '10' },
        { zone_id, type: 'TXT', name: domain, ttl: 3600, txt: 'v=spf1 "odd" -all' },
        { zone_id, type: 'NS', name: 'sub', ttl: 3600, ns: 'ns.example.org' },
        { zone_id, type: 'A', name: 'p', ttl: 3600, ip: 'PROXYSRV', unknown: 'is ignored' },
      ];
      for (const wish of wishes) await success('add/record', wish);
      // A repeat, whose first answer was lost, is a success.
      await success('add/record', wishes[0]!);
      const records = Object.values<Record<string, unknown>>((await getData(user_id)).zones[0].zone.records);
      const shown = records.map(({ name, type, data, aux, ttl }) =>
        [name, type, data, ttl, ...(aux === undefined ? [] : [aux])].join(' '),
      );
      for (const line of [
        `a.${domain} A 192.0.2.1 3600`,
        `b.${domain} AAAA 2001:db8::1 300`,
        `c.${domain} CNAME example.org 3600`,
        `${domain} MX mail.example.org 3600 10`,
        `${domain} TXT v=spf1 "odd" -all 3600`,
        `sub.${domain} NS ns.example.org 3600`,
        `p.${domain} A PROXYSRV 3600`,
      ]) {
        assert.ok(shown.includes(line), `${line} is not in ${shown.join('\n')}`);
      }
      const { id } = records.find(({ type }) => type === 'MX')!;
      await success('delete/record', { zone_id, rc_id: id });
      await success('delete/record', { zone_id, rc_id: Number(id) });
      assert.equal((await getData(user_id)).zones[0].zone.records[String(id)], undefined);
    });

    it('answer JSON to a client that asks for it', async () => {
      const { zone_id } = await newZone();
      const headers = { Accept: 'application/json' };
      const added = await call('add/record', { zone_id, type: 'A', name: 'j', ttl: 300, ip: '192.0.2.1' }, headers);
      assert.deepEqual(added.body, { success: true, message: 'Success: the record is published', id: added.body.id });
      const gone = await call('delete/record', { zone_id, rc_id: added.body.id }, headers);
      assert.equal(gone.body.success, true);
      const made = await call('add/zone', { user_id: 'json', domain: 'json-wish.com' }, headers);
      assert.match(made.body.message, /^Success: the zone json-wish\.com is ready$/);
    });

    it('keep their text under an Idempotency-Key too', async () => {
      const { zone_id } = await newZone();
      const wish = { zone_id, type: 'A', name: 'k', ttl: 300, ip: '192.0.2.1' };
      const [one, two] = [
        await call('add/record', wish, { 'Idempotency-Key': zone_id }),
        await call('add/record', wish, { 'Idempotency-Key': zone_id }),
      ];
      assert.equal(two.headers['idempotency-replayed'], 'true');
      assert.deepEqual([two.text, two.headers['content-type']], [one.text, one.headers['content-type']]);
    });

    it('delete a zone, again and again', async () => {
      const { user_id, domain } = await newZone();
      await success('delete/zone', { domain });
      await success('delete/zone', { domain });
      await success('delete/zone', { domain: 'never-there.com' });
      assert.deepEqual(await getData(user_id), { zones: [] });
    });

    it('are refused as everything is', async () => {
      const { user_id, domain, zone_id } = await newZone();
      const wish = { type: 'A', name: `x.${domain}`, ttl: 300, ip: '192.0.2.1' };
      expectProblem(await call('add/zone', { user_id: 'other', domain }), 409, 'zone_taken');
      expectProblem(await call('add/zone', { user_id, domain: 'co.uk' }), 400, 'zone_invalid');
      for (const [more, sentence] of [
        [{ ip: '1.2.3' }, /^The field "ip" must be an IPv4 address: "1\.2\.3"/],
        [{ ip: undefined }, /^The field "ip" must be an IPv4 address: ""/],
        [{ type: 'MX', exchange: '192.0.2.1', priority: 10 }, /^The field "exchange" is an IP address where/],
        [{ type: 'CNAME', target: 'a..b' }, /^The field "target" has two dots in a row/],
        [{ ttl: 5 }, /^The field "ttl" must be/],
      ] as const) {
        const { body } = expectProblem(await call('add/record', { ...wish, zone_id, ...more }), 400, 'record_invalid');
        assert.match(body.error, sentence);
      }
      expectProblem(await call('add/record', { ...wish, zone_id, user_id: 'other' }), 404, 'not_found');
      expectProblem(await call('add/record', { ...wish, name: 'x.nowhere.com' }), 404, 'not_found');
      expectProblem(await call('add/record', { ...wish, zone_id: '1' }), 404, 'not_found');
      expectProblem(await call('delete/record', { zone_id: '1', rc_id: '1' }), 404, 'not_found');
      const more = [1, 2, 3].map((at) => call('add/zone', { user_id, domain: `more-${names}-${at}.com` }));
      for (const answer of await Promise.all(more)) assert.equal(answer.status, 200);
      expectProblem(await call('add/zone', { user_id, domain: 'one-too-many.com' }), 409, 'quota_exceeded');
    });
  });
}
