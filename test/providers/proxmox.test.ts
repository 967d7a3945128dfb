/** What is particular to Proxmox VE, against a fake of its API; time is moved by hand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import type { ProxmoxSettings } from '../../src/adapters/compute/proxmox/index.ts';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { SiteSpec } from '../../src/ports/compute.ts';
import { createIdleTime } from '../support/idle-time.ts';
import { openProxmox } from '../support/proxmox.ts';
import { selfSigned } from '../support/self-signed.ts';

const signal = new AbortController().signal;

const spec: SiteSpec = {
  name: 'svc-01',
  owner: { panel: 'panel-1', service: 'service-1' },
  hostname: 'shop.example.com',
  plan: 'basic',
  email: 'ada@example.com',
  resources: { memoryMb: 256, diskMb: 1_024 },
  network: { vmid: 101, privateIp: '10.0.0.5' },
};
const ref = { name: spec.name, ...spec.network };

const open = async (t: TestContext, changes: Partial<ProxmoxSettings> = {}) => {
  const start = Date.now();
  let isLost = () => false;
  const time = createIdleTime(20_000, () => isLost());
  const bench = await openProxmox(() => start + time.passed());
  isLost = bench.fake.isHanging;
  t.after(() => bench.close());
  const adapter = bench.adapter(changes, time.clock);
  const passing = time.during;
  const done = async <T>(call: Promise<T>): Promise<number> => {
    const { error, tookMs } = await passing(call);
    if (error) throw error;
    return tookMs;
  };
  const refused = async (call: Promise<unknown>, kind: ProviderErrorKind, words: RegExp) => {
    const { error } = await passing(call);
    assert.ok(error instanceof ProviderError, String(error));
    assert.deepEqual([error.kind, words.test(error.message)], [kind, true], `${error.kind}: ${error.message}`);
    return error;
  };
  return { ...bench, time, adapter, compute: adapter.port, world: bench.fake.world, passing, done, refused };
};

const tempDir = async (t: TestContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'provisor-tls-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

const selfSignedIn = (dir: string) => {
  const { key, cert } = selfSigned(dir);
  return { key, cert };
};

const asked = (requests: string[], form: RegExp) => requests.filter((request) => form.test(request)).length;

it('waits for a task as long as it takes, and asks less and less often', async (t) => {
  const { compute, world, fake, done } = await open(t);
  world.takes.set('vzcreate', 90_000);
  const tookMs = await done(compute.create(spec, signal));
  assert.ok(tookMs >= 90_000 && tookMs < 95_000, `${tookMs}`);
  assert.ok(asked(fake.requests, /tasks.*status$/) < 60);
  assert.equal((await compute.status(ref, signal)).state, 'running');
});

it('tells a failed task by the last line of its log', async (t) => {
  const { compute, world, refused } = await open(t);
  world.fails.set('vzcreate', "command 'tar xpf' failed: exit code 2");
  await refused(compute.create(spec, signal), 'invalid', /^vzcreate failed: command 'tar xpf' failed: exit code 2$/);
  assert.equal(world.guests.size, 0);
});

it('takes a task with warnings for done, and logs what it warns of', async (t) => {
  const { compute, world, done, logged } = await open(t);
  await done(compute.create(spec, signal));
  const begin = world.begin;
  world.begin = (type, guest, work, log) => {
    const upid = begin(type, guest, work, log);
    if (type === 'vzdestroy') {
      world.settle();
      Object.assign(world.tasks.get(upid)!, { exitstatus: 'WARNINGS: 1', log: ['WARN: a volume was gone already'] });
    }
    return upid;
  };
  await done(compute.destroy(ref, signal));
  assert.match(logged.join(), /a volume was gone already/);
});

for (const [type, call] of [
  ['vzcreate', 'create'],
  ['vzshutdown', 'stop'],
  ['vzstart', 'start'],
  ['vzsnapshot', 'createSnapshot'],
  ['vzdelsnapshot', 'deleteSnapshot'],
  ['vzdestroy', 'destroy'],
] as const) {
  it(`judges a ${type} that nobody knows of any more by what is there`, async (t) => {
    const { compute, world, done, refused } = await open(t);
    const run = {
      create: () => compute.create(spec, signal),
      stop: () => compute.stop(ref, { graceSeconds: 1 }, signal),
      start: () => compute.start(ref, signal),
      createSnapshot: () => compute.createSnapshot(ref, 'one', signal),
      deleteSnapshot: () => compute.deleteSnapshot(ref, 'one', signal),
      destroy: () => compute.destroy(ref, signal),
    }[call];
    if (call !== 'create') await done(compute.create(spec, signal));
    if (call === 'start') await done(compute.stop(ref, { graceSeconds: 1 }, signal));
    if (call === 'deleteSnapshot') await done(compute.createSnapshot(ref, 'one', signal));
    if (call !== 'create') {
      world.vanishes.set(type, 'undone');
      await refused(run(), 'unknown_outcome', /cannot be found any more/);
    }
    world.vanishes.set(type, 'done');
    await done(run());
    assert.equal(world.vanishes.size, 0);
  });
}

it('follows a task over a short absence of its node, and gives up over a long one', async (t) => {
  const { compute, world, fake, done, refused } = await open(t);
  world.takes.set('vzcreate', 10_000);
  let looks = 0;
  fake.onRequest = (request) => {
    if (/tasks.*status$/.test(request)) looks += 1;
    world.nodes.get('pve1')!.online = looks < 2 || looks > 4;
  };
  await done(compute.create(spec, signal));
  assert.ok(looks > 4);
  looks = 0;
  world.takes.set('vzsnapshot', 60_000);
  fake.onRequest = (request) => {
    if (/tasks.*status$/.test(request)) looks += 1;
    world.nodes.get('pve1')!.online = looks < 2;
  };
  await refused(compute.createSnapshot(ref, 'one', signal), 'unavailable', /No route to host/);
});

it('adopts what a create whose answer was lost is still making', async (t) => {
  const { compute, world, fake, done, refused } = await open(t);
  world.takes.set('vzcreate', 30_000);
  fake.loseAnswer(/^POST .*lxc$/);
  await done(compute.create(spec, signal));
  assert.equal(asked(fake.requests, /^POST .*lxc$/), 1);
  assert.equal(world.guests.size, 1);

  // Locked and empty, and nothing at work on it: nobody can say whose it is.
  world.add({ vmid: 102, type: 'lxc', node: 'pve1', status: 'stopped', config: { lock: 'create' } });
  const other = { ...spec, name: 'svc-02', network: { vmid: 102, privateIp: '10.0.0.6' } };
  assert.deepEqual(await compute.status({ name: 'svc-02', vmid: 102 }, signal), { state: 'starting' });
  await refused(compute.create(other, signal), 'conflict', /102 is not a site of ours/);
  await refused(compute.destroy({ name: 'svc-02', vmid: 102 }, signal), 'conflict', /102 is not a site of ours/);
});

it('leaves a container alone that something else is at work on, without calling it an outage', async (t) => {
  const { compute, world, fake, done, refused } = await open(t);
  await done(compute.create(spec, signal));
  world.guests.get(101)!.config.lock = 'backup';
  const before = structuredClone(world.guests.get(101));
  const calls = [
    () => compute.stop(ref, { graceSeconds: 1 }, signal),
    () => compute.resize(ref, { memoryMb: 512, diskMb: 2_048, plan: 'large' }, signal),
    () => compute.createSnapshot(ref, 'one', signal),
    () => compute.rollback(ref, 'one', signal),
    () => compute.destroy(ref, signal),
  ];
  for (const call of calls) {
    const error = await refused(call(), 'rate_limited', /CT 101 is locked \(backup\).*pct unlock 101/);
    assert.equal(error.after, 10);
  }
  assert.deepEqual(world.guests.get(101), before);
  assert.equal((await compute.status(ref, signal)).state, 'running');
  delete world.guests.get(101)!.config.lock;
  // Locked between the look and the call.
  fake.refuse(/^POST .*snapshot$/, 'CT is locked (backup)');
  await refused(compute.createSnapshot(ref, 'one', signal), 'rate_limited', /CT is locked \(backup\)/);
});

it('says what a refusal of the API means', async (t) => {
  const { compute, fake, done, refused } = await open(t);
  await done(compute.create(spec, signal));
  const means: [number, string, ProviderErrorKind][] = [
    [403, 'Permission check failed (/vms/101, VM.Snapshot)', 'auth'],
    [401, 'permission denied - invalid PVE ticket', 'auth'],
    [429, 'slow down', 'rate_limited'],
    [595, 'No route to host', 'unavailable'],
    [596, 'Connection timed out', 'unknown_outcome'],
    [500, 'cluster not ready - no quorum?', 'unavailable'],
    [500, "can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout", 'rate_limited'],
    [500, 'snapshot feature is not available', 'invalid'],
  ];
  for (const [status, reason, kind] of means) {
    fake.refuse(/^POST .*snapshot$/, reason, status);
    const words = new RegExp(reason.slice(0, 12).replace(/[()]/g, '.'));
    await refused(compute.createSnapshot(ref, 'one', signal), kind, words);
  }
});

it('gives a request 20 seconds', async (t) => {
  const { compute, fake, passing, done } = await open(t);
  await done(compute.create(spec, signal));
  fake.hang(/^GET .*snapshot$/);
  const looking = await passing(compute.listSnapshots(ref, signal));
  assert.equal((looking.error as ProviderError).kind, 'unavailable');
  fake.hang(/^POST .*snapshot$/);
  const changing = await passing(compute.createSnapshot(ref, 'one', signal));
  assert.equal((changing.error as ProviderError).kind, 'unknown_outcome');
  for (const { tookMs } of [looking, changing]) assert.equal(tookMs, 20_000);
});

it('goes back to the newest snapshot only on ZFS, and says so before anything is touched', async (t) => {
  const { compute, adapter, world, fake, done, refused } = await open(t);
  world.storageType = 'zfspool';
  assert.equal(compute.capabilities.rollbackTo, 'newest', 'while it is not known');
  await adapter.open?.();
  assert.equal(compute.capabilities.rollbackTo, 'newest');
  await done(compute.create(spec, signal));
  await done(compute.createSnapshot(ref, 'initial', signal));
  await done(compute.createSnapshot(ref, 'BAK01012026-1', signal));
  const before = structuredClone(world.guests.get(101));
  const requests = asked(fake.requests, /^(POST|PUT|DELETE)/);
  await refused(compute.rollback(ref, 'initial', signal), 'invalid', /newest snapshot only.*BAK01012026-1/);
  assert.deepEqual(world.guests.get(101), before);
  assert.equal(asked(fake.requests, /^(POST|PUT|DELETE)/), requests);
  await done(compute.rollback(ref, 'BAK01012026-1', signal));
  await done(compute.deleteSnapshot(ref, 'BAK01012026-1', signal));
  await done(compute.rollback(ref, 'initial', signal));
});

it('learns that other storage goes back to any', async (t) => {
  const { compute, adapter, done } = await open(t);
  await adapter.open?.();
  assert.equal(compute.capabilities.rollbackTo, 'any');
  await done(compute.create(spec, signal));
  await done(compute.createSnapshot(ref, 'initial', signal));
  await done(compute.createSnapshot(ref, 'BAK01012026-1', signal));
  await done(compute.rollback(ref, 'initial', signal));
});

it('makes a snapshot anew that was cut off', async (t) => {
  const { compute, world, done, refused } = await open(t);
  await done(compute.create(spec, signal));
  world.guests.get(101)!.snapshots.set('one', { snaptime: 1, snapstate: 'prepare', config: {} });
  assert.deepEqual(await compute.listSnapshots(ref, signal), []);
  await refused(compute.rollback(ref, 'one', signal), 'not_found', /no snapshot one/);
  await done(compute.createSnapshot(ref, 'one', signal));
  assert.deepEqual(
    (await compute.listSnapshots(ref, signal)).map(({ name }) => name),
    ['one'],
  );
});

it('finds a container on whatever node it is, also when it moves between two questions', async (t) => {
  const { compute, world, fake, done } = await open(t);
  world.nodes.set('pve2', { online: true, mem: 0, maxmem: 2 ** 30 });
  await done(compute.create(spec, signal));
  assert.equal((await compute.status(ref, signal)).node, 'pve1');
  world.guests.get(101)!.node = 'pve2';
  assert.equal((await compute.status(ref, signal)).node, 'pve2');
  await done(compute.stop(ref, { graceSeconds: 1 }, signal));
  let moves = 1;
  fake.onRequest = (request) => {
    if (/config$/.test(request) && moves-- > 0) world.guests.get(101)!.node = 'pve1';
  };
  await done(compute.start(ref, signal));
  assert.equal((await compute.status(ref, signal)).node, 'pve1');
});

it('makes new containers on the node with the most free memory that is online', async (t) => {
  const { compute, world, done, refused } = await open(t);
  world.nodes.set('pve2', { online: true, mem: 0, maxmem: 2 ** 40 });
  world.nodes.set('pve3', { online: false, mem: 0, maxmem: 2 ** 50 });
  await done(compute.create(spec, signal));
  assert.equal(world.guests.get(101)!.node, 'pve2');
  for (const node of world.nodes.values()) node.online = false;
  const other = { ...spec, name: 'svc-02', network: { vmid: 102, privateIp: '10.0.0.6' } };
  await refused(compute.create(other, signal), 'unavailable', /None of the nodes/);
});

it('puts a container under high availability and waits for its manager, which takes its time', async (t) => {
  const { compute, world, fake, done, refused } = await open(t, {
    PROVISOR_PROXMOX_HA: 'on',
    PROVISOR_PROXMOX_HA_GROUP: 'web',
  });
  world.haTakes = 12_000;
  assert.ok((await done(compute.create(spec, signal))) >= 12_000);
  assert.deepEqual([...world.ha], [['ct:101', { state: 'started', group: 'web' }]]);
  assert.ok((await done(compute.stop(ref, { graceSeconds: 5 }, signal))) >= 12_000);
  assert.equal(world.guests.get(101)!.status, 'stopped');
  const start = compute.start(ref, signal);
  assert.ok((await done(start)) >= 12_000);
  world.haTakes = 10 * 60_000;
  await refused(
    compute.stop(ref, { graceSeconds: 5 }, signal),
    'unknown_outcome',
    /asked to be stopped and is not yet/,
  );
  delete world.guests.get(101)!.wish;
  await done(compute.destroy(ref, signal));
  assert.deepEqual([world.ha.size, world.guests.size], [0, 0]);
  assert.ok(fake.requests.includes('DELETE /cluster/ha/resources/ct:101'));
});

it('sends nothing, the token least of all, to a server with another certificate', async (t) => {
  const bench = await openProxmox();
  t.after(() => bench.close());
  const received: Buffer[] = [];
  let connections = 0;
  const impostor = createServer(selfSignedIn(await tempDir(t)), (socket) => {
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('error', () => {});
  });
  impostor.on('connection', () => {
    connections += 1;
  });
  impostor.on('tlsClientError', () => {});
  impostor.listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  t.after(() => impostor.close());
  const url = `https://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
  const caFile = join(await tempDir(t), 'ca.pem');
  await writeFile(caFile, bench.fake.cert);
  for (const trust of [
    {},
    { PROVISOR_PROXMOX_FINGERPRINT: undefined, PROVISOR_PROXMOX_CA_FILE: caFile },
    { PROVISOR_PROXMOX_FINGERPRINT: undefined },
  ]) {
    const { port } = bench.adapter({ PROVISOR_PROXMOX_URL: url, ...trust });
    await assert.rejects(port.list(signal), (error) => error instanceof ProviderError && error.kind === 'auth');
  }
  assert.ok(connections > 0);
  assert.equal(Buffer.concat(received).length, 0);
});

it('takes a certificate that the named authority signed', async (t) => {
  const bench = await openProxmox();
  t.after(() => bench.close());
  const { fake } = bench;
  const caFile = join(await tempDir(t), 'ca.pem');
  await writeFile(caFile, fake.cert);
  const trust = { PROVISOR_PROXMOX_FINGERPRINT: undefined, PROVISOR_PROXMOX_CA_FILE: caFile };
  assert.deepEqual(await bench.adapter(trust).port.list(signal), []);
  assert.deepEqual(
    await bench
      .adapter({ PROVISOR_PROXMOX_FINGERPRINT: fake.fingerprint.replaceAll(':', '').toLowerCase() })
      .port.list(signal),
    [],
  );
});
