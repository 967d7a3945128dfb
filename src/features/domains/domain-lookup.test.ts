import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startDns, type TestDns } from '../../../test/support/dns-server.ts';
import { createDomainLookup } from './domain-lookup.ts';
import { hostnameOf } from './hostname.ts';

const signal = new AbortController().signal;

describe('a look at the DNS', () => {
  let dns: TestDns;
  before(async () => {
    dns = await startDns();
  });
  after(() => dns.stop());
  const look = (name: string, until = signal) =>
    createDomainLookup({ servers: [dns.server] }).look(hostnameOf(name), until);

  it('sees addresses of both families and texts of several strings', async () => {
    dns.set('a.example.com', 'A', '192.0.2.2', '192.0.2.1');
    dns.set('a.example.com', 'AAAA', '2001:db8::1');
    dns.set('_provisor-challenge.a.example.com', 'TXT', 'two', 'one');
    assert.deepEqual(await look('a.example.com'), {
      cname: [],
      addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
      txt: ['one', 'two'],
    });
  });

  it('sees that there is nothing', async () => {
    assert.deepEqual(await look('nothing.example.com'), { cname: [], addresses: [], txt: [] });
  });

  it('follows CNAMEs, and ends with those that run in a circle', async () => {
    dns.set('www.example.com', 'CNAME', 'Web.example.net');
    dns.set('web.example.net', 'CNAME', 'alice.sites.example');
    dns.set('alice.sites.example', 'A', '192.0.2.7');
    const { cname } = await look('www.example.com');
    assert.deepEqual(cname, ['web.example.net', 'alice.sites.example']);
    dns.set('x.example.com', 'CNAME', 'y.example.com');
    dns.set('y.example.com', 'CNAME', 'z.example.com');
    for (let n = 0; n < 20; n += 1) dns.set(`n${n}.example.com`, 'CNAME', `n${n + 1}.example.com`);
    assert.deepEqual((await look('x.example.com')).cname, ['y.example.com', 'z.example.com']);
    assert.equal((await look('n0.example.com')).cname?.length, 8);
  });

  it('asks for a name beneath a wildcard, and for the token at the domain itself', async () => {
    dns.set('*.wild.example.com', 'CNAME', 'alice.sites.example');
    dns.set('_provisor-challenge.wild.example.com', 'TXT', 'token');
    const { cname, txt } = await look('*.wild.example.com');
    assert.deepEqual([cname, txt], [['alice.sites.example'], ['token']]);
  });

  it('knows nothing when the DNS fails', async () => {
    dns.behave('with SERVFAIL');
    assert.deepEqual(await look('a.example.com'), { cname: null, addresses: null, txt: null });
    dns.behave('properly');
  });

  it('is given up when it is told to, and asks nothing after that', async () => {
    dns.behave('not at all');
    const giveUp = new AbortController();
    const looking = look('a.example.com', giveUp.signal);
    giveUp.abort();
    assert.deepEqual(await looking, { cname: null, addresses: null, txt: null });
    dns.behave('properly');
    const before = dns.asked.length;
    assert.equal((await look('a.example.com', AbortSignal.abort())).txt, null);
    assert.equal(dns.asked.length, before);
  });
});
