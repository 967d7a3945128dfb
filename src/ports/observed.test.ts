import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ambient } from '../kit/ambient.ts';
import { ProviderError } from '../kit/errors.ts';
import { createScrub } from '../kit/secrets.ts';
import { noTelemetry } from '../kit/telemetry.ts';
import { observe } from './observed.ts';

const watch = <Port extends { readonly id: string }>(port: Port) => {
  const calls: string[] = [];
  const telemetry = {
    ...noTelemetry,
    providerCalled: (provider: string, method: string, outcome: string) =>
      void calls.push(`${provider} ${method} ${outcome}`),
  };
  return { calls, port: observe(port, { telemetry, scrub: createScrub(['a very secret word']), now: () => 0 }) };
};

test('a call is counted with its outcome, and runs as part of the provider', async () => {
  const { calls, port } = watch({
    id: 'dns/paper',
    prefix: 'zone',
    async getZone(name: string) {
      return `${this.prefix} ${name} ${ambient()?.provider}`;
    },
    deleteZone: async () => {
      throw new ProviderError('dns/paper', 'auth', 'It said: a very secret word', {
        cause: new Error('a very secret word'),
      });
    },
    urlFor: (name: string) => `http://${name}/`,
  });
  assert.equal(await port.getZone('x.'), 'zone x. dns/paper');
  assert.equal(port.urlFor('x'), 'http://x/');
  await assert.rejects(port.deleteZone(), (error: Error) => {
    assert.ok(error instanceof ProviderError);
    assert.equal(error.message, 'It said: [secret]');
    assert.equal((error.cause as Error).message, '[secret]');
    assert.doesNotMatch(String(error.stack), /very secret/);
    return true;
  });
  assert.deepEqual(calls, ['dns/paper getZone ok', 'dns/paper deleteZone auth']);
});

test('a method that is exchanged is called as it is now, and once when it is put back', async () => {
  const { calls, port } = watch({ id: 'compute/paper', start: async () => 'first' });
  assert.equal(await port.start(), 'first');
  const kept = port.start;
  port.start = async () => 'second';
  assert.equal(await port.start(), 'second');
  port.start = kept;
  assert.equal(await port.start(), 'first');
  assert.equal(calls.length, 3);
});
