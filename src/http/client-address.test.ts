import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClientAddress, networkOf } from './client-address.ts';

describe('The address of a client', () => {
  it('is that of the connection while no proxy is trusted, whatever is sent', () => {
    const of = createClientAddress([]);
    assert.equal(of('192.0.2.1', '198.51.100.1'), '192.0.2.1');
    assert.equal(of('::ffff:192.0.2.1', undefined), '192.0.2.1');
    assert.equal(of(undefined, undefined), 'unknown');
  });

  it('is what a trusted proxy says it is', () => {
    const of = createClientAddress(['10.0.0.0/8', '2001:db8::/32', '127.0.0.1']);
    assert.equal(of('10.1.2.3', '198.51.100.1'), '198.51.100.1');
    assert.equal(of('::ffff:10.1.2.3', '198.51.100.1'), '198.51.100.1');
    assert.equal(of('2001:db8::1', '2001:4860::1'), '2001:4860::1');
    assert.equal(of('2001:db8::1', '[2001:4860::1]'), '2001:4860::1');
    assert.equal(of('127.0.0.1', '198.51.100.1, 10.9.9.9'), '198.51.100.1');
  });

  it('cannot be made up by the client: only what trusted proxies wrote is read', () => {
    const of = createClientAddress(['10.0.0.0/8']);
    assert.equal(of('10.0.0.1', '203.0.113.9, 198.51.100.1'), '198.51.100.1');
    assert.equal(of('198.51.100.1', '203.0.113.9'), '198.51.100.1');
    assert.equal(of('10.0.0.1', '203.0.113.9, nonsense'), '10.0.0.1');
    assert.equal(of('10.0.0.1', ''), '10.0.0.1');
    assert.equal(of('10.0.0.1', '10.0.0.2, 10.0.0.3'), '10.0.0.2');
  });

  it('is limited by the network that a customer has whole', () => {
    assert.equal(networkOf('192.0.2.1'), '192.0.2.1');
    assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(networkOf('2001:0db8:0001::5'), '2001:db8:1:0::/64');
    assert.equal(networkOf('::1'), '0:0:0:0::/64');
    assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  });
});
