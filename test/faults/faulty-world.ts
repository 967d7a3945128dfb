/** A whole Provisor in virtual time, around three providers that can misbehave. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProvisor } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { quiet } from '../support/app.ts';
import type { TestDatabases } from '../support/databases.ts';
import { startDns } from '../support/dns-server.ts';
import { type Faulty, faulty } from '../support/faulty.ts';
import { createVirtualTime } from '../support/virtual-time.ts';
import { domainsParent } from './scenarios.ts';

export const openFaultyWorld = async (database: TestDatabases) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-faulty-'));
  const fresh = await database.open({ migrate: false });
  const resolver = await startDns();
  resolver.set(`*.${domainsParent}`, 'A', '127.0.0.1');
  const time = createVirtualTime();
  // biome-ignore lint/suspicious/noExplicitAny: three ports of differing shape in one table
  let ports!: Record<'compute' | 'proxy' | 'dns', Faulty<any>>;
  const config = loadConfig(
    {
      PROVISOR_DATA_DIR: dataDir,
      DATABASE_URL: fresh.url,
      PROVISOR_PEPPER: 'a pepper for tests only',
      PROVISOR_PRIVATE_IPS: '10.0.0.1-10.0.9.254',
      PROVISOR_RESOLVERS: resolver.server,
      PROVISOR_DOMAIN_OWNERSHIP: 'never',
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

  /** Lets time pass until no operation is under way; what is to land late does so after its time-out and before the next try. */
  const passUntilRest = (): Promise<void> =>
    time.passUntil(async () => {
      const open = await provisor.db.knex('operations').whereNotNull('active_key').select('state', 'owner');
      if (open.every(({ owner }) => owner === null)) for (const port of Object.values(ports)) await port.land();
      return open.every(({ state }) => state === 'stuck');
    });

  return {
    provisor,
    caller,
    ports,
    passUntilRest,
    close: async () => {
      let drained = false;
      void provisor.operations.drain(1_000).then(() => {
        drained = true;
      });
      await time.passUntil(async () => drained, 60_000);
      await provisor.close();
      for (const adapter of provisor.adapters) await adapter.close?.();
      await resolver.stop();
      await fresh.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type FaultyWorld = Awaited<ReturnType<typeof openFaultyWorld>>;
