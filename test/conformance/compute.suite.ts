/**
 * What every ComputeProvider promises in src/ports/compute.ts, tried on each. An
 * adapter's test gives a bench: the adapter, and what only its own world can do
 * (lose an answer, put a stranger's object in the way). What a bench leaves out is
 * told by the report of the suite, never passed over in silence.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { AppSpec, ComputeProvider, ComputeRef, SiteSpec } from '../../src/ports/compute.ts';

export interface ComputeBench {
  port: ComputeProvider;
  /** The same provider while it cannot be reached, and what must not be told of the way to it. Left out where it cannot be away. */
  down?: () => Promise<{ port: ComputeProvider; secrets: string[] }>;
  /** Everything that the adapter logged so far, as text. */
  logged?: () => string;
  /** The answer of the next request that changes something is lost after it was carried out. */
  loseNextAnswer?: () => void;
  /** Puts an object that is not ours where the site of `spec` would be; gives back a look at it. */
  placeForeign: (spec: SiteSpec) => Promise<() => Promise<unknown>>;
  /** The site's data, from inside or below. */
  data?: { write(ref: ComputeRef, text: string): Promise<void>; read(ref: ComputeRef): Promise<string | null> };
  /** Requests to the provider: how many have begun, and a task to run when the n-th from now begins. */
  requests?: { count(): number; onNext(n: number, task: () => void): void };
  /** What the provider grants the site now. */
  sizeOf?: (ref: ComputeRef) => Promise<{ memoryMb: number; diskMb: number }>;
  close(): Promise<void>;
}

const signal = new AbortController().signal;

let made = 0;

/** A site that no other test has. */
const newSite = (): { spec: SiteSpec; ref: ComputeRef; app: AppSpec } => {
  made += 1;
  const name = `svc-${made.toString().padStart(4, '0')}`;
  const hostname = `shop-${made}.example.com`;
  const network = { vmid: 1_000 + made, privateIp: `10.1.${Math.floor(made / 200)}.${(made % 200) + 10}` };
  return {
    spec: {
      name,
      owner: { panel: 'panel-1', service: `service-${made}` },
      hostname,
      plan: 'basic',
      email: 'ada@example.com',
      resources: { memoryMb: 256, diskMb: 1_024 },
      network,
    },
    ref: { name, ...network },
    app: { hostname, plan: 'basic', adminEmail: 'ada@example.com' },
  };
};

const fails =
  (port: ComputeProvider, ...kinds: ProviderErrorKind[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ProviderError, `not a ProviderError: ${String(error)}`);
    assert.equal(error.provider, port.id);
    assert.ok(kinds.includes(error.kind), `${error.kind} instead of ${kinds.join(' or ')}: ${error.message}`);
    return true;
  };

type Call = (port: ComputeProvider, site: ReturnType<typeof newSite>, signal: AbortSignal) => Promise<unknown>;

/** Every call that speaks to the provider, with what it says of a site that is not there. */
const calls: Record<
  string,
  { call: Call; missing: 'not_found' | 'success' | 'status'; needs?: 'snapshots' | 'logins' }
> = {
  create: { call: (port, { spec }, to) => port.create(spec, to), missing: 'success' },
  install: { call: (port, { ref, app }, to) => port.install(ref, app, to), missing: 'not_found' },
  status: { call: (port, { ref }, to) => port.status(ref, to), missing: 'status' },
  stop: { call: (port, { ref }, to) => port.stop(ref, { graceSeconds: 1 }, to), missing: 'not_found' },
  start: { call: (port, { ref }, to) => port.start(ref, to), missing: 'not_found' },
  restart: { call: (port, { ref }, to) => port.restart(ref, to), missing: 'not_found' },
  resize: {
    call: (port, { ref }, to) => port.resize(ref, { memoryMb: 512, diskMb: 2_048, plan: 'large' }, to),
    missing: 'not_found',
  },
  setPassword: {
    call: (port, { ref }, to) => port.setPassword(ref, { username: 'admin', password: 'a \'b\' $(c) `d` "e"' }, to),
    missing: 'not_found',
    needs: 'logins',
  },
  createLoginLink: {
    call: (port, { ref }, to) => port.createLoginLink(ref, { ttlSeconds: 60 }, to),
    missing: 'not_found',
    needs: 'logins',
  },
  createSnapshot: {
    call: (port, { ref }, to) => port.createSnapshot(ref, 'BAK21112026-1', to),
    missing: 'not_found',
    needs: 'snapshots',
  },
  listSnapshots: { call: (port, { ref }, to) => port.listSnapshots(ref, to), missing: 'not_found', needs: 'snapshots' },
  rollback: {
    call: (port, { ref }, to) => port.rollback(ref, 'BAK21112026-1', to),
    missing: 'not_found',
    needs: 'snapshots',
  },
  startAgain: { call: (port, { ref }, to) => port.start(ref, to), missing: 'not_found' },
  deleteSnapshot: {
    call: (port, { ref }, to) => port.deleteSnapshot(ref, 'BAK21112026-1', to),
    missing: 'success',
    needs: 'snapshots',
  },
  list: { call: (port, _site, to) => port.list(to), missing: 'status' },
  destroy: { call: (port, { ref }, to) => port.destroy(ref, to), missing: 'success' },
};

