/**
 * Sites on a Kubernetes cluster: a namespace for each, and in it whatever a site
 * needs. The namespace is the site: it is made first, it carries what is wished,
 * and deleting it deletes everything.
 */
import type { Adapter } from '../../../ports/adapter.ts';
import type { ComputeProvider } from '../../../ports/compute.ts';
import { createClient, type Watcher } from '../../kubernetes/client.ts';
import type { ConnectionOptions } from '../../kubernetes/connection.ts';
import { workloadName } from './manifests.ts';
import { createNamespaces } from './namespaces.ts';
import type { SiteSettings } from './settings.ts';
import { checkName, failure, provider } from './site-record.ts';
import { createSites } from './sites.ts';
import { createSnapshots } from './snapshots.ts';
import { createWorkloads } from './workloads.ts';

export interface KubernetesComputeOptions extends ConnectionOptions, SiteSettings {
  watcher?: Watcher;
}

export const createKubernetesCompute = (options: KubernetesComputeOptions): Adapter<ComputeProvider> => {
  const { config, context, podRoot, watcher, ...settings } = options;
  const client = createClient({ provider, config, context, podRoot, watcher });
  const namespaces = createNamespaces(client, settings);
  const workloads = createWorkloads(client, settings);
  const deps = { client, settings, namespaces, workloads };

  // WordPress would have to be told by a program inside the pod.
  const noLogins = async (): Promise<never> => {
    throw failure('invalid', 'Sites on Kubernetes have no sign-in of their own yet');
  };

  const compute: ComputeProvider = {
    id: provider,
    // A new size means a new pod: one volume serves one pod.
    capabilities: { snapshots: true, onlineResize: false, usage: true, logins: false },
    ...createSites(deps),
    ...createSnapshots(deps),
    setPassword: noLogins,
    createLoginLink: noLogins,
    upstream: ({ name }) => {
      checkName(name);
      return { scheme: 'http', host: `${workloadName}.${name}.svc.${settings.clusterDomain}`, port: 80 };
    },
  };
  return { port: compute, close: () => client.close() };
};
