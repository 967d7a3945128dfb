import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newId } from '../../src/kit/ids.ts';
import type { Route } from '../../src/ports/proxy.ts';
import { activeSite, startApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';

for (const database of databases) {
  describe(`the sweep on ${database.name}`, () => {
    it('removes only what two sweeps saw, far enough apart, and only when it is asked to', async () => {
      let offset = 0;
      const app = await startApp(database, { replacements: { clockOffset: () => offset } });
      try {
        const { sweep, operations, providers } = app.serving.provisor;
        // Of each call: a namespace takes its time to go.
        const signal = () => AbortSignal.timeout(60_000);
        const site = await activeSite(app.panel);
        assert.deepEqual(await sweep({ remove: true }), { orphans: [], missing: [], uncertain: 0 });

        // What a lost row leaves behind: a workload and a route that have names of ours.
        const stray = `svc-${newId().toLowerCase()}`;
        const owner = { panel: app.panel.panelId, service: newId() };
        await providers.compute.create(
          {
            name: stray,
            owner,
            hostname: `stray.${app.siteDomain}`,
            plan: 'basic',
            email: 'x@example.com',
            resources: { memoryMb: 64, diskMb: 64 },
            network: { vmid: 9, privateIp: '10.0.0.9' },
          },
          signal(),
        );
        const route = {
          hostnames: [`stray.${app.siteDomain}`],
          upstream: providers.compute.upstream({ name: stray, vmid: 9 }),
          page: 'site',
          enabled: true,
          redirectHttps: false,
          tls: 'off',
        } satisfies Omit<Route, 'id'>;
        await providers.proxy.putRoute({ ...route, id: stray }, signal());
        await providers.proxy.putRoute({ ...route, id: 'not-ours', hostnames: [`other.${app.siteDomain}`] }, signal());

        const verdicts = async (remove: boolean) =>
          (await sweep({ remove })).orphans.map(({ kind, name, verdict }) => [kind, name, verdict]);
        const both = (verdict: string) => [
          ['compute', stray, verdict],
          ['route', stray, verdict],
        ];
        assert.deepEqual(await verdicts(true), both('seen for the first time'));
        assert.deepEqual(await verdicts(true), both('too young'));
        offset += operations.orphanAgeMs;
        assert.deepEqual(await verdicts(false), both('can be removed'));
        assert.equal((await app.madeSites()).length, 2);
        assert.deepEqual(await verdicts(true), both('removed'));
        assert.deepEqual(await verdicts(true), []);
        assert.equal((await app.madeSites()).length, 1);
        assert.ok(await providers.proxy.getRoute('not-ours', signal()));
        assert.equal((await app.visit(site.hostname)).status, 200);

        // A row without its object is told, and left to people.
        const [name = ''] = await app.madeSites();
        await providers.compute.destroy({ name, vmid: 0 }, signal());
        const { missing } = await sweep({ remove: true });
        assert.deepEqual(
          missing.map((each) => [each.kind, each.name, each.serviceId]),
          [['compute', name, site.service_id]],
        );
      } finally {
        await app.stop();
      }
    });
  });
}
