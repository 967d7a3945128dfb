import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { operationsOf, readDocument } from '../contract/document.ts';
import { HttpError } from './errors.ts';
import { createRouter } from './router.ts';

describe('An address', () => {
  const route = createRouter(operationsOf(readDocument()));
  const refusal = (method: string, path: string) => {
    try {
      route(method, path);
    } catch (error) {
      assert.ok(error instanceof HttpError);
      return [error.status, error.headers.Allow];
    }
    throw new Error(`${method} ${path} was found`);
  };

  it('that is written out goes before one with a parameter, whatever methods either takes', () => {
    assert.equal(route('GET', '/action/getdomain').operation.operationId, 'compatListDomains');
    assert.deepEqual(refusal('POST', '/action/getdomain'), [405, 'GET']);
    assert.equal(route('POST', '/action/start').operation.operationId, 'compatAction');
    assert.equal(route('POST', '/v1/support/verify').operation.operationId, 'verifySupportKey');
    assert.deepEqual(refusal('GET', '/v1/support/verify'), [405, 'POST']);
    assert.equal(route('GET', '/v1/support/12').pathParams.service_id, '12');
  });

  it('says which methods it takes, and is not there under another name', () => {
    assert.deepEqual(refusal('PATCH', '/v1/plans/basic'), [405, 'GET, PUT, DELETE']);
    assert.deepEqual(refusal('GET', '/v1/Plans'), [404, undefined]);
    assert.equal(route('HEAD', '/health/').operation.operationId, 'getHealth');
  });
});
