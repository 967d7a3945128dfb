/** A cluster for a test file: the run's own, or one that is started for it; and Provisor's rights in it, as they are shipped. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
} from '@kubernetes/client-node';
import { createKubernetesCompute, type KubernetesComputeOptions } from '../../src/adapters/compute/kubernetes/index.ts';
import { longestAnswerMs } from '../../src/http/server.ts';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { SiteSpec } from '../../src/ports/compute.ts';
import { drainMs } from '../../src/serve.ts';
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
  /** What is on the wire, past the client and its types. */
  // biome-ignore lint/suspicious/noExplicitAny: compared field by field
  raw(path: string): Promise<any>;
  /** Waits until it is gone. */
  removeNamespace(name: string): Promise<void>;
  /** A kubeconfig that leads to a port where nobody listens. */
  configOfNowhere(): Promise<string>;
  stop(): Promise<void>;
}

/** The token in a kubeconfig of ours: what may be told nowhere. */
export const tokenOf = (kubeconfig: string): string => connect(kubeconfig).getCurrentUser()?.token ?? '';

const getRaw = (config: KubeConfig, path: string): Promise<unknown> => {
  const cluster = config.getCurrentCluster();
  return new Promise((resolve, reject) => {
    const ca = readFileSync(cluster?.caFile ?? '');
    const headers = { authorization: `Bearer ${config.getCurrentUser()?.token}` };
    get(`${cluster?.server}${path}`, { agent: false, ca, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(JSON.parse(body)));
    }).on('error', reject);
  });
};

/** Files under deploy/kubernetes as objects. */
export const shipped = async (file: string): Promise<KubernetesObject[]> =>
  loadAllYaml(await readFile(new URL(`../../deploy/kubernetes/${file}`, import.meta.url), 'utf8'));

/** That a pod is given as long to end as Provisor takes at the most, and a little more to close what it has open. */
export const assertTimeToEnd = (
  pod: { terminationGracePeriodSeconds?: number | undefined } | undefined,
  lingerSeconds: string | undefined,
): void => {
  const { terminationGracePeriodSeconds: given = 0 } = pod ?? {};
  const most = Math.max(Number(lingerSeconds) * 1000 + longestAnswerMs, drainMs) / 1000;
  assert.ok(given >= most + 15, `${given} s for what may take ${most} s with ${lingerSeconds} s of lingering`);
};

export const connect = (kubeconfig: string): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return config;
};

const writeKubeconfig = async (cluster: { server?: string; caFile?: string }, token: string): Promise<string> => {
  const path = join(await mkdtemp(join(tmpdir(), 'provisor-kubeconfig-')), 'config');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: cluster.server, 'certificate-authority': cluster.caFile } }],
    users: [{ name: 'us', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'us' } }],
    'current-context': 'test',
  };
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  return path;
};

/** A kubeconfig with a token of a service account. */
export const kubeconfigOf = async (
  adminConfig: string,
  account: { namespace: string; name: string },
): Promise<string> => {
  const admin = connect(adminConfig);
  const { status } = await admin.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    ...account,
    body: { spec: { audiences: [], expirationSeconds: 7200 } },
  });
  return writeKubeconfig(admin.getCurrentCluster() ?? {}, status?.token ?? '');
};

export const openCluster = async ({ own = false }: { own?: boolean } = {}): Promise<Cluster> => {
  const given = own ? undefined : process.env[planeVariable];
  const plane = given ? undefined : await startControlPlane();
  try {
    const adminConfig = given ?? plane!.kubeconfig;
    await applyAll(adminConfig, await shipped('rbac.yaml'));
    const config = await kubeconfigOf(adminConfig, { namespace: 'provisor', name: 'provisor' });
    const admin = KubernetesObjectApi.makeApiClient(connect(adminConfig));
    return {
      admin,
      adminConfig,
      config,
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
      raw: (path) => getRaw(connect(adminConfig), path),
      removeNamespace: async (name) => {
        const core = connect(adminConfig).makeApiClient(CoreV1Api);
        await core.deleteNamespace({ name });
        const isThere = () => core.readNamespace({ name }).then(Boolean, () => false);
        while (await isThere()) await wait(50);
      },
      configOfNowhere: async () => {
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as { port: number };
        await new Promise((resolve) => server.close(resolve));
        const { caFile = '' } = connect(adminConfig).getCurrentCluster() ?? {};
        return writeKubeconfig({ server: `https://127.0.0.1:${port}`, caFile }, tokenOf(config));
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

let installations = 0;

/** The environment of an operator whose sites and routes are in the cluster; an installation of its own each time. */
export const operatorSettings = (config: string): Record<string, string> => {
  const installation = `provisor-${process.pid}-${++installations}`;
  return {
    PROVISOR_COMPUTE: 'kubernetes',
    PROVISOR_PROXY: 'ingress',
    PROVISOR_SITE_DOMAIN: `${installation}.test`,
    PROVISOR_KUBERNETES_CONFIG: config,
    PROVISOR_KUBERNETES_MANAGED_BY: installation,
  };
};

/** A site of that name as it may be wished for. */
export const siteSpec = (name: string, more: Partial<SiteSpec> = {}): SiteSpec => ({
  name,
  owner: { panel: 'panel-1', service: name.toUpperCase() },
  hostname: `${name}.sites.test`,
  plan: 'basic',
  email: 'owner@example.com',
  resources: { memoryMb: 2048, diskMb: 20480 },
  network: { vmid: 100, privateIp: '10.0.0.1' },
  ...more,
});

export const fails = (kind: ProviderErrorKind, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ProviderError, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, text);
  return true;
};

/** A name that no other test uses: the cluster is shared, and outlives a file. */
export const newSiteName = (): string => `svc-${randomBytes(8).toString('hex')}`;
