/** dns/local, asked by a resolver that is not ours. Its conformance is in test/conformance. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalDns } from '../../src/adapters/dns/local/index.ts';
import { digConformance } from './dig.suite.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

digConformance('dns/local', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-dns-'));
  const adapter = createLocalDns({ dataDir, host: '127.0.0.1', port: 0, log });
  await adapter.open?.();
  return {
    dns: adapter.port,
    port: adapter.listeningPort!,
    stop: async () => {
      await adapter.close?.();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
