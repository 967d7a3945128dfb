/**
 * A process that dies between two requests to the cluster. It goes on with what the
 * one before it left, holds the world against the rows, and then begins its own
 * scenario. It is told what to do by its argument and answers in lines of JSON.
 */
import { writeSync } from 'node:fs';
import { createKubernetesCompute } from '../../src/adapters/compute/kubernetes/index.ts';
import { createIngressProxy } from '../../src/adapters/proxy/ingress/index.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { serve } from '../../src/serve.ts';
import { allEnded, prepare, scenarios } from '../faults/scenarios.ts';
import { quiet } from '../support/app.ts';
import { computeOptions } from '../support/kubernetes.ts';
import { die, victimConfig } from '../support/victim.ts';
import { findFaults } from '../support/world.ts';

export interface Order {
  dataDir: string;
  databaseUrl: string;
  environment: Record<string, string>;
  /** What to begin once the world is checked; null to end then. */
  scenario: string | null;
  /** Die before this request of those that change something; null to send them all and tell them. */
  dieAt: number | null;
}

export interface Told {
  /** What is wrong with the world that the process before left behind, once this one has gone on with it. */
  faults?: string[];
  /** The requests that were sent, when none was to be died at. */
  sent?: string[];
}

const tell = (told: Told) => writeSync(1, `${JSON.stringify(told)}\n`);

const run = async (order: Order): Promise<void> => {
  let armed = false;
  const sent: string[] = [];
  const sending = (method: string, url: string) => {
    if (!armed || method === 'GET') return;
    sent.push(`${method} ${new URL(url).pathname}`);
    if (sent.length - 1 !== order.dieAt) return;
    die();
  };
  const config = victimConfig(order, order.environment);
  const cluster = order.environment.PROVISOR_KUBERNETES_CONFIG ?? '';
  const managedBy = order.environment.PROVISOR_KUBERNETES_MANAGED_BY ?? '';
  const serving = await serve(config, quiet, {
    timing: {
      leaseMs: 1_500,
      beatMs: 300,
      graceMs: 300,
      marginMs: 50,
      pollMs: 20,
      backoffMs: { first: 50, last: 200 },
    },
    adapters: (configured) => ({
      ...configured,
      compute: createKubernetesCompute(computeOptions(cluster, { managedBy, watcher: { sending } })),
      proxy: createIngressProxy({
        config: cluster,
        managedBy,
        clusterDomain: 'cluster.local',
        namespace: 'provisor-routes',
        ingressClass: 'nginx',
        pagesHost: 'pages.provisor.svc.cluster.local',
        pagePorts: { suspended: 8081, stopped: 8082 },
        watcher: { sending },
      }),
    }),
  });
  const { provisor } = serving;
  const panel =
    (await provisor.panels.list()).find((each) => each.name === 'faults') ?? (await provisor.panels.create('faults'));
  const caller: Caller = { panelId: panel.id, actor: 'faults', requestId: null };
  await allEnded(provisor, caller);
  tell({ faults: await findFaults(provisor) });
  if (order.scenario !== null) {
    const scenario = scenarios[order.scenario]!;
    const serviceId = await prepare(provisor, caller, scenario);
    armed = true;
    await scenario.act(provisor, caller, serviceId, Promise.resolve());
    await allEnded(provisor, caller);
    tell({ sent });
  }
  await serving.stop();
  process.exit(0);
};

if (import.meta.main) await run(JSON.parse(process.argv[2] ?? '{}') as Order);
