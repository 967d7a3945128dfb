import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalDns } from '../../src/adapters/dns/local/index.ts';
import { creations, dnsConformance, signal } from './dns.suite.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

dnsConformance('dns/local', { cannotHold: [], batch: 1_000, keepsNameservers: true }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-dns-'));
  const [adapter, other] = [0, 1].map(() => createLocalDns({ dataDir, host: '127.0.0.1', port: 0, log })) as [
    ReturnType<typeof createLocalDns>,
    ReturnType<typeof createLocalDns>,
  ];
  return {
    dns: adapter.port,
    other: other.port,
    putForeignZone: async (zone, record) => {
      await adapter.port.createZone({ ...zone, owner: 'somebody else' }, signal);
      await adapter.port.applyChanges(zone.name, creations([record]), signal);
    },
    stop: async () => {
      await adapter.close?.();
      await other.close?.();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
