import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../../kit/errors.ts';
import type { RRset, RRsetChange } from '../../ports/dns.ts';
import { type PlanRules, planChanges } from './plan-changes.ts';
import { widestLimits } from './rrset.ts';

const zone = 'example.com.';
const rules: PlanRules = { provider: 'dns/test', limits: widestLimits, apexAlias: false, atomic: true };
const www = (...rdata: string[]): RRset => ({ name: `www.${zone}`, type: 'A', ttl: 60, rdata });

/** What is left to do, or the kind of the refusal. */
const plan = (present: RRset[], changes: RRsetChange[], more: Partial<PlanRules> = {}) => {
  try {
    const view = { name: zone, nameservers: [], rrsetsAt: (at: string) => present.filter(({ name }) => name === at) };
    return planChanges({ ...rules, ...more }, view, changes);
  } catch (error) {
    assert.ok(error instanceof ProviderError);
    return error.kind;
  }
};

test('later changes see what earlier ones have made of the zone', () => {
  const create: RRsetChange = { op: 'create', new: www('192.0.2.1') };
  const update: RRsetChange = { op: 'update', old: www('192.0.2.1'), new: www('192.0.2.2') };
  const remove: RRsetChange = { op: 'delete', old: www('192.0.2.2') };
  assert.deepEqual(plan([], [create, update]), [{ before: null, after: www('192.0.2.2') }]);
  assert.deepEqual(plan([], [create, update, remove]), []);
  assert.deepEqual(plan([www('192.0.2.1')], [update, remove]), [{ before: www('192.0.2.1'), after: null }]);
  assert.deepEqual(plan([www('192.0.2.1')], [update, remove, create]), []);
  assert.equal(plan([], [create, { op: 'create', new: www('192.0.2.3') }]), 'conflict');
});

test('removals come first', () => {
  const alias: RRset = { name: `a.${zone}`, type: 'CNAME', ttl: 60, rdata: ['b.test.'] };
  const changes: RRsetChange[] = [
    { op: 'create', new: { ...www('192.0.2.1'), name: alias.name } },
    { op: 'delete', old: alias },
  ];
  const told = plan([alias], changes);
  assert.ok(Array.isArray(told));
  assert.deepEqual(
    told.map(({ after }) => after?.type ?? null),
    [null, 'A'],
  );
});

test('what an attempt has left half done is finished where that can happen, and a conflict elsewhere', () => {
  const [old, wished] = [www('192.0.2.1', '192.0.2.2'), { ...www('192.0.2.2', '192.0.2.3'), ttl: 90 }];
  const update: RRsetChange = { op: 'update', old, new: wished };
  const halfWay = [
    www('192.0.2.1', '192.0.2.2', '192.0.2.3'),
    www('192.0.2.1'),
    { ...www('192.0.2.2'), ttl: 90 },
    { ...www('192.0.2.1', '192.0.2.3'), ttl: Number.NaN },
  ];
  for (const present of halfWay) {
    assert.equal(plan([present], [update]), 'conflict');
    assert.deepEqual(plan([present], [update], { atomic: false }), [{ before: present, after: wished }]);
  }
  for (const foreign of [www('192.0.2.1', '192.0.2.9'), { ...old, ttl: 61 }]) {
    assert.equal(plan([foreign], [update], { atomic: false }), 'conflict');
    assert.deepEqual(plan([foreign], [{ op: 'delete', old }], { atomic: false }), []);
  }
  const create: RRsetChange = { op: 'create', new: old };
  assert.deepEqual(plan([www('192.0.2.2')], [create], { atomic: false }), [{ before: www('192.0.2.2'), after: old }]);
  assert.equal(plan([www('192.0.2.2')], [create]), 'conflict');
  assert.equal(plan([www('192.0.2.2', '192.0.2.9')], [create], { atomic: false }), 'conflict');
  const rest = www('192.0.2.2');
  assert.deepEqual(plan([rest], [{ op: 'delete', old }], { atomic: false }), [{ before: rest, after: null }]);
  assert.deepEqual(plan([rest], [{ op: 'delete', old }]), []);
});

test('the mark of a zone is not for customers', () => {
  const mark: RRset = { name: `_provisor-zone.${zone}`, type: 'TXT', ttl: 60, rdata: ['owner=me'] };
  assert.equal(plan([], [{ op: 'create', new: mark }]), 'invalid');
  assert.equal(plan([mark], [{ op: 'delete', old: mark }]), 'invalid');
});
