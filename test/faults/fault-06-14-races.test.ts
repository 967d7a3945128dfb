/** Faults 6 to 10 and 14: everybody at once, and what is not ours. The others are in files named after them, or in test/api and test/restart.test.ts. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ProviderError } from '../../src/kit/errors.ts';
import { readQuotas, returnQuota, takeQuota } from '../../src/operations/quota.ts';
import { newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { startEngine, testOperation } from '../support/engine.ts';
import { findFaults } from '../support/world.ts';
import { report } from './report.ts';

const migrating = fileURLToPath(new URL('./migrating.ts', import.meta.url));

const runMigration = (url: string, dieAfter = ''): Promise<'done' | 'killed'> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [migrating, url, dieAfter], { timeout: 60_000 }, (error, _stdout, stderr) => {
      if (!error) resolve('done');
      else if (error.signal === 'SIGKILL' && !error.killed) resolve('killed');
      else reject(new Error(stderr || error.message));
    });
  });

for (const database of databases) {
  describe(`faults 6 to 10, everybody at once, on ${database.name}`, () => {
    it('6: of 64 that take a unit at once, exactly the limit gets one, and refunds are exact', async () => {
      const refused = testOperation([
        {
          name: 'refused',
          run: async () => {
            throw new ProviderError('test/x', 'invalid', 'no');
          },
        },
      ]);
      const engine = await startEngine(database, [refused]);
      const { db } = engine.database;
      for (const limit of [0, 1, 3, 10]) {
        const service = await engine.newService({ things: limit });
        const take = () => db.transaction((tx) => takeQuota(tx, service, 'things'));
        const taken = await Promise.allSettled(Array.from({ length: 64 }, take));
        assert.equal(taken.filter((each) => each.status === 'fulfilled').length, limit);
        const give = () => db.transaction((tx) => returnQuota(tx, service, 'things'));
        await Promise.all(Array.from({ length: limit }, give));
        // Forty that take and give back in turns leave nothing behind.
        await Promise.allSettled(
          Array.from({ length: 40 }, async () => {
            await take();
            await give();
          }),
        );
        assert.deepEqual(await readQuotas(db.knex, service), [{ resource: 'things', used: 0, limit }]);
      }
      const services = await Promise.all(Array.from({ length: 16 }, () => engine.newService({ things: 2 })));
      const operations = await Promise.all(
        services.map((service) => engine.submit(refused, service, { holds: { things: 2 } })),
      );
      for (const { id } of operations) assert.equal((await engine.operations.waitForRest(id, 10_000))?.state, 'failed');
      for (const service of services) assert.equal((await readQuotas(db.knex, service))[0]?.used, 0);
      report({ fault: 6, name: 'units taken at once at a limit, and given back', cases: 4 * 64 + 16 });
      await engine.stop();
    });

    it('7, 8, 9: equal creates, differing calls and a deletion, all at once on one service', async () => {
      const app = await startApp(database);
      const serviceId = newServiceId();
      const wish = { service_id: serviceId, email: 'crowd@example.com', plan: 'basic' };
      const creates = await Promise.all(Array.from({ length: 50 }, () => app.panel.call('POST', '/v1/sites', wish)));
      assert.equal(new Set(creates.map((answer) => answer.body.operation.id)).size, 1);
      assert.equal((await app.panel.call('POST', '/v1/sites', { ...wish, plan: 'premium' })).status, 409);
      await app.serving.provisor.operations.waitForRest(creates[0]!.body.operation.id, 10_000);

      const path = `/v1/sites/${serviceId}`;
      const calls = ['/suspend', '/actions/stop', '/actions/restart', '/actions/reset', '/upgrade'];
      for (let round = 0; round < 10; round += 1) {
        const answers = await Promise.all(
          calls.map((call) =>
            app.panel.call(
              'POST',
              `${path}${call}`,
              call === '/upgrade' ? { plan: round % 2 ? 'basic' : 'premium' } : {},
            ),
          ),
        );
        const ids = new Set(
          answers.filter((answer) => answer.status === 202).map((answer) => answer.body.operation.id),
        );
        for (const answer of answers) {
          if (answer.status !== 202)
            assert.ok(['operation_in_progress', 'service_suspended'].includes(answer.body.code), answer.text);
        }
        const { knex } = app.serving.provisor.db;
        for (const id of ids) await app.serving.provisor.operations.waitForRest(id, 10_000);
        assert.ok((await knex('operations').whereNotNull('active_key')).length === 0);
        await app.panel.call('POST', `${path}/unsuspend`, {}, waiting);
      }
      // One after the other, by the times that the database wrote down.
      const rows = await app.serving.provisor.db
        .knex('operations')
        .where({ service_id: serviceId })
        .orderBy('started_at')
        .orderBy('id');
      for (const [n, row] of rows.entries()) {
        const earlier = rows[n - 1];
        if (earlier)
          assert.ok(Number(earlier.finished_at) <= Number(row.started_at), `${earlier.kind} and ${row.kind} overlap`);
      }
      assert.deepEqual(await findFaults(app.serving.provisor), []);
      report({ fault: 7, name: 'equal creates at once are one; a differing one is refused', cases: 51 });
      report({ fault: 8, name: 'differing operations at once on one service: one at a time', cases: 50 });

      let deletions = 0;
      for (let n = 0; n < 20; n += 1) {
        const id = newServiceId();
        const created = app.panel.call('POST', '/v1/sites', {
          service_id: id,
          email: 'short@example.com',
          plan: 'basic',
        });
        if (n % 2) await created;
        let deleted = await app.panel.call('DELETE', `/v1/sites/${id}`, undefined, waiting);
        await created;
        // It may have come before the create; then it is repeated, as panels do.
        if (deleted.status === 404) deleted = await app.panel.call('DELETE', `/v1/sites/${id}`, undefined, waiting);
        assert.equal(deleted.body.state, 'deleted', deleted.text);
        deletions += 1;
      }
      assert.deepEqual(await findFaults(app.serving.provisor), []);
      report({ fault: 9, name: 'terminate during create: deleted, nothing left', cases: deletions });
      await app.stop();
    });

    it('10: killed after every table that is made, then set up by eight at once', async () => {
      const fresh = await database.open({ migrate: false });
      const files = await readdir(new URL('../../migrations/', import.meta.url));
      const sources = await Promise.all(
        files.map((file) => readFile(new URL(`../../migrations/${file}`, import.meta.url), 'utf8')),
      );
      const tables = sources
        .map((source) => /createTable\('(\w+)'/.exec(source)?.[1])
        .filter((table) => table !== undefined);
      assert.ok(tables.length >= 15);
      for (const table of tables) assert.equal(await runMigration(fresh.url, table), 'killed', table);
      await Promise.all(Array.from({ length: 8 }, () => runMigration(fresh.url)));
      const applied = await fresh.db.knex('schema_migrations').pluck('name');
      assert.equal(applied.length, files.length);
      assert.equal(new Set(applied).size, files.length);
      report({ fault: 10, name: 'killed between DDL and its record; eight set up at once', cases: tables.length + 8 });
      await fresh.drop();
    });
  });

  describe(`fault 14, what has our name and is not ours, on ${database.name}`, () => {
    let compute: Breakable;
    /** Makes a site while `meddle` puts something of its own where ours is to be. */
    const createAgainst = async (app: TestApp, meddle: (site: { name: string; hostname: string }) => Promise<void>) => {
      const serviceId = newServiceId();
      compute.before('create', async () => {
        compute.before('create', null);
        const row = await app.serving.provisor.db.knex('services').where({ service_id: serviceId }).first('id');
        const site = await app.panel.call('GET', `/v1/sites/${serviceId}`);
        await meddle({ name: `svc-${String(row.id).toLowerCase()}`, hostname: site.body.hostname });
      });
      const answer = await app.panel.call(
        'POST',
        '/v1/sites',
        { service_id: serviceId, email: 'foreign@example.com', plan: 'basic' },
        waiting,
      );
      assert.equal(answer.status, 409, answer.text);
      assert.equal(answer.body.details.reason, 'provider_refused');
      assert.equal((await app.panel.call('GET', `/v1/sites/${serviceId}`)).body.state, 'failed');
    };

    it('is refused and stays as it was: a directory, a route, a DNS record', async () => {
      const app = await startApp(database, {
        replacements: {
          adapters: (configured) => {
            compute = breakable(configured.compute);
            return { ...configured, compute: compute.adapter };
          },
        },
      });
      const { proxy, dns } = app.serving.provisor.providers;
      const signal = AbortSignal.timeout(30_000);

      let file = '';
      await createAgainst(app, async ({ name }) => {
        await mkdir(join(app.dataDir, 'sites', name), { recursive: true });
        file = join(app.dataDir, 'sites', name, 'precious.txt');
        await writeFile(file, 'not yours');
      });
      assert.equal(await readFile(file, 'utf8'), 'not yours');

      const foreign = {
        id: 'somebody-elses',
        upstream: { scheme: 'http', host: '127.0.0.1', port: 9 },
        page: 'site',
        enabled: true,
        redirectHttps: false,
        tls: 'off',
      } as const;
      let hostname = '';
      await createAgainst(app, async (site) => {
        hostname = site.hostname;
        await proxy.putRoute({ ...foreign, hostnames: [hostname] }, signal);
      });
      assert.deepEqual((await proxy.getRoute('somebody-elses', signal))?.hostnames, [hostname]);

      const record = () =>
        dns.listRRsets('sites.localhost.', signal).then((all) => all.find((each) => each.rdata.includes('192.0.2.9')));
      await createAgainst(app, async (site) => {
        if ((await dns.getZone('sites.localhost.', signal)) === null) {
          await dns.createZone(
            { name: 'sites.localhost.', owner: 'provisor', nameservers: ['ns1.localhost.', 'ns2.localhost.'] },
            signal,
          );
        }
        await dns.applyChanges(
          'sites.localhost.',
          [{ op: 'create', new: { name: `${site.hostname}.`, type: 'A', ttl: 60, rdata: ['192.0.2.9'] } }],
          signal,
        );
      });
      assert.ok(await record());

      // A record that somebody put in the place of ours is not deleted with our site.
      const serviceId = newServiceId();
      const made = await app.panel.call(
        'POST',
        '/v1/sites',
        { service_id: serviceId, email: 'replaced@example.com', plan: 'basic' },
        waiting,
      );
      const name = `${made.body.hostname}.`;
      const ours = (await dns.listRRsets('sites.localhost.', signal)).find((each) => each.name === name)!;
      await dns.applyChanges(
        'sites.localhost.',
        [{ op: 'update', old: ours, new: { ...ours, rdata: ['192.0.2.10'] } }],
        signal,
      );
      assert.equal(
        (await app.panel.call('DELETE', `/v1/sites/${serviceId}`, undefined, waiting)).body.state,
        'deleted',
      );
      assert.ok(
        (await dns.listRRsets('sites.localhost.', signal)).some(
          (each) => each.name === name && each.rdata.includes('192.0.2.10'),
        ),
      );
      report({ fault: 14, name: 'foreign objects with our name: refused, untouched', cases: 4 });
      await app.stop();
    });
  });
}
