/** Fault 4: an answer that is lost, a call that lands after its time-out, and whatever else providers do, in every call of every port. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createProvisor } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { quiet } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { type Faulty, faulty, misbehaviours } from '../support/faulty.ts';
import { createVirtualTime } from '../support/virtual-time.ts';
import { findFaults } from '../support/world.ts';
import { report } from './report.ts';

/** Every call that a site's operations make, and the operations that make it. */
const calls: Record<string, { port: 'compute' | 'proxy' | 'dns'; in: string[] }> = {
  create: { port: 'compute', in: ['create'] },
  install: { port: 'compute', in: ['create'] },
  createSnapshot: { port: 'compute', in: ['create'] },
  getZone: { port: 'dns', in: ['create', 'delete'] },
  createZone: { port: 'dns', in: ['create'] },
  applyChanges: { port: 'dns', in: ['create', 'delete'] },
  putRoute: { port: 'proxy', in: ['create', 'suspend', 'unsuspend', 'stop', 'reset'] },
  ensureCertificate: { port: 'proxy', in: ['create'] },
  stop: { port: 'compute', in: ['suspend', 'stop', 'reset'] },
  start: { port: 'compute', in: ['unsuspend', 'start', 'reset'] },
  restart: { port: 'compute', in: ['restart'] },
  rollback: { port: 'compute', in: ['reset'] },
  resize: { port: 'compute', in: ['upgrade'] },
  deleteRoute: { port: 'proxy', in: ['delete'] },
  destroy: { port: 'compute', in: ['delete'] },
};

const ends: Record<string, string> = {
  create: 'active',
  suspend: 'suspended',
  unsuspend: 'active',
  stop: 'stopped',
  start: 'active',
  restart: 'active',
  reset: 'active',
  upgrade: 'active',
  delete: 'deleted',
};

const before: Record<string, string> = { unsuspend: 'suspend', start: 'stop' };

/** A whole Provisor in virtual time, around three providers that can misbehave. */
const openWorld = async (database: (typeof databases)[number]) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-faulty-'));
  const fresh = await database.open({ migrate: false });
  const time = createVirtualTime();
  // biome-ignore lint/suspicious/noExplicitAny: three ports of differing shape in one table
  let ports!: Record<'compute' | 'proxy' | 'dns', Faulty<any>>;
  const config = loadConfig(
    {
      PROVISOR_DATA_DIR: dataDir,
      DATABASE_URL: fresh.url,
      PROVISOR_PEPPER: 'a pepper for tests only',
      PROVISOR_PRIVATE_IPS: '10.0.0.1-10.0.9.254',
    },
    dataDir,
  );
  const provisor = await createProvisor(config, quiet, {
    clock: time.clock,
    clockOffset: time.offset,
    adapters: ({ compute, proxy, dns }) => {
      ports = {
        compute: faulty(compute.port, compute.port.id),
        proxy: faulty(proxy.port, proxy.port.id),
        dns: faulty(dns.port, dns.port.id),
      };
      return {
        compute: { ...compute, port: ports.compute.port },
        proxy: { ...proxy, port: ports.proxy.port },
        dns: { ...dns, port: ports.dns.port },
      };
    },
  });
  await provisor.migrate();
  const panel = await provisor.panels.create('faults');
  const caller: Caller = { panelId: panel.id, actor: 'faults', requestId: null };
  provisor.operations.start();

  const ask = async (operation: string, serviceId: string) => {
    const { sites } = provisor;
    const ref = { serviceId };
    switch (operation) {
      case 'create':
        return sites.create(caller, { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic' });
      case 'suspend':
        return sites.suspend(caller, ref);
      case 'unsuspend':
        return sites.unsuspend(caller, ref);
      case 'upgrade':
        return sites.upgrade(caller, ref, 'premium');
      case 'delete':
        return sites.remove(caller, ref);
      default:
        return sites.act(caller, ref, operation as 'stop');
    }
  };
  /** Asks, and lets time pass until it is at rest; what is to land late does so after its time-out and before the next try. */
  const carryOut = async (operation: string, serviceId: string) => {
    const { operation: submitted } = await ask(operation, serviceId);
    const id = submitted!.id;
    await time.passUntil(async () => {
      const now = await provisor.operations.find(caller.panelId, id);
      if (now.owner === null) for (const port of Object.values(ports)) await port.land();
      return now.state === 'done' || now.state === 'failed' || now.state === 'stuck';
    });
    return provisor.operations.find(caller.panelId, id);
  };

  return {
    provisor,
    caller,
    ports,
    carryOut,
    close: async () => {
      let drained = false;
      void provisor.operations.drain(1_000).then(() => {
        drained = true;
      });
      await time.passUntil(async () => drained, 60_000);
      await provisor.close();
      for (const adapter of provisor.adapters) await adapter.close?.();
      await fresh.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

for (const database of databases) {
  describe(`fault 4, providers that misbehave, on ${database.name}`, { concurrency: 2 }, () => {
    for (const how of misbehaviours) {
      it(`one that ${how}, in every call`, async () => {
        let cases = 0;
        for (const [method, { port, in: operations }] of Object.entries(calls)) {
          for (const operation of operations) {
            // A world of its own, because a zone is made only once.
            const world = await openWorld(database);
            const serviceId = `s-${method.toLowerCase()}-${operation}`;
            const label = `${port}.${method} in ${operation}`;
            if (operation !== 'create') await world.carryOut('create', serviceId);
            if (before[operation]) await world.carryOut(before[operation], serviceId);
            world.ports[port].misbehave(method, how);
            const ended = await world.carryOut(operation, serviceId);
            assert.ok(world.ports[port].happened(), `${label}: the call was not made`);
            assert.equal(ended.state, 'done', `${label}: ${JSON.stringify(ended.error)}`);
            const site = await world.provisor.sites.get(world.caller, { serviceId });
            assert.equal(site.state, ends[operation], label);
            assert.deepEqual(await findFaults(world.provisor), [], label);
            cases += 1;
            await world.close();
          }
        }
        report({ fault: 4, name: 'answers lost, late, garbled, refused; calls that hang', cases });
      });
    }
  });
}
