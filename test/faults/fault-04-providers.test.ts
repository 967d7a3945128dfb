/** Fault 4: an answer that is lost, a call that lands after its time-out, and whatever else providers do, in every call of every port. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databases } from '../support/databases.ts';
import { misbehaviours } from '../support/faulty.ts';
import { findFaults } from '../support/world.ts';
import { type FaultyWorld, openFaultyWorld } from './faulty-world.ts';
import { report } from './report.ts';
import { domainsParent } from './scenarios.ts';

/** Every call that a site's operations make, and the operations that make it. */
const calls: Record<string, { port: 'compute' | 'proxy' | 'dns'; in: string[] }> = {
  create: { port: 'compute', in: ['create'] },
  install: { port: 'compute', in: ['create'] },
  createSnapshot: { port: 'compute', in: ['create', 'backup', 'rollback'] },
  deleteSnapshot: { port: 'compute', in: ['backup-delete', 'rollback'] },
  getZone: { port: 'dns', in: ['create', 'delete'] },
  createZone: { port: 'dns', in: ['create'] },
  applyChanges: { port: 'dns', in: ['create', 'delete'] },
  putRoute: { port: 'proxy', in: ['create', 'suspend', 'unsuspend', 'stop', 'reset', 'domain', 'domain-remove'] },
  ensureCertificate: { port: 'proxy', in: ['create', 'domain'] },
  stop: { port: 'compute', in: ['suspend', 'stop', 'reset'] },
  start: { port: 'compute', in: ['unsuspend', 'start', 'reset'] },
  restart: { port: 'compute', in: ['restart'] },
  rollback: { port: 'compute', in: ['reset', 'rollback'] },
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
  backup: 'active',
  'backup-delete': 'active',
  rollback: 'active',
  domain: 'active',
  'domain-remove': 'active',
  delete: 'deleted',
};

const before: Record<string, string> = {
  unsuspend: 'suspend',
  start: 'stop',
  'backup-delete': 'backup',
  rollback: 'backup',
  'domain-remove': 'domain',
};

const ask = async (
  { provisor: { sites, backups, domains }, caller }: FaultyWorld,
  operation: string,
  serviceId: string,
) => {
  const ref = { serviceId };
  const newest = async () => (await backups.list(caller, ref)).backups[0]!.name;
  switch (operation) {
    case 'create':
      return sites.create(caller, { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic' });
    case 'suspend':
      return sites.suspend(caller, ref);
    case 'unsuspend':
      return sites.unsuspend(caller, ref);
    case 'upgrade':
      return sites.upgrade(caller, ref, 'premium');
    case 'backup':
      return backups.create(caller, ref);
    case 'backup-delete':
      return backups.remove(caller, ref, await newest());
    case 'rollback':
      return backups.rollback(caller, ref, await newest());
    case 'domain':
      return domains.add(caller, ref, `${serviceId}.${domainsParent}`, { signal: AbortSignal.timeout(20_000) });
    case 'domain-remove':
      return domains.remove(caller, ref, `${serviceId}.${domainsParent}`);
    case 'delete':
      return sites.remove(caller, ref);
    default:
      return sites.act(caller, ref, operation as 'stop');
  }
};

/** Asks, and lets time pass until it is at rest. */
const carryOut = async (world: FaultyWorld, operation: string, serviceId: string) => {
  const { operation: submitted } = await ask(world, operation, serviceId);
  await world.passUntilRest();
  return world.provisor.operations.find(world.caller.panelId, submitted!.id);
};

for (const database of databases) {
  describe(`fault 4, providers that misbehave, on ${database.name}`, { concurrency: 2 }, () => {
    for (const how of misbehaviours) {
      it(`one that ${how}, in every call`, async () => {
        let cases = 0;
        for (const [method, { port, in: operations }] of Object.entries(calls)) {
          for (const operation of operations) {
            // A world of its own, because a zone is made only once.
            const world = await openFaultyWorld(database);
            const serviceId = `s-${method.toLowerCase()}-${operation}`;
            const label = `${port}.${method} in ${operation}`;
            if (operation !== 'create') await carryOut(world, 'create', serviceId);
            if (before[operation]) await carryOut(world, before[operation], serviceId);
            world.ports[port].misbehave(method, how);
            const ended = await carryOut(world, operation, serviceId);
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
