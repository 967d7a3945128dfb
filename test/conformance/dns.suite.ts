/**
 * What the DnsProvider port promises, asked of every adapter in the same words.
 * Each test has a zone of its own, so they may run against one provider.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { DnsProvider, RRset, RRsetChange, Zone } from '../../src/ports/dns.ts';
import { recordsOfEveryKind } from './dns-records.ts';

export interface DnsWorld {
  dns: DnsProvider;
  /** The same provider as another process of ours sees it: nothing is shared with `dns`. */
  other: DnsProvider;
  /** Puts a zone there that nobody made through the port, with one record. */
  putForeignZone(zone: Zone, record: RRset): Promise<void>;
  stop(): Promise<void>;
}

export interface DnsTraits {
  /** The labels of `recordsOfEveryKind` that this provider cannot hold. */
  cannotHold: string[];
  /** Records that go into one call. */
  batch: number;
  /** False where the provider hands out nameservers of its own. */
  keepsNameservers: boolean;
}

export const signal = new AbortController().signal;
export const nameservers = ['ns1.host.test.', 'ns2.host.test.'];

export const fails = (kind: ProviderErrorKind) => (error: unknown) => {
  assert.ok(error instanceof ProviderError, String(error));
  assert.equal(error.kind, kind, error.message);
  return true;
};

export const creations = (rrsets: RRset[]): RRsetChange[] => rrsets.map((rrset) => ({ op: 'create', new: rrset }));

export const listed = async (dns: DnsProvider, zone: string): Promise<RRset[]> =>
  sorted(await dns.listRRsets(zone, signal));

export const sorted = (rrsets: RRset[]): RRset[] =>
  rrsets
    .map((rrset) => ({ ...rrset, rdata: [...rrset.rdata].sort() }))
    .sort((one, other) => `${one.name} ${one.type}`.localeCompare(`${other.name} ${other.type}`));

/** Repeats what is to be tried later, as operations do: a server may turn one of two away that come at once. */
const carriedOut = async (call: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ProviderError) || error.retry !== 'later' || attempt === 20) throw error;
      await wait(attempt * 5);
    }
  }
};

let zones = 0;
/** A name that no other test has. */
export const freshName = (): string => `zone-${process.pid}-${++zones}.test.`;

export const madeZone = async (dns: DnsProvider, name = freshName()): Promise<string> => {
  await dns.createZone({ name, owner: 'panel:1', nameservers }, signal);
  return name;
};

