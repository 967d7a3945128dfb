/** A domain becomes a zone only when its parent says so; asked of a small hierarchy of real servers on loopback. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { a, type Hierarchy, ns, type Reply, startHierarchy } from '../support/dns-hierarchy.ts';

const ours = ['ns1.nameservers.net', 'ns2.nameservers.net'];

for (const database of databases) {
  describe(`the ownership of a zone on ${database.name}`, () => {
    let app: TestApp;
    let net: Hierarchy;
    /** What the TLD delegates each domain to. */
    const delegated = new Map<string, string[]>();
    const texts = new Map<string, string>();

    const start = async (challenge: 'off' | 'required') => {
      net = await startHierarchy();
      net.root.answer = () => ({
        authorities: ns('com', 'a.gtld.net'),
        additionals: [a('a.gtld.net', net.tld.address)],
      });
      net.tld.answer = (name): Reply => {
        const hosts = delegated.get(name);
        return hosts ? { authorities: ns(name, ...hosts) } : { rcode: 'NXDOMAIN' };
      };
      net.resolver.answer = (name, type) => {
        const text = texts.get(name);
        return type === 'TXT' && text !== undefined
          ? { answers: [{ type: 'TXT', name, ttl: 60, data: text }] }
          : { rcode: 'NXDOMAIN' };
      };
      app = await startApp(database, {
        environment: {
          ...net.environment,
          PROVISOR_NAMESERVERS: ours.join(),
          PROVISOR_ZONE_DELEGATION: 'required',
          PROVISOR_ZONE_CHALLENGE: challenge,
        },
      });
    };
    const create = (name: string, more: object = {}) => app.panel.call('POST', '/v1/zones', { name, ...more }, waiting);

    describe('by delegation', () => {
      before(() => start('off'));
      after(async () => {
        await app.stop();
        await net.stop();
      });

      it('is shown when the parent names our nameservers, in any case and number', async () => {
        delegated.set('good.com', ['NS1.nameservers.net', 'ns2.Nameservers.net']);
        const made = await create('good.com');
        assert.equal(made.status, 201, made.text);
        assert.deepEqual(net.tld.asked.at(-1), 'good.com NS udp');
        delegated.set('one.com', [ours[0]!]);
        assert.equal((await create('one.com')).status, 201);
      });

      it('is refused for other nameservers, for some of them, and for a domain that nobody has', async () => {
        delegated.set('other.com', ['ns.example.org']);
        const other = expectProblem(await create('other.com'), 409, 'not_delegated').body;
        assert.match(other.error, /must have the nameservers ns1\.nameservers\.net and ns2\.nameservers\.net/);
        assert.deepEqual(other.details, { wanted: ours, found: ['ns.example.org.'] });
        delegated.set('mixed.com', [...ours, 'ns.example.org']);
        expectProblem(await create('mixed.com'), 409, 'not_delegated');
        assert.match(expectProblem(await create('nobody.com'), 409, 'not_delegated').body.error, /not registered/);
        assert.equal(await app.serving.provisor.db.knex('zones').where({ name: 'other.com' }).first(), undefined);
        delegated.set('other.com', ours);
        assert.equal((await create('other.com')).status, 201);
      });

      it('is told by the parent and by nobody else: the domain’s own server is never asked', async () => {
        delegated.set('liar.com', ['ns.liar.com']);
        net.own.answer = () => ({ answers: ns('liar.com', ...ours) });
        expectProblem(await create('liar.com'), 409, 'not_delegated');
        assert.deepEqual(net.own.asked, []);
      });

      it('is asked over TCP when the answer does not fit, and with a resolver’s help where no addresses come along', async () => {
        const plain = [net.root.answer, net.tld.answer, net.resolver.answer] as const;
        net.root.answer = () => ({ authorities: ns('com', 'a.gtld.net') });
        net.resolver.answer = (name, type) =>
          name === 'a.gtld.net' && type === 'A' ? { answers: [a(name, net.tld.address)] } : { rcode: 'NXDOMAIN' };
        net.tld.answer = (name) => ({ truncated: true, authorities: ns(name, ...ours) });
        assert.equal((await create('large.com')).status, 201);
        assert.equal(net.tld.asked.at(-1), 'large.com NS tcp');
        [net.root.answer, net.tld.answer, net.resolver.answer] = plain;
      });

      it('is not known while the servers above do not answer, or lead round in a circle', async () => {
        const { answer } = net.tld;
        net.tld.answer = () => ({ rcode: 'SERVFAIL' });
        const body = expectProblem(await create('dark.com'), 503, 'delegation_unknown').body;
        assert.equal(body.retryable, true);
        net.tld.answer = () => ({ silent: true });
        expectProblem(await create('dark.com'), 503, 'delegation_unknown');
        net.tld.answer = () => ({ authorities: ns('com', 'a.gtld.net') });
        expectProblem(await create('dark.com'), 409, 'not_delegated');
        net.tld.answer = answer;
      });
    });

    describe('by challenge', () => {
      before(() => start('required'));
      after(async () => {
        await app.stop();
        await net.stop();
      });

      it('is shown by a text that is published before the domain is moved, for one customer only', async () => {
        delegated.set('moved.com', ['ns.example.org']);
        const asked = expectProblem(await create('moved.com', { customer_id: '1' }), 409, 'challenge_missing').body;
        const { name, value } = asked.details.challenge;
        assert.equal(name, '_provisor-challenge.moved.com');
        assert.match(asked.error, new RegExp(`TXT record ${name} with the text ${value}`));
        assert.deepEqual(asked.details.found, []);
        texts.set(name, 'something else');
        const other = expectProblem(await create('moved.com', { customer_id: '2' }), 409, 'challenge_missing').body;
        assert.deepEqual(other.details.found, ['something else']);
        texts.delete(name);
        assert.notEqual(other.details.challenge.value, value);
        texts.set(name, value);
        expectProblem(await create('moved.com', { customer_id: '1' }), 409, 'not_delegated');
        expectProblem(await create('moved.com', { customer_id: '2' }), 409, 'challenge_missing');
        // Moved, nobody serves the text any more: that it was seen counts.
        texts.delete(name);
        delegated.set('moved.com', ours);
        expectProblem(await create('moved.com', { customer_id: '2' }), 409, 'challenge_missing');
        assert.equal((await create('moved.com', { customer_id: '1' })).status, 201);
      });
    });
  });
}
