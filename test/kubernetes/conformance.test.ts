import { writeFile } from 'node:fs/promises';
import { after, before, describe } from 'node:test';
import type { V1Deployment, V1Namespace, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { amountOf } from '../../src/adapters/compute/kubernetes/quantities.ts';
import { createIngressProxy } from '../../src/adapters/proxy/ingress/index.ts';
import { computeSuite } from '../conformance/compute.suite.ts';
import { proxyConformance } from '../conformance/proxy.suite.ts';
import { type Cluster, computeOf, connect, openCluster, tokenOf } from '../support/kubernetes.ts';
import { startTlsRelay } from '../support/tls-relay.ts';
import { startWay } from '../support/way.ts';

let benches = 0;

describe('what the ports promise, on a real control plane', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await openCluster();
  });
  after(() => cluster?.stop());

  const mebibytesOf = (quantity: string | undefined): number => amountOf(quantity ?? '') / 2 ** 20;

  computeSuite('compute/kubernetes', async () => {
    const managedBy = `conformance-${process.pid}-${++benches}`;
    let count = 0;
    let planned: { left: number; task: () => void } | undefined;
    let losing = false;
    const adapter = computeOf(cluster.config, {
      managedBy,
      watcher: {
        sending: () => {
          count += 1;
          if (planned && --planned.left === 0) planned.task();
        },
        answered: (method) => {
          if (!losing || method === 'GET') return;
          losing = false;
          throw new Error('The connection was reset');
        },
      },
    });
    const away = computeOf(await cluster.configOfNowhere());
    const foreign: string[] = [];
    return {
      port: adapter.port,
      down: async () => ({ port: away.port, secrets: [tokenOf(cluster.config)] }),
      loseNextAnswer: () => {
        losing = true;
      },
      placeForeign: async ({ name }) => {
        await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { of: 'somebody' } } });
        foreign.push(name);
        return async () => {
          const namespace = await cluster.read<V1Namespace>('v1', 'Namespace', name);
          const deployment = await cluster.read<V1Deployment>('apps/v1', 'Deployment', 'site', name);
          return { metadata: namespace?.metadata, deployment };
        };
      },
      requests: {
        count: () => count,
        onNext: (left, task) => {
          planned = { left, task };
        },
      },
      sizeOf: async ({ name }) => {
        const deployment = await cluster.read<V1Deployment>('apps/v1', 'Deployment', 'site', name);
        const claims = await cluster.admin.list<V1PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', name);
        const { containers = [], initContainers = [] } = deployment?.spec?.template.spec ?? {};
        const memory = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')].map(
          ({ resources }) => mebibytesOf(resources?.limits?.memory),
        );
        const data = claims.items.find(({ metadata }) => metadata?.name?.startsWith('data'));
        return {
          memoryMb: memory.reduce((sum, each) => sum + each, 0),
          diskMb: mebibytesOf(data?.spec?.resources?.requests?.storage),
        };
      },
      close: async () => {
        const signal = AbortSignal.timeout(60_000);
        for (const { name } of await adapter.port.list(signal)) await adapter.port.destroy({ name, vmid: 0 }, signal);
        for (const name of foreign) await cluster.removeNamespace(name);
        await adapter.close?.();
        await away.close?.();
      },
    };
  });

  proxyConformance('proxy/ingress', async () => {
    const managedBy = `conformance-${process.pid}-${++benches}`;
    const namespace = 'provisor-routes';
    const settings = {
      config: cluster.config,
      managedBy,
      clusterDomain: 'cluster.local',
      namespace,
      ingressClass: 'nginx',
      pagesHost: 'pages.provisor.svc.cluster.local',
      pagePorts: { suspended: 8081, stopped: 8082 },
    };
    const [adapter, other] = [createIngressProxy(settings), createIngressProxy(settings)];
    const config = connect(cluster.config);
    const { server = '', caFile = '' } = config.getCurrentCluster() ?? {};
    const relay = await startTlsRelay({ url: server, caFile });
    const way = await startWay(relay, (bytes) => /^(POST|PATCH|PUT|DELETE) /.test(bytes.toString('latin1')));
    const { caFile: _none, ...plain } = config.clusters[0]!;
    config.clusters = [{ ...plain, server: `http://127.0.0.1:${way.port}`, skipTLSVerify: true }];
    const overConfig = `${cluster.config}-over-a-way`;
    await writeFile(overConfig, config.exportConfig(), { mode: 0o600 });
    const over = createIngressProxy({ ...settings, config: overConfig });
    const strangers: string[] = [];
    const stranger = async (name: string, host: string) => {
      const http = {
        paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'x', port: { number: 1 } } } }],
      };
      await cluster.apply({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name, namespace },
        spec: { rules: [{ host, http }] },
      } as never);
      strangers.push(name);
    };
    return {
      hostHeaders: true,
      proxy: adapter.port,
      other: other.port,
      dump: async () => {
        const kinds = ['api/v1', 'apis/networking.k8s.io/v1'];
        const paths = ['configmaps', 'services', 'ingresses'];
        const found: string[] = [];
        for (const path of paths) {
          const { items } = await cluster.raw(
            `/${kinds[path === 'ingresses' ? 1 : 0]}/namespaces/${namespace}/${path}`,
          );
          for (const item of items) {
            if (item.metadata.name === 'kube-root-ca.crt') continue;
            const { labels, annotations, name } = item.metadata;
            found.push(JSON.stringify({ path, name, labels, annotations, spec: item.spec, data: item.data }));
          }
        }
        // Other files work in the same namespace; what is theirs has another label.
        return found
          .filter((each) => each.includes(managedBy) || strangers.some((name) => each.includes(`"${name}"`)))
          .sort()
          .join('\n');
      },
      occupy: (id) => stranger(`route-${id}`, 'theirs.stranger.test'),
      claim: (hostname) => stranger('stranger', hostname),
      clearForeign: async () => {
        for (const name of strangers.splice(0)) {
          const metadata = { name, namespace };
          await cluster.admin.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata });
        }
      },
      spoil: async (how) => {
        await way.set(how);
        return { proxy: over.port, swallowed: way.swallowed, mend: () => way.set('open') };
      },
      secrets: [tokenOf(cluster.config)],
      socketDir: null,
      traffic: null,
      stop: async () => {
        await adapter.close?.();
        await other.close?.();
        await over.close?.();
        await way.stop();
        await relay.stop();
      },
    };
  });
});
