import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalProxy } from '../../src/adapters/proxy/local/index.ts';
import { quiet } from '../support/app.ts';
import { proxyConformance } from './proxy.suite.ts';

proxyConformance('local', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'proxy-'));
  const make = () => createLocalProxy({ dataDir, host: '127.0.0.1', port: 0, log: quiet });
  const [serving, other] = [make(), make()];
  await serving.open?.();
  return {
    proxy: serving.port,
    other: other.port,
    dump: async () => JSON.stringify(await serving.port.listRoutes(AbortSignal.timeout(5_000))),
    occupy: null,
    claim: null,
    clearForeign: async () => {},
    spoil: null,
    secrets: [],
    hostHeaders: true,
    socketDir: dataDir,
    traffic: { port: Number(new URL(serving.port.urlFor('x')).port), upgrades: false, oneLabel: true },
    stop: async () => {
      await serving.close?.();
      await other.close?.();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
