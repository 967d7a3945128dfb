import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../kit/errors.ts';
import { readHostname, requireFree, wildcardOver } from './hostname.ts';

const ours = ['sites.localhost', 'proxy.host.example'];

const read = (text: string): string => {
  try {
    const hostname = readHostname(text);
    requireFree(hostname, ours);
    return `${hostname.name}${hostname.apex ? ' (apex)' : ''}${hostname.wildcard ? ' (wildcard)' : ''}`;
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.kind, 'invalid');
    return error.code;
  }
};

describe('a custom domain', () => {
  for (const [text, wished] of [
    ['www.example.com', 'www.example.com'],
    ['example.com', 'example.com (apex)'],
    ['EXAMPLE.com.', 'example.com (apex)'],
    ['example.co.uk', 'example.co.uk (apex)'],
    ['a.b.example.co.uk', 'a.b.example.co.uk'],
    ['*.example.com', '*.example.com (wildcard)'],
    ['*.shop.example.com', '*.shop.example.com (wildcard)'],
    ['bücher.example.com', 'xn--bcher-kva.example.com'],
    ['*.bücher.com', '*.xn--bcher-kva.com (wildcard)'],
    ['alice.github.io', 'alice.github.io (apex)'],
    ['a.intranet', 'a.intranet (apex)'],
    ['com', 'domain_invalid'],
    ['localhost', 'domain_invalid'],
    ['*', 'domain_invalid'],
    ['*.com', 'domain_invalid'],
    ['*.*.example.com', 'domain_invalid'],
    ['a.*.example.com', 'domain_invalid'],
    ['*example.com', 'domain_invalid'],
    ['192.0.2.1', 'domain_invalid'],
    ['a..b', 'domain_invalid'],
    ['_dmarc.example.com', 'domain_invalid'],
    [`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}.com`, 'domain_invalid'],
    ['co.uk', 'domain_reserved'],
    ['*.co.uk', 'domain_reserved'],
    ['github.io', 'domain_reserved'],
    ['*.github.io', 'domain_reserved'],
    ['sites.localhost', 'domain_reserved'],
    ['bob.sites.localhost', 'domain_reserved'],
    ['*.sites.localhost', 'domain_reserved'],
    ['proxy.host.example', 'domain_reserved'],
    ['*.host.example', 'domain_reserved'],
    ['other.host.example', 'other.host.example'],
    ['notsites.localhost', 'notsites.localhost (apex)'],
  ] as const) {
    it(`${text.slice(0, 40)}: ${wished}`, () => assert.equal(read(text), wished));
  }

  it('is not repeated with what a terminal or a page could be misled by', () => {
    assert.throws(
      () => readHostname('a\u202e"\n<b>.example'),
      (error: unknown) => error instanceof AppError && error.message.startsWith('"a???<b>.example" is not'),
    );
  });

  it('is covered by the wildcard beside it', () => {
    assert.equal(wildcardOver('a.example.com'), '*.example.com');
    assert.equal(wildcardOver('*.example.com'), '*.example.com');
  });
});