export const dnsConformance = (id: string, traits: DnsTraits, open: () => Promise<DnsWorld>): void => {
  describe(`${id} as a DnsProvider`, () => {
    let world: DnsWorld;
    let dns: DnsProvider;
    before(async () => {
      world = await open();
      dns = world.dns;
    });
    after(() => world?.stop());

    const apply = (zone: string, changes: RRsetChange[]) => dns.applyChanges(zone, changes, signal);
    const address = (name: string, ...rdata: string[]): RRset => ({ name, type: 'A', ttl: 300, rdata });

    it('says who it is', () => {
      assert.equal(dns.id, id);
      assert.deepEqual([...dns.capabilities.types].sort(), ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT']);
    });

    it('makes a zone once for its owner, and refuses it to another', async () => {
      const name = freshName();
      assert.equal(await dns.getZone(name, signal), null);
      const made = await dns.createZone({ name, owner: 'panel:1', nameservers }, signal);
      assert.equal(made.name, name);
      if (traits.keepsNameservers) assert.deepEqual(made.nameservers, nameservers);
      assert.ok(made.nameservers.every((host) => host.endsWith('.')) && made.nameservers.length > 0);
      assert.deepEqual(await dns.createZone({ name, owner: 'panel:1', nameservers }, signal), made);
      await assert.rejects(dns.createZone({ name, owner: 'panel:2', nameservers }, signal), fails('conflict'));
      assert.deepEqual(await dns.getZone(name, signal), made);
      assert.deepEqual(
        (await dns.listZones(signal)).filter((zone) => zone.name === name),
        [made],
      );
      assert.deepEqual(await listed(dns, name), [], 'what belongs to the zone itself is not shown');
    });

    it('deletes a zone with its records, once and again', async () => {
      const zone = await madeZone(dns);
      await apply(zone, creations([address(`www.${zone}`, '192.0.2.1'), address(zone, '192.0.2.1')]));
      await assert.rejects(dns.deleteZone({ name: zone, owner: 'panel:2' }, signal), fails('conflict'));
      assert.notEqual(await dns.getZone(zone, signal), null);
      await dns.deleteZone({ name: zone, owner: 'panel:1' }, signal);
      await dns.deleteZone({ name: zone, owner: 'panel:1' }, signal);
      assert.equal(await dns.getZone(zone, signal), null);
      await assert.rejects(dns.listRRsets(zone, signal), fails('not_found'));
      await assert.rejects(apply(zone, creations([address(zone, '192.0.2.1')])), fails('not_found'));
      await dns.createZone({ name: zone, owner: 'panel:2', nameservers }, signal);
      assert.deepEqual(await listed(dns, zone), [], 'the next owner inherits nothing');
    });

    it('leaves a zone alone that it has not made', async () => {
      const name = freshName();
      const record = address(`www.${name}`, '198.51.100.7');
      await world.putForeignZone({ name, nameservers }, record);
      await assert.rejects(dns.createZone({ name, owner: 'panel:1', nameservers }, signal), fails('conflict'));
      await assert.rejects(dns.deleteZone({ name, owner: 'panel:1' }, signal), fails('conflict'));
      assert.deepEqual(await listed(dns, name), [record]);
    });

    it('takes a zone for no other whose name begins or ends the same', async () => {
      const name = freshName();
      await madeZone(dns, `${name}more.test.`);
      await madeZone(dns, `sub.${name}`);
      assert.equal(await dns.getZone(name, signal), null);
      await dns.deleteZone({ name, owner: 'panel:1' }, signal);
      await madeZone(dns, name);
      await dns.deleteZone({ name, owner: 'panel:1' }, signal);
      assert.notEqual(await dns.getZone(`${name}more.test.`, signal), null);
      assert.notEqual(await dns.getZone(`sub.${name}`, signal), null);
    });

    it('refuses names that cannot be a zone', async () => {
      for (const name of [
        'example.com',
        'Example.com.',
        '.',
        '',
        'a..b.',
        '*.a.test.',
        `${'a'.repeat(64)}.test.`,
        '../x.',
      ])
        await assert.rejects(dns.createZone({ name, owner: 'o', nameservers }, signal), fails('invalid'), name);
      await assert.rejects(
        dns.createZone({ name: freshName(), owner: 'o', nameservers: ['not a name'] }, signal),
        fails('invalid'),
      );
    });

    it('holds records of every kind, and says of which it cannot', async () => {
      const zone = await madeZone(dns);
      const all = recordsOfEveryKind(zone);
      const refused = new Set(dns.audit(all.map(({ wished }) => wished)).map(({ rrset }) => rrset));
      assert.deepEqual(
        all.filter(({ wished }) => refused.has(wished)).map(({ label }) => label),
        traits.cannotHold,
      );
      const held = all.filter(({ wished }) => !refused.has(wished));
      await apply(zone, creations(held.map(({ wished }) => wished)));
      assert.deepEqual(await listed(dns, zone), sorted(held.map(({ shown }) => shown)));
      await apply(zone, creations(held.map(({ wished }) => wished)));
      await apply(zone, creations(held.map(({ shown }) => shown)));
      assert.deepEqual(await listed(dns, zone), sorted(held.map(({ shown }) => shown)), 'again, in both spellings');

      for (const rrset of refused) await assert.rejects(apply(zone, creations([rrset])), fails('invalid'), rrset.name);
      await apply(
        zone,
        held.map(({ wished }) => ({ op: 'delete', old: wished })),
      );
      assert.deepEqual(await listed(dns, zone), []);
    });

    it('finds the same changes done when they come again', async () => {
      const zone = await madeZone(dns);
      const first = address(`www.${zone}`, '192.0.2.1', '192.0.2.2');
      const slower = { ...first, ttl: 600 };
      const moved = { ...first, ttl: 600, rdata: ['192.0.2.2', '192.0.2.3', '192.0.2.4'] };
      const steps: [RRsetChange, RRset[]][] = [
        [{ op: 'create', new: first }, [first]],
        [{ op: 'update', old: first, new: slower }, [slower]],
        [{ op: 'update', old: slower, new: moved }, [moved]],
        [{ op: 'delete', old: moved }, []],
      ];
      for (const [change, expected] of steps) {
        for (const _attempt of [1, 2]) {
          await apply(zone, [change]);
          assert.deepEqual(await listed(dns, zone), expected);
        }
      }
      await apply(zone, [{ op: 'update', old: first, new: moved }]);
      assert.deepEqual(await listed(dns, zone), [moved], 'an update of what is gone makes it anew');
      await apply(zone, []);
    });

    it('keeps what someone else has put there', async () => {
      const zone = await madeZone(dns);
      const theirs = address(`www.${zone}`, '198.51.100.7', '198.51.100.8');
      const ours = address(`www.${zone}`, '192.0.2.1');
      const mail: RRset = { name: zone, type: 'MX', ttl: 300, rdata: [`10 mail.${zone}`] };
      await apply(zone, creations([theirs]));
      await assert.rejects(apply(zone, creations([mail, ours])), fails('conflict'));
      await assert.rejects(apply(zone, [{ op: 'update', old: ours, new: { ...ours, ttl: 600 } }]), fails('conflict'));
      const longer = { ...theirs, ttl: 900 };
      await assert.rejects(apply(zone, creations([longer])), fails('conflict'), 'the TTL is part of it');
      await apply(zone, [{ op: 'delete', old: ours }]);
      await apply(zone, [{ op: 'delete', old: longer }]);
      assert.deepEqual(await listed(dns, zone), [theirs], 'and nothing else was done');
    });

    it('refuses what a zone cannot hold, and changes nothing', async () => {
      const zone = await madeZone(dns);
      const www = address(`www.${zone}`, '192.0.2.1');
      await apply(zone, creations([www]));
      const bad: RRset[] = [
        address('www.elsewhere.test.', '192.0.2.1'),
        address(`not${zone}`, '192.0.2.1'),
        address(`a.${zone}`, '300.1.1.1'),
        address(`a.${zone}`),
        address(`a.*.${zone}`, '192.0.2.1'),
        address(`a.${zone}`, '192.0.2.1', '192.0.2.1'),
        { ...www, name: `a.${zone}`, ttl: dns.capabilities.minTtl - 1 },
        { name: www.name, type: 'CNAME', ttl: 300, rdata: ['elsewhere.test.'] },
        { name: `m.${zone}`, type: 'MX', ttl: 300, rdata: ['10 mail'] },
        { name: `m.${zone}`, type: 'MX', ttl: 300, rdata: ['10 192.0.2.1'] },
        { name: `m.${zone}`, type: 'SRV', ttl: 300, rdata: [`1 2 99999 a.${zone}`] },
        { name: `m.${zone}`, type: 'CAA', ttl: 300, rdata: ['0 issue'] },
        { name: `m.${zone}`, type: 'TXT', ttl: 300, rdata: ['\ud800'] },
        { name: `m.${zone}`, type: 'TXT', ttl: 300, rdata: ['x'.repeat(60_000)] },
        { name: zone, type: 'NS', ttl: 300, rdata: ['ns.elsewhere.test.'] },
      ];
      for (const rrset of bad) {
        await assert.rejects(apply(zone, creations([rrset])), fails('invalid'), JSON.stringify(rrset).slice(0, 200));
      }
      assert.deepEqual(await listed(dns, zone), [www]);
      await assert.rejects(apply(freshName(), []), fails('not_found'));
    });

    it('has its own nameservers at the apex: the same are a success, they are not shown', async () => {
      const zone = await madeZone(dns);
      const own = (await dns.getZone(zone, signal))?.nameservers ?? [];
      await apply(zone, creations([{ name: zone, type: 'NS', ttl: 300, rdata: [...own].reverse() }]));
      assert.deepEqual(await listed(dns, zone), []);
      await assert.rejects(
        apply(zone, [{ op: 'delete', old: { name: zone, type: 'NS', ttl: 300, rdata: own } }]),
        fails('invalid'),
      );
      assert.deepEqual((await dns.getZone(zone, signal))?.nameservers, own);
    });

    it('has an alias at the apex only where it says so', async () => {
      const zone = await madeZone(dns);
      const alias: RRset = { name: zone, type: 'CNAME', ttl: 300, rdata: ['elsewhere.test.'] };
      const mail: RRset = { name: zone, type: 'MX', ttl: 300, rdata: [`10 mail.${zone}`] };
      if (!dns.capabilities.apexAlias) {
        await assert.rejects(apply(zone, creations([alias])), fails('invalid'));
        return;
      }
      await apply(zone, creations([alias, mail]));
      assert.deepEqual(await listed(dns, zone), sorted([alias, mail]));
    });

    it('turns a CNAME into an address, and back, in one call', async () => {
      const zone = await madeZone(dns);
      const alias: RRset = { name: `www.${zone}`, type: 'CNAME', ttl: 300, rdata: ['elsewhere.test.'] };
      const direct = address(`www.${zone}`, '192.0.2.1');
      await apply(zone, creations([alias]));
      const there: RRsetChange[] = [
        { op: 'delete', old: alias },
        { op: 'create', new: direct },
      ];
      for (const _attempt of [1, 2]) await apply(zone, there);
      assert.deepEqual(await listed(dns, zone), [direct]);
      const back: RRsetChange[] = [
        { op: 'create', new: alias },
        { op: 'delete', old: direct },
      ];
      for (const _attempt of [1, 2]) await apply(zone, back);
      assert.deepEqual(await listed(dns, zone), [alias]);
    });

    it('holds a thousand records', async () => {
      const zone = await madeZone(dns);
      const many = Array.from({ length: 1_000 }, (_, index) =>
        address(`h${String(index).padStart(4, '0')}.${zone}`, `10.0.${index >> 8}.${index & 255}`),
      );
      for (let at = 0; at < many.length; at += traits.batch)
        await apply(zone, creations(many.slice(at, at + traits.batch)));
      assert.deepEqual(await listed(dns, zone), many);
      await dns.deleteZone({ name: zone, owner: 'panel:1' }, signal);
      assert.equal(await dns.getZone(zone, signal), null);
    });

    it('loses nothing of changes that come at the same time', async () => {
      const zone = await madeZone(dns);
      const apart = Array.from({ length: 16 }, (_, index) => address(`n${10 + index}.${zone}`, '192.0.2.1'));
      await Promise.all(apart.map((rrset) => apply(zone, creations([rrset]))));
      assert.deepEqual(await listed(dns, zone), apart);

      const rivals = Array.from({ length: 16 }, (_, index) => address(`www.${zone}`, `192.0.2.${index + 1}`));
      const outcomes = await Promise.allSettled(rivals.map((rrset) => apply(zone, creations([rrset]))));
      const winners = rivals.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      assert.equal(winners.length, 1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') assert.ok(fails('conflict')(outcome.reason));
      assert.deepEqual(await listed(dns, zone), sorted([...apart, ...winners]));

      const old = winners[0]!;
      const updates = await Promise.allSettled(
        rivals
          .slice(0, 8)
          .map(({ rdata }, index) => apply(zone, [{ op: 'update', old, new: { ...old, ttl: 400 + index, rdata } }])),
      );
      assert.equal(updates.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    it('loses nothing of what two processes change at the same time', async () => {
      const { other } = world;
      const zone = await madeZone(dns);
      assert.deepEqual((await other.getZone(zone, signal))?.name, zone);
      const [mine, theirs] = [10, 30].map((from) =>
        Array.from({ length: 16 }, (_, index) => address(`n${from + index}.${zone}`, `192.0.2.${index + 1}`)),
      ) as [RRset[], RRset[]];
      const all = (writer: DnsProvider, changes: RRsetChange[]) =>
        Promise.all(changes.map((change) => carriedOut(() => writer.applyChanges(zone, [change], signal))));
      await Promise.all([all(dns, creations(mine)), all(other, creations(theirs))]);
      assert.deepEqual(await listed(other, zone), sorted([...mine, ...theirs]));
      const moved = mine.map((rrset) => ({ ...rrset, ttl: 600 }));
      await Promise.all([
        all(
          dns,
          mine.map((old, index) => ({ op: 'update', old, new: moved[index]! })),
        ),
        all(
          other,
          theirs.map((old) => ({ op: 'delete', old })),
        ),
      ]);
      assert.deepEqual(await listed(dns, zone), sorted(moved));
    });

    it('sees at once what another process has done', async () => {
      const { other } = world;
      const zone = await madeZone(dns);
      const old = address(`www.${zone}`, '192.0.2.1');
      await apply(zone, creations([old]));
      const theirs = { ...old, rdata: ['192.0.2.2'] };
      await other.applyChanges(zone, [{ op: 'update', old, new: theirs }], signal);
      assert.deepEqual(await listed(dns, zone), [theirs]);
      await assert.rejects(
        apply(zone, [{ op: 'update', old, new: { ...old, rdata: ['192.0.2.3'] } }]),
        fails('conflict'),
      );
      await apply(zone, [{ op: 'delete', old }]);
      assert.deepEqual(await listed(other, zone), [theirs]);
      await other.deleteZone({ name: zone, owner: 'panel:1' }, signal);
      assert.equal(await dns.getZone(zone, signal), null);
      await assert.rejects(apply(zone, creations([old])), fails('not_found'));
    });

    it('audits without asking anybody', () => {
      const good = address('www.example.test.', '192.0.2.1');
      const bad = { ...good, ttl: dns.capabilities.minTtl - 1 };
      const found = dns.audit([good, bad]);
      assert.deepEqual(
        found.map(({ rrset }) => rrset),
        [bad],
      );
      assert.match(found[0]?.reason ?? '', /TTL/);
    });

    it('begins nothing that was given up before', async () => {
      const zone = await madeZone(dns);
      const gone = AbortSignal.abort();
      const name = freshName();
      const record = address(`www.${zone}`, '192.0.2.1');
      const calls = [
        dns.listZones(gone),
        dns.getZone(zone, gone),
        dns.createZone({ name, owner: 'o', nameservers }, gone),
        dns.deleteZone({ name: zone, owner: 'panel:1' }, gone),
        dns.listRRsets(zone, gone),
        dns.applyChanges(zone, creations([record]), gone),
      ];
      for (const call of calls) await assert.rejects(call, fails('unavailable'));
      assert.equal(await dns.getZone(name, signal), null);
      assert.deepEqual(await listed(dns, zone), []);
    });
  });
};
