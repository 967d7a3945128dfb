import { join, resolve } from 'node:path';
import type { Log } from '../../../kit/log.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ComputeProvider } from '../../../ports/compute.ts';
import { createLocks } from './locks.ts';
import { createSiteHandler, siteHost } from './serve-site.ts';
import { createSiteCalls, provider } from './site-calls.ts';
import { checkSiteName, createSiteDirectories } from './site-directories.ts';
import { createSiteListener, serverLock } from './site-listener.ts';
import { createSiteSnapshots } from './site-snapshots.ts';
import { createSites } from './sites.ts';
import { socketPathFor } from './socket-path.ts';

/**
 * The embedded default for compute: a site is a directory of files that this
 * process serves. Several processes may share the data directory; the ones that
 * do not serve (the operator CLI, say) change sites all the same.
 */

export interface LocalComputeOptions {
  dataDir: string;
  log: Log;
}

/** The compute adapter that needs nothing but this machine. Listens only after `open()`. */
export const createLocalCompute = (options: LocalComputeOptions): Adapter<ComputeProvider> => {
  const { log } = options;
  const dataDir = resolve(options.dataDir);
  const directories = createSiteDirectories(dataDir);
  const locks = createLocks(join(dataDir, 'locks'), [serverLock]);
  const calls = createSiteCalls(directories, locks);

  const recoverUnlessBusy = async (name: string): Promise<void> => {
    const release = locks.tryAcquire(name);
    // Who has the lock has not crashed but is at work.
    if (!release) return;
    try {
      await directories.recover(name);
      log.warn({ site: name }, 'a local site was left half changed and has been put right');
    } catch (error) {
      log.error({ err: error, site: name }, 'a local site was left half changed and cannot be put right');
    } finally {
      release();
    }
  };

  const onRequest = createSiteHandler({ directories, recover: recoverUnlessBusy, log });
  const listener = createSiteListener({ dataDir, locks, onRequest, log });

  const compute: ComputeProvider = {
    id: provider,
    capabilities: { snapshots: true, onlineResize: true, usage: true, logins: true },
    ...createSites(directories, calls),
    ...createSiteSnapshots(directories, calls),
    upstream: ({ name }) => {
      checkSiteName(name);
      return { scheme: 'unix', path: socketPathFor(dataDir).path, hostHeader: siteHost(name) };
    },
  };

  return {
    port: compute,
    open: async () => {
      for (const name of await directories.damaged()) await recoverUnlessBusy(name);
      await listener.open();
    },
    close: () => listener.close(),
  };
};
