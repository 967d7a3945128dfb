import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAddressRule } from './target-address.ts';

describe('which addresses may be called', () => {
  const isAllowed = createAddressRule([]);

  it('are public ones', () => {
    for (const address of [
      '1.1.1.1',
      '93.184.216.34',
      '172.32.0.1',
      '100.128.0.1',
      '2606:4700::1111',
      '2a00:1450:4001::1',
      '::ffff:8.8.8.8',
    ])
      assert.equal(isAllowed(address), true, address);
  });

  it('are none of our own machine, of networks behind us, of a cloud, or of nobody', () => {
    const refused = [
      '0.0.0.0',
      '0.1.2.3',
      '10.0.0.1',
      '100.64.0.1',
      '100.127.255.255',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.0.0.1',
      '192.0.2.1',
      '192.88.99.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:a00:1',
      '::FFFF:10.0.0.1',
      '0:0:0:0:0:ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
      '100::1',
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '3fff::1',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'ff02::1',
      'localhost',
      '',
      '1.1.1.1.',
    ];
    for (const address of refused) assert.equal(isAllowed(address), false, address);
  });

  it('are those too that the operator names, and no more', () => {
    const ours = createAddressRule(['10.1.0.0/16', 'fd00::/8', '192.168.7.7']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.168.7.7', '1.1.1.1'])
      assert.equal(ours(address), true, address);
    for (const address of ['10.2.0.1', '127.0.0.1', 'fc00::1']) assert.equal(ours(address), false, address);
  });
});
