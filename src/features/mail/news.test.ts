import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newsFor } from './news.ts';

const event = (name: string, error?: { code: string; message: string }) => ({
  name,
  payload: { operation_id: '01OP', service_id: '1', ...(error ? { error } : {}) },
});
const refused = { code: 'provider_refused', message: 'It was refused.' };

describe('what is told by mail', () => {
  it('is to customers that their site is there, suspended, back or gone, and nothing else that went well', () => {
    const told = ['create', 'suspend', 'unsuspend', 'delete', 'backup', 'rollback', 'upgrade', 'restart', 'domain-add']
      .map((call) => [call, newsFor('customer', event(`site.${call}.done`))?.is])
      .filter(([, is]) => is !== undefined);
    assert.deepEqual(told, [
      ['create', 'created'],
      ['suspend', 'suspended'],
      ['unsuspend', 'unsuspended'],
      ['delete', 'deleted'],
    ]);
    for (const name of ['support.created', 'support.suspended', 'zone.create.done', 'webhook.test', 'domain.expired'])
      assert.equal(newsFor('customer', event(name)), null, name);
  });

  it('is to customers that what they asked for failed, and not what the operator asked for', () => {
    for (const call of ['create', 'upgrade', 'backup', 'rollback', 'domain-add', 'restart']) {
      assert.deepEqual(newsFor('customer', event(`site.${call}.failed`, refused)), {
        is: 'failed',
        kind: `site.${call}`,
        code: 'provider_refused',
        sentence: 'It was refused.',
        operation: '01OP',
      });
    }
    for (const name of ['site.suspend.failed', 'site.unsuspend.failed', 'site.delete.failed', 'zone.create.failed'])
      assert.equal(newsFor('customer', event(name, refused)), null, name);
    assert.equal(newsFor('customer', event('site.create.stuck', refused)), null);
  });

  it('is to the operator what failed or waits, of every kind, and nothing that went well', () => {
    for (const name of ['site.suspend.failed', 'zone.change.failed', 'site.delete.stuck', 'site.backup.failed'])
      assert.notEqual(newsFor('operator', event(name, refused)), null, name);
    for (const name of ['site.create.done', 'support.created'])
      assert.equal(newsFor('operator', event(name)), null, name);
    // The customer's DNS, and no operation.
    assert.equal(newsFor('operator', { name: 'domain.failed', payload: { service_id: '1' } }), null);
  });

  it('is to nobody that something ended because it was asked to', () => {
    for (const role of ['customer', 'operator'] as const)
      for (const code of ['cancelled', 'superseded'])
        assert.equal(newsFor(role, event('site.create.failed', { code, message: '' })), null);
  });
});
