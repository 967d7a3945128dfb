/** What a site costs on a cluster: seconds, and requests to the API server, with 100 of them and 8 workers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createKubernetesCompute } from '../../src/adapters/compute/kubernetes/index.ts';
import { newServiceId, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { type Cluster, computeOptions, openCluster, operatorSettings } from '../support/kubernetes.ts';

const sites = 100;
const database = databases.at(-1)!;

describe(`${sites} sites on Kubernetes, on ${database.name}`, () => {
  let cluster: Cluster;
  let app: TestApp;
  const changes: string[] = [];
  const reads: string[] = [];
  /** Looks at a site that is becoming ready: the longer that takes, the more of them there are. */
  const waits: string[] = [];
  before(async () => {
    cluster = await openCluster();
    const environment = operatorSettings(cluster.config);
    const managedBy = environment.PROVISOR_KUBERNETES_MANAGED_BY!;
    const sending = (method: string, url: string) => {
      const kind = method !== 'GET' ? changes : /\/(deployments|pods)\b/.test(url) ? waits : reads;
      kind.push(/\/namespaces\/(svc-[a-z0-9]+)/.exec(url)?.[1] ?? '');
    };
    app = await startApp(database, {
      environment: { ...environment, PROVISOR_WORKERS: '8', PROVISOR_PRIVATE_IPS: '10.0.0.1-10.0.9.254' },
      replacements: {
        adapters: (configured) => ({
          ...configured,
          compute: createKubernetesCompute(computeOptions(cluster.config, { managedBy, watcher: { sending } })),
        }),
      },
    });
  });
  after(async () => {
    await app?.stop();
    await cluster?.stop();
  });

  it('need no more requests each the more there are', async (t) => {
    const began = performance.now();
    const accepted = await Promise.all(
      Array.from({ length: sites }, async () => {
        const wish = { service_id: newServiceId(), email: 'many@example.com', plan: 'basic' };
        const { body } = await app.panel.call('POST', '/v1/sites', wish);
        return body.operation.id as string;
      }),
    );
    for (const id of accepted) {
      for (let state = 'queued'; state !== 'done'; ) {
        state = (await app.panel.call('GET', `/v1/operations/${id}?wait=25`)).body.state;
        assert.ok(state !== 'failed' && state !== 'stuck', state);
      }
    }
    const seconds = (performance.now() - began) / 1000;
    /** Requests of each site, in the order in which the sites were begun. */
    const counted = (of: string[]) => {
      const bySite = new Map<string, number>();
      for (const name of of) if (name !== '') bySite.set(name, (bySite.get(name) ?? 0) + 1);
      return [...bySite.values()];
    };
    const mean = (figures: number[]) => figures.reduce((sum, each) => sum + each, 0) / figures.length;
    const tenth = sites / 10;
    const told = [
      { what: 'that change something', each: counted(changes) },
      { what: 'that look', each: counted(reads) },
      { what: 'that wait for the pod', each: counted(waits) },
    ].map(({ what, each }) => ({
      what,
      made: each.length,
      all: mean(each),
      first: mean(each.slice(0, tenth)),
      last: mean(each.slice(-tenth)),
    }));
    const inWords = told.map(
      ({ what, all, first, last }) =>
        `${all.toFixed(1)} ${what} (${first.toFixed(1)} of the first ${tenth}, ${last.toFixed(1)} of the last)`,
    );
    t.diagnostic(
      `${sites} sites with 8 workers in ${seconds.toFixed(1)} s, ${(seconds / sites).toFixed(2)} s a site; requests a site: ${inWords.join(', ')}`,
    );
    const [changed, looked] = told;
    assert.equal(changed?.made, sites);
    // A loaded machine waits longer and looks more often; all else is the same for every site.
    for (const figures of [changed, looked]) assert.ok(figures!.last <= figures!.first + 0.5, figures?.what);
  });
});
