/** What a provider that does not answer is spared, and who finds out that it is back. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { quiet } from '../../test/support/app.ts';
import { ProviderError, type ProviderErrorKind } from '../kit/errors.ts';
import { createBreakers, ProviderRests } from './breakers.ts';

const down = () => Promise.reject(new ProviderError('test/x', 'unavailable', 'no answer'));
const refused = () => Promise.reject(new ProviderError('test/x', 'invalid', 'no'));
const fine = async () => 'fine';

describe('a breaker', () => {
  it('leaves a provider alone after outages in a row, and others never', async () => {
    const breakers = createBreakers({ log: quiet, failures: 2, restMs: 60_000 });
    await assert.rejects(breakers.call('test/x', down), ProviderError);
    await breakers.call('test/x', fine);
    for (let i = 0; i < 2; i += 1) await assert.rejects(breakers.call('test/x', down), ProviderError);
    await assert.rejects(
      breakers.call('test/x', () => assert.fail('It was called')),
      ProviderRests,
    );
    assert.deepEqual(breakers.resting(), ['test/x']);
    assert.equal(await breakers.call('test/y', fine), 'fine');
  });

  it('stays closed for refusals, which are answers', async () => {
    const breakers = createBreakers({ log: quiet, failures: 2 });
    for (let i = 0; i < 5; i += 1) await assert.rejects(breakers.call('test/x', refused), ProviderError);
    assert.equal(await breakers.call('test/x', fine), 'fine');
  });

  it('lets one call try whether the provider is back, and holds no other up meanwhile', async () => {
    mock.timers.enable({ apis: ['Date'] });
    try {
      const breakers = createBreakers({ log: quiet, failures: 1, restMs: 1_000 });
      await assert.rejects(breakers.call('test/x', down), ProviderError);
      mock.timers.tick(1_001);
      const answer = Promise.withResolvers<string>();
      const trying = breakers.call('test/x', () => answer.promise);
      const others = await Promise.allSettled(Array.from({ length: 5 }, () => breakers.call('test/x', fine)));
      assert.deepEqual(
        others.map((each) => each.status === 'rejected' && each.reason instanceof ProviderRests),
        [true, true, true, true, true],
      );
      answer.resolve('back');
      assert.equal(await trying, 'back');
      assert.equal(await breakers.call('test/x', fine), 'fine');
      assert.deepEqual(breakers.resting(), []);
    } finally {
      mock.timers.reset();
    }
  });

  it('counts the trial of a provider that is still away as no failed try, unless something may have been done', async () => {
    mock.timers.enable({ apis: ['Date'] });
    try {
      const breakers = createBreakers({ log: quiet, failures: 1, restMs: 1_000 });
      const call = (kind: ProviderErrorKind) =>
        breakers.call('test/x', () => Promise.reject(new ProviderError('test/x', kind, 'away')));
      await assert.rejects(call('unavailable'), ProviderError);
      await assert.rejects(call('unavailable'), ProviderRests);
      mock.timers.tick(1_001);
      await assert.rejects(call('unavailable'), ProviderRests);
      mock.timers.tick(1_001);
      await assert.rejects(call('unknown_outcome'), ProviderError);
      mock.timers.tick(1_001);
      assert.equal(await breakers.call('test/x', fine), 'fine');
    } finally {
      mock.timers.reset();
    }
  });
});
