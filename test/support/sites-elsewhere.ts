/**
 * Which adapters the suites over HTTP run with. Usually those of this machine; with
 * PROVISOR_TEST_ADAPTERS=kubernetes sites and routes are in the cluster of the run.
 * The suites are the same ones: what only this machine has is left out in a line.
 */
import type { Elsewhere } from './kubernetes-installation.ts';

const chosen = process.env.PROVISOR_TEST_ADAPTERS ?? 'local';
if (chosen !== 'local' && chosen !== 'kubernetes')
  throw new Error(`PROVISOR_TEST_ADAPTERS is local or kubernetes, not ${chosen}`);

/** What GET /v1/whoami has to say of these adapters. */
export const chosenCapabilities =
  chosen === 'local'
    ? { compute: 'local', proxy: 'local', snapshots: true, usage: true, logins: true }
    : { compute: 'kubernetes', proxy: 'ingress', snapshots: true, usage: true, logins: false };

/** Options of a test that looks at what only the local adapters have; `reason` is shown where it does not run. */
export const localOnly = (reason: string): { skip?: string } => (chosen === 'local' ? {} : { skip: reason });

/** Null on this machine. */
export const openElsewhere = async (): Promise<Elsewhere | null> => {
  if (chosen === 'local') return null;
  // Only now: the client of a cluster is large.
  const { openInstallation } = await import('./kubernetes-installation.ts');
  return openInstallation();
};
