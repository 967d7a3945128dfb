/** A cluster for a test file: the run's own, or one that is started for it; and Provisor's rights in it, as they are shipped. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig, type KubernetesObject, KubernetesObjectApi, loadAllYaml } from '@kubernetes/client-node';
import { createKubernetesCompute, type KubernetesComputeOptions } from '../../src/adapters/compute/kubernetes/index.ts';
import { storageClass } from './control-plane/extras.ts';
import { applyAll, type ControlPlane, startControlPlane } from './control-plane/start.ts';

/** Where the kubeconfig of the run's control plane is. */
export const planeVariable = 'PROVISOR_TEST_KUBECONFIG';

export interface Cluster {
  /** As an administrator, for looking and for what others do. */
  admin: KubernetesObjectApi;
  adminConfig: string;
  /** Of Provisor's service account. */
  config: string;
  /** Only when it was started for this file alone. */
  plane?: ControlPlane;
  apply(...objects: KubernetesObject[]): Promise<void>;
  /** Null when it is not there. */
  read<T = KubernetesObject>(apiVersion: string, kind: string, name: string, namespace?: string): Promise<T | null>;
  stop(): Promise<void>;
}

/** Files under deploy/kubernetes as objects. */
export const shipped = async (file: string): Promise<KubernetesObject[]> =>
  loadAllYaml(await readFile(new URL(`../../deploy/kubernetes/${file}`, import.meta.url), 'utf8'));

const connect = (kubeconfig: string): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return config;
};

/** A kubeconfig with a token of a service account. */
export const kubeconfigOf = async (
  adminConfig: string,
  account: { namespace: string; name: string },
): Promise<string> => {
  const { CoreV1Api } = await import('@kubernetes/client-node');
  const admin = connect(adminConfig);
  const { status } = await admin.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    ...account,
    body: { spec: { audiences: [], expirationSeconds: 7200 } },
  });
  const cluster = admin.getCurrentCluster();
  const path = join(await mkdtemp(join(tmpdir(), 'provisor-kubeconfig-')), account.name);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: cluster?.server, 'certificate-authority': cluster?.caFile } }],
    users: [{ name: 'us', user: { token: status?.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'us' } }],
    'current-context': 'test',
  };
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  return path;
};

export const openCluster = async ({ own = false }: { own?: boolean } = {}): Promise<Cluster> => {
  const given = own ? undefined : process.env[planeVariable];
  const plane = given ? undefined : await startControlPlane();
  try {
    const adminConfig = given ?? plane!.kubeconfig;
    await applyAll(adminConfig, await shipped('rbac.yaml'));
    const admin = KubernetesObjectApi.makeApiClient(connect(adminConfig));
    return {
      admin,
      adminConfig,
      config: await kubeconfigOf(adminConfig, { namespace: 'provisor', name: 'provisor' }),
      ...(plane ? { plane } : {}),
      apply: (...objects) => applyAll(adminConfig, objects),
      read: async <T>(apiVersion: string, kind: string, name: string, namespace?: string) => {
        try {
          const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
          return (await admin.read({ apiVersion, kind, metadata })) as unknown as T;
        } catch (error) {
          if ((error as { code?: number }).code === 404) return null;
          throw error;
        }
      },
      stop: async () => plane?.stop(),
    };
  } catch (error) {
    await plane?.stop();
    throw error;
  }
};

/** What the adapter is told in tests; the defaults of the configuration but for the time to wait. */
export const computeOptions = (
  config: string,
  more: Partial<KubernetesComputeOptions> = {},
): KubernetesComputeOptions => ({
  config,
  managedBy: 'provisor',
  storageClass,
  backups: 'auto',
  copies: 10,
  ingressNamespace: 'ingress-nginx',
  clusterDomain: 'cluster.local',
  wordpressImage: 'wordpress:6.8-php8.3-apache',
  databaseImage: 'mariadb:11.4',
  cliImage: 'wordpress:cli-php8.3',
  copyImage: 'mariadb:11.4',
  cpuPerGib: 500,
  startMs: 60_000,
  tenantRole: 'provisor-tenant-admin',
  ...more,
});

export const computeOf = (config: string, more: Partial<KubernetesComputeOptions> = {}) =>
  createKubernetesCompute(computeOptions(config, more));

/** A name that no other test uses: the cluster is shared, and outlives a file. */
export const newSiteName = (): string => `svc-${randomBytes(8).toString('hex')}`;
