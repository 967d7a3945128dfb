import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RRset, RRsetChange } from '../../ports/dns.ts';
import { driftOf, inverse, pictureOf, planChange } from './plan-change.ts';
import { recordId, type ZoneRecord } from './record.ts';
import { rrsetKey, toRRsets } from './zone-records.ts';

const zone = 'example.com.';
const record = (name: string, rdata: string, ttl = 300, type: 'A' | 'TXT' = 'A'): ZoneRecord => {
  const absolute = `${name}.${zone}`;
  return { id: recordId(absolute, type, rdata), name: absolute, type, ttl, rdata, alias: false };
};

/** A provider of the simplest kind: it holds RRsets, and refuses what is not from what it has. */
const carryOut = (rrsets: readonly RRset[], changes: readonly RRsetChange[]): RRset[] => {
  const held = new Map(rrsets.map((rrset) => [rrsetKey(rrset), rrset]));
  const words = (rrset: RRset | undefined) => rrset && JSON.stringify([rrset.ttl, rrset.rdata.toSorted()]);
  for (const change of changes) {
    const key = rrsetKey(change.op === 'delete' ? change.old : change.new);
    const old = change.op === 'create' ? undefined : change.old;
    assert.equal(words(held.get(key)), words(old), 'the change is from what is not there');
    if (change.op === 'delete') held.delete(key);
    else held.set(key, change.new);
  }
  return [...held.values()];
};

const lines = (records: readonly ZoneRecord[]) => records.map(({ id, ttl }) => `${id} ${ttl}`).sort();

const someRecords = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      rdata: fc.constantFrom('192.0.2.1', '192.0.2.2'),
      type: fc.constantFrom('A', 'TXT'),
    }),
    { selector: ({ name, rdata, type }) => `${name} ${type} ${rdata}` },
  )
  .chain((all) =>
    fc.array(fc.constantFrom(60, 300), { minLength: 6, maxLength: 6 }).map((ttls) =>
      all.map(({ name, rdata, type }) =>
        // One TTL for each name and type, as everywhere.
        record(name, rdata, ttls['abc'.indexOf(name) * 2 + (type === 'A' ? 0 : 1)], type as 'A' | 'TXT'),
      ),
    ),
  );

describe('a plan', () => {
  it('leads from any zone to any other, and taken back leads home', () => {
    fc.assert(
      fc.property(someRecords, someRecords, someRecords, (there, wished, rows) => {
        const before = [...toRRsets(there).values()];
        const picture = pictureOf(before, rows, zone);
        const asks = new Set(wished.map(({ id }) => id));
        const { changes, put, drop, growth } = planChange(picture, { records: wished, asks, forgets: new Set() });
        const after = carryOut(before, changes);
        assert.deepEqual(lines(pictureOf(after, [], zone).records), lines(wished));
        const home = carryOut(after, inverse(changes));
        assert.deepEqual(lines(pictureOf(home, [], zone).records), lines(there));
        // Afterwards everything that is published was asked for.
        const kept = rows.filter(({ id }) => !drop.includes(id) && !put.some((one) => one.id === id));
        const states = driftOf(pictureOf(after, [...kept, ...put], zone));
        assert.ok(states.every(({ id, state }) => !asks.has(id) || state === 'published'));
        assert.equal(kept.length + put.length - rows.length, growth);
      }),
      { seed: 9, numRuns: 1000 },
    );
  });

  it('leaves alone what the apex needs', () => {
    const ours: RRset = { name: zone, type: 'NS', ttl: 300, rdata: ['ns1.example.net.'] };
    const picture = pictureOf([ours], [], zone);
    assert.deepEqual(picture.records, []);
    const { changes } = planChange(picture, { records: [], asks: new Set(), forgets: new Set() });
    assert.deepEqual(changes, []);
  });

  it('does not take a TTL for asked that somebody else has changed', () => {
    const row = record('a', '192.0.2.1', 300);
    const there = record('a', '192.0.2.1', 999);
    const other = record('b', '192.0.2.2');
    const picture = pictureOf([...toRRsets([there]).values()], [row], zone);
    const { put } = planChange(picture, { records: [there, other], asks: new Set([other.id]), forgets: new Set() });
    assert.deepEqual(put, [other]);
  });
});
