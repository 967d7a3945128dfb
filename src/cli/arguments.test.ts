import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../contract/document.ts';
import {
  longestEmail,
  parseEmail,
  parseIp,
  parseOperationId,
  parsePanelName,
  parsePlanName,
  parseReason,
  parseServiceId,
  parseSubdomain,
  parseWhole,
  patterns,
  planRanges,
} from './arguments.ts';

interface Schema {
  pattern: string;
  maxLength: number;
  properties: Record<string, { minimum: number; maximum: number }>;
}

const { schemas } = readDocument().components as { schemas: Record<string, Schema> };

test('the rules are those of openapi.yaml', () => {
  const named = {
    ServiceId: patterns.serviceId,
    CustomerId: patterns.customerId,
    Subdomain: patterns.subdomain,
    PlanName: patterns.planName,
    Id: patterns.operationId,
  };
  for (const [name, pattern] of Object.entries(named)) assert.equal(pattern.source, schemas[name]?.pattern, name);
  assert.equal(longestEmail, schemas.Email?.maxLength);
  const wish = schemas.PlanWish!.properties;
  const ranges = Object.entries(wish).map(([name, { minimum, maximum }]) => [name, { min: minimum, max: maximum }]);
  assert.deepEqual(Object.fromEntries(ranges), {
    memory_mb: planRanges.memoryMb,
    disk_mb: planRanges.diskMb,
    backups: planRanges.backups,
    domains: planRanges.domains,
  });
});

test('what fits is taken as it is', () => {
  assert.equal(parseServiceId('a:1.b_c-d'), 'a:1.b_c-d');
  assert.equal(parsePanelName('Shop.1'), 'Shop.1');
  assert.equal(parseEmail('alice+1@example.com'), 'alice+1@example.com');
  assert.equal(parseIp('2001:db8::1'), '2001:db8::1');
  assert.equal(parseOperationId('01jd3a9z6v5q8w2e4r6t8y0p1m'), '01JD3A9Z6V5Q8W2E4R6T8Y0P1M');
  assert.equal(parseWhole({ min: 0, max: 10 })('10'), 10);
});

test('what does not fit is refused in words', () => {
  const wrong: [(text: string) => unknown, string[]][] = [
    [parseServiceId, ['', 'a b', 'ä', 'a/b', 'x'.repeat(65), 'a\n']],
    [parsePanelName, ['', '-a', 'a b', 'a/b', 'x'.repeat(65)]],
    [parsePlanName, ['', 'Basic', '.a', 'a b']],
    [parseSubdomain, ['', '-a', 'a-', 'A', 'a.b', 'x'.repeat(33)]],
    [parseEmail, ['', 'alice', 'a@b', 'a b@example.com', `${'a'.repeat(250)}@example.com`]],
    [parseIp, ['', '1.2.3', '256.1.1.1', 'example.com']],
    [parseOperationId, ['', '1', '01JD3A9Z6V5Q8W2E4R6T8Y0P1I']],
    [parseReason, ['x'.repeat(201)]],
    [parseWhole({ min: 1, max: 10 }), ['', '0', '11', '-1', '1.5', '1e1', ' 1', 'x']],
  ];
  for (const [parse, texts] of wrong) for (const text of texts) assert.throws(() => parse(text), /^\w+: \w.*\.$/, text);
});
