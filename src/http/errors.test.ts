import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../kit/errors.ts';
import { problemOf } from './errors.ts';

const misfit = (path: string, message: string) =>
  Object.assign(new Error('misfit'), { status: 400, errors: [{ path, message }] });

describe('what a caller reads', () => {
  for (const [path, message, sentence] of [
    ['/body/x', 'must NOT have additional properties', 'body.x is not known here'],
    ['/query/x', "Unknown query parameter 'x'", 'query.x is not known here'],
    ['/body/email', "must have required property 'email'", 'body.email is missing'],
    ['/body/email', 'must match format "email"', 'body.email must be an e-mail address'],
    ['/body/public_ip', 'must match format "ipv4"', 'body.public_ip must be an IP address'],
    ['/body/reason', 'must NOT have more than 200 characters', 'body.reason must have at most 200 characters'],
    ['/body/name', 'must NOT have fewer than 1 characters', 'body.name must not be empty'],
    ['/body/name', 'must NOT have fewer than 3 characters', 'body.name must have at least 3 characters'],
    ['/path/plan', 'must match pattern "^[a-z]$"', 'path.plan does not have the form that is asked for (^[a-z]$)'],
    ['/query/limit', 'must be <= 200', 'query.limit must be <= 200'],
  ] as const) {
    it(`of ${message}: ${sentence}`, () => {
      const problem = problemOf(misfit(path, message));
      assert.equal(problem.message, `The request is not valid: ${sentence}.`);
      assert.deepEqual([problem.status, problem.code, problem.errors], [400, 'invalid_request', [{ path, message }]]);
    });
  }

  it('of an error that nobody planned is nothing but that it happened', () => {
    const problem = problemOf(new Error('SELECT * FROM secrets'));
    assert.deepEqual(
      [problem.status, problem.code, problem.message],
      [500, 'internal_error', 'Something went wrong on our side.'],
    );
  });

  it('of a shortage is when to come back', () => {
    const problem = problemOf(new AppError('unavailable', 'pool_exhausted', 'None is free.', { retryAfter: 300 }));
    assert.deepEqual([problem.status, problem.headers?.['Retry-After'], problem.retryable], [503, '300', true]);
  });
});