const changes = Object.keys(calls).filter((name) => !['status', 'listSnapshots', 'list'].includes(name));

const callsOf = ({ capabilities }: ComputeProvider, names: string[]) =>
  names.filter((name) => calls[name]!.needs === undefined || capabilities[calls[name]!.needs!]);

/** Runs the suite on what `open` gives; a bench of its own for every test. */
export const computeSuite = (name: string, open: () => Promise<ComputeBench>): void => {
  const bench = async (t: TestContext): Promise<ComputeBench> => {
    const opened = await open();
    t.after(() => opened.close());
    return opened;
  };
  const namesIn = async (port: ComputeProvider) => (await port.list(signal)).map((each) => each.name).sort();

  describe(`${name} as a ComputeProvider`, () => {
    it('carries every call out twice as once, from the first to the last of a life', async (t) => {
      const { port } = await bench(t);
      const site = newSite();
      for (const call of callsOf(port, Object.keys(calls))) {
        for (const attempt of [1, 2]) {
          await assert.doesNotReject(calls[call]!.call(port, site, signal), `${call}, attempt ${attempt}`);
        }
        if (call === 'create') assert.deepEqual(await namesIn(port), [site.spec.name]);
        if (call === 'stop') assert.equal((await port.status(site.ref, signal)).state, 'stopped');
        if (call === 'start') assert.equal((await port.status(site.ref, signal)).state, 'running');
      }
      assert.deepEqual(await port.status(site.ref, signal), { state: 'missing' });
      assert.deepEqual(await namesIn(port), []);
    });

    it('comes to the same end when an answer is lost, in every call that changes something', async (t) => {
      const { port, loseNextAnswer } = await bench(t);
      if (!loseNextAnswer) return t.diagnostic(`${name} has no answers that can be lost`);
      const site = newSite();
      for (const call of callsOf(port, changes)) {
        loseNextAnswer();
        try {
          await calls[call]!.call(port, site, signal);
        } catch (error) {
          fails(port, 'unknown_outcome')(error);
          await assert.doesNotReject(calls[call]!.call(port, site, signal), `${call}, again`);
        }
        assert.deepEqual(await namesIn(port), call === 'destroy' ? [] : [site.spec.name], call);
      }
    });

    it('says of a site that is not there what the port says', async (t) => {
      const { port } = await bench(t);
      const site = newSite();
      for (const [call, { missing }] of Object.entries(calls)) {
        if (call === 'create' || !callsOf(port, [call]).length) continue;
        const answer = calls[call]!.call(port, site, signal);
        if (missing === 'not_found') await assert.rejects(answer, fails(port, 'not_found'), call);
        else await assert.doesNotReject(answer, call);
      }
      assert.deepEqual(await port.status(site.ref, signal), { state: 'missing' });
      assert.deepEqual(await namesIn(port), []);
    });

    it('refuses an object that has our name and is not ours, and leaves it as it is', async (t) => {
      const { port, placeForeign } = await bench(t);
      const site = newSite();
      const look = await placeForeign(site.spec);
      const before = await look();
      for (const call of callsOf(port, Object.keys(calls))) {
        if (call === 'list') continue;
        await assert.rejects(calls[call]!.call(port, site, signal), fails(port, 'conflict'), call);
      }
      assert.deepEqual(await look(), before);
      assert.deepEqual(await namesIn(port), []);
    });

    it('gives a site to its own service only', async (t) => {
      const { port } = await bench(t);
      const { spec, ref } = newSite();
      await port.create(spec, signal);
      for (const owner of [
        { ...spec.owner, service: 'another' },
        { ...spec.owner, panel: 'another' },
      ]) {
        await assert.rejects(port.create({ ...spec, owner }, signal), fails(port, 'conflict'));
      }
      await port.create(spec, signal);
      await port.destroy({ ...ref, name: 'svc-another' }, signal).catch(fails(port, 'conflict'));
      assert.equal((await port.status(ref, signal)).state, 'running');
    });

    it('removes by its name alone what a sweep found', async (t) => {
      const { port } = await bench(t);
      const [one, other] = [newSite(), newSite()];
      await port.create(one.spec, signal);
      await port.create(other.spec, signal);
      const began = Date.now() - 60_000;
      for (const { createdAt } of await port.list(signal)) assert.ok(createdAt > began && createdAt <= Date.now());
      await port.destroy({ name: one.spec.name, vmid: 0 }, signal);
      assert.deepEqual(await namesIn(port), [other.spec.name]);
      await port.destroy({ name: one.spec.name, vmid: 0 }, signal);
    });

    it('is unavailable while its provider is down, and tells no secret', async (t) => {
      const { down, logged } = await bench(t);
      if (!down) return t.diagnostic(`${name} needs nobody else, so it cannot be down`);
      const { port, secrets } = await down();
      const site = newSite();
      for (const call of callsOf(port, Object.keys(calls))) {
        await assert.rejects(calls[call]!.call(port, site, signal), (error) => {
          fails(port, 'unavailable')(error);
          for (let each = error as Error | undefined; each; each = each.cause as Error | undefined) {
            const told = `${each.message} ${each.stack} ${JSON.stringify(each)}`;
            for (const secret of secrets) assert.ok(!told.includes(secret), `${call} tells a secret`);
          }
          return true;
        });
      }
      for (const secret of secrets) assert.ok(!(logged?.() ?? '').includes(secret), 'a secret was logged');
    });

    it('begins nothing for a call that was given up before', async (t) => {
      const { port, requests } = await bench(t);
      const site = newSite();
      const before = requests?.count();
      for (const call of callsOf(port, Object.keys(calls))) {
        await assert.rejects(calls[call]!.call(port, site, AbortSignal.abort()), fails(port, 'unavailable'), call);
      }
      assert.equal(requests?.count(), before);
      assert.deepEqual(await namesIn(port), []);
    });

    it('begins nothing more once a call is given up in the middle', async (t) => {
      const { port, requests } = await bench(t);
      if (!requests) return t.diagnostic(`${name} makes no requests`);
      const site = newSite();
      for (const call of callsOf(port, Object.keys(calls))) {
        // In the middle is anywhere: at its first request, at its second, and so on until it ends before.
        for (let at = 1, isOver = false; !isOver; at++) {
          const giveUp = new AbortController();
          let seen = Number.NaN;
          requests.onNext(at, () => {
            giveUp.abort();
            seen = requests.count();
          });
          try {
            await calls[call]!.call(port, site, giveUp.signal);
            isOver = true;
          } catch (error) {
            fails(port, 'unavailable', 'unknown_outcome')(error);
            assert.equal(requests.count(), seen, `${call}, given up at request ${at}, went on`);
          }
        }
        await calls[call]!.call(port, site, signal);
      }
    });

    it('changes the memory both ways and lets a disk only grow', async (t) => {
      const { port, sizeOf } = await bench(t);
      const { spec, ref } = newSite();
      await port.create(spec, signal);
      const wishes = [
        { memoryMb: 512, diskMb: 2_048 },
        { memoryMb: 128, diskMb: 512 },
        { memoryMb: 300, diskMb: 2_048 },
      ];
      for (const { memoryMb, diskMb } of wishes) {
        for (const _attempt of [1, 2]) await port.resize(ref, { memoryMb, diskMb, plan: 'large' }, signal);
        if (sizeOf) assert.deepEqual(await sizeOf(ref), { memoryMb, diskMb: 2_048 });
        assert.equal((await port.status(ref, signal)).state, 'running');
      }
      if (!sizeOf) t.diagnostic(`the size that ${name} grants was not looked at`);
    });

    it('puts the data back, and keeps each snapshot as it was made', async (t) => {
      const { port, data, sizeOf } = await bench(t);
      if (!port.capabilities.snapshots || !data) return t.diagnostic(`${name} shows no data`);
      const { spec, ref } = newSite();
      await port.create(spec, signal);
      await data.write(ref, 'first');
      await port.createSnapshot(ref, 'initial', signal);
      await data.write(ref, 'second');
      await port.createSnapshot(ref, 'initial', signal);
      const [snapshot, ...others] = await port.listSnapshots(ref, signal);
      assert.deepEqual([snapshot?.name, others], ['initial', []]);
      assert.ok(snapshot && Math.abs(Date.now() - snapshot.createdAt) < 60_000);
      await port.resize(ref, { memoryMb: 512, diskMb: 2_048, plan: 'large' }, signal);
      for (const _attempt of [1, 2]) await port.rollback(ref, 'initial', signal);
      assert.equal(await data.read(ref), 'first');
      // The plan of today, not the one at the time of the snapshot.
      if (sizeOf) assert.deepEqual(await sizeOf(ref), { memoryMb: 512, diskMb: 2_048 });
      await port.start(ref, signal);
      await assert.rejects(port.rollback(ref, 'BAK21112026-9', signal), fails(port, 'not_found'));
      assert.equal(await data.read(ref), 'first');
      await port.destroy(ref, signal);
      await port.create(spec, signal);
      assert.deepEqual(await port.listSnapshots(ref, signal), [], 'a new site of that name has none');
      assert.equal(await data.read(ref), null);
    });

    it('takes the names of backups for snapshots, and refuses what would lead elsewhere', async (t) => {
      const { port } = await bench(t);
      if (!port.capabilities.snapshots) return t.diagnostic(`${name} has no snapshots`);
      const { spec, ref } = newSite();
      await port.create(spec, signal);
      const names = ['initial', 'safety', 'BAK21112026-1', 'BAK21112026-12345'];
      for (const each of names) await port.createSnapshot(ref, each, signal);
      const listed = (await port.listSnapshots(ref, signal)).map((each) => each.name);
      assert.deepEqual(listed.sort(), [...names].sort());
      for (const each of ['', '..', '../x', 'a/b', 'a b', "a'b", 'a;b', 'a\nb', 'ü', '%2e%2e']) {
        await assert.rejects(port.createSnapshot(ref, each, signal), fails(port, 'invalid'), each);
        await assert.rejects(port.rollback(ref, each, signal), fails(port, 'invalid'), each);
        await assert.rejects(port.deleteSnapshot(ref, each, signal), fails(port, 'invalid'), each);
      }
      for (const each of names) await port.deleteSnapshot(ref, each, signal);
      assert.deepEqual(await port.listSnapshots(ref, signal), []);
    });

    it('refuses a name that cannot be a site’s', async (t) => {
      const { port } = await bench(t);
      const site = newSite();
      for (const each of ['', '.', '../up', 'a/b', 'A', 'a b', 'a;b', 'a\0', 'ü', 'a'.repeat(64)]) {
        const ref = { ...site.ref, name: each };
        await assert.rejects(port.create({ ...site.spec, name: each }, signal), fails(port, 'invalid'), each);
        await assert.rejects(port.status(ref, signal), fails(port, 'invalid'), each);
        await assert.rejects(port.destroy(ref, signal), fails(port, 'invalid'), each);
      }
    });

    it('says where a site answers, the same for its whole life', async (t) => {
      const { port } = await bench(t);
      const { spec, ref } = newSite();
      const before = port.upstream(ref);
      await port.create(spec, signal);
      assert.deepEqual(port.upstream(ref), before);
      await port.stop(ref, { graceSeconds: 1 }, signal);
      assert.deepEqual(port.upstream(ref), before);
    });

    it('gives a link of its own for every sign-in', async (t) => {
      const { port } = await bench(t);
      if (!port.capabilities.logins) return t.diagnostic(`${name} has no sign-in`);
      const { spec, ref, app } = newSite();
      await port.create(spec, signal);
      await port.install(ref, app, signal);
      const [one, other] = [
        await port.createLoginLink(ref, { ttlSeconds: 60 }, signal),
        await port.createLoginLink(ref, { ttlSeconds: 60 }, signal),
      ];
      assert.match(one.path, /^\/[^/]/);
      assert.notEqual(one.path, other.path);
      await assert.rejects(port.createLoginLink(ref, { ttlSeconds: 0 }, signal), fails(port, 'invalid'));
    });
  });
};
