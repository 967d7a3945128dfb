import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import { newId } from '../../src/kit/ids.ts';
import { expectProblem } from '../support/answers.ts';
import { activeSite, startApp, type TestApp, waiting } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { localOnly } from '../support/sites-elsewhere.ts';

for (const database of databases) {
  describe(`backups on ${database.name}`, () => {
    let app: TestApp;
    let compute: Breakable;
    let offset = 0;
    before(async () => {
      app = await startApp(database, {
        // In Auckland it is already tomorrow for half of the day.
        environment: { PROVISOR_TIME_ZONE: 'Pacific/Auckland' },
        replacements: {
          clockOffset: () => offset,
          adapters: (configured) => {
            compute = breakable(configured.compute);
            return { ...configured, compute: compute.adapter };
          },
        },
      });
    });
    after(() => app.stop());

    const make = (serviceId: string, body: object = {}, key = newId()) =>
      app.panel.call('POST', `/v1/sites/${serviceId}/backups`, body, { ...waiting, 'Idempotency-Key': key });
    const list = async (serviceId: string) => (await app.panel.call('GET', `/v1/sites/${serviceId}/backups`)).body;
    const names = async (serviceId: string) => (await list(serviceId)).data.map((each: { name: string }) => each.name);
    const today = () =>
      new Intl.DateTimeFormat('en-GB', {
        timeZone: 'Pacific/Auckland',
        day: '2-digit',
        month: '2-digit',
        year: 'numeric',
      })
        .format(Date.now() + offset)
        .replaceAll('/', '');
    const page = async (serviceId: string): Promise<string> => {
      const row = await app.serving.provisor.db.knex('services').where({ service_id: serviceId }).first('id');
      return join(app.dataDir, 'sites', `svc-${String(row.id).toLowerCase()}`, 'www', 'mine.txt');
    };

    it('are named by the day of the operator, counted by the plan, and never get a name twice', async () => {
      const { service_id: id } = await activeSite(app.panel);
      const first = await make(id);
      assert.equal(first.status, 201, first.text);
      assert.equal(first.body.name, `BAK${today()}-1`);
      assert.equal(first.body.state, 'ready');
      assert.equal((await make(id)).body.name, `BAK${today()}-2`);
      const full = await make(id);
      assert.equal(full.status, 409);
      assert.equal(full.body.error, 'Backups quota exceeded: 2 of 2 used');
      assert.deepEqual(full.body.details, { resource: 'backups', used: 2, limit: 2 });
      assert.deepEqual((await list(id)).quota, { used: 2, limit: 2 });

      const gone = await app.panel.call('DELETE', `/v1/sites/${id}/backups/BAK${today()}-2`, undefined, waiting);
      assert.deepEqual([gone.status, gone.body.state], [200, 'deleted']);
      assert.equal((await app.panel.call('DELETE', `/v1/sites/${id}/backups/BAK${today()}-2`)).status, 404);
      assert.equal((await make(id)).body.name, `BAK${today()}-3`);
      assert.deepEqual(await names(id), [`BAK${today()}-3`, `BAK${today()}-1`]);

      offset += 86_400_000;
      const replaced = await make(id, { when_full: 'replace_oldest' });
      assert.equal(replaced.body.name, `BAK${today()}-1`);
      const left = await list(id);
      assert.deepEqual(left.quota, { used: 2, limit: 2 });
      assert.equal(left.data.length, 2);
      assert.equal(left.data[0].name, `BAK${today()}-1`);
      assert.ok((await app.panel.call('POST', `/v1/sites/${id}/upgrade`, { plan: 'premium' }, waiting)).status === 200);
      await make(id);
      const small = await app.panel.call('POST', `/v1/sites/${id}/upgrade`, { plan: 'basic' });
      assert.equal(small.body.code, 'plan_too_small');
      assert.match(small.body.error, /3 backups \(2 granted\)/);
    });

    it('need a key for each wish, and are made once for each key', async () => {
      const { service_id: id } = await activeSite(app.panel);
      assert.equal((await app.panel.call('POST', `/v1/sites/${id}/backups`, {})).status, 400);
      const key = newId();
      const [one, two] = [await make(id, {}, key), await make(id, {}, key)];
      assert.deepEqual(two.body, one.body);
      assert.equal((await names(id)).length, 1);
    });

    it('are told with their size', localOnly('a cluster does not tell how much a snapshot holds'), async () => {
      const { service_id: id } = await activeSite(app.panel);
      await make(id);
      const { data } = await list(id);
      assert.ok(data.length === 1 && data[0].bytes > 0, JSON.stringify(data));
    });

    it(
      'put the data back whole, and keep what was replaced as the safety copy',
      localOnly('it writes into the folder of the site'),
      async () => {
        const { service_id: id, hostname } = await activeSite(app.panel);
        const file = await page(id);
        await writeFile(file, 'before');
        const { name } = (await make(id)).body;
        await writeFile(file, 'after');
        const back = await app.panel.call('POST', `/v1/sites/${id}/backups/${name}/rollback`, {}, waiting);
        assert.equal(back.status, 200, back.text);
        assert.match(back.body.operation.message, /safety/);
        assert.equal(await readFile(file, 'utf8'), 'before');
        assert.equal((await app.visit(hostname, '/mine.txt')).body, 'before');
        await app.panel.call('POST', `/v1/sites/${id}/backups/safety/rollback`, {}, waiting);
        assert.equal(await readFile(file, 'utf8'), 'after');
        assert.equal(
          (await app.panel.call('POST', `/v1/sites/${id}/backups/initial/rollback`, {}, waiting)).status,
          200,
        );
        await assert.rejects(readFile(file), /ENOENT/);
        assert.equal((await list(id)).quota.used, 1);
        const old = await app.panel.call('POST', '/action/rollback', { service_id: id, bak: name });
        assert.equal(old.body.success, true, old.text);
        assert.equal(await readFile(file, 'utf8'), 'before');
      },
    );

    it(
      'that are gone at the provider cost a site neither its visitors nor its safety copy',
      localOnly('it writes into the folder of the site'),
      async () => {
        const { service_id: id } = await activeSite(app.panel);
        const back = (name: string) => app.panel.call('POST', `/v1/sites/${id}/backups/${name}/rollback`, {}, waiting);
        const operations = async () => (await app.panel.call('GET', `/v1/sites/${id}/operations`)).body.data.length;
        expectProblem(await back('safety'), 404, 'not_found');
        await writeFile(await page(id), 'kept aside');
        const { name } = (await make(id)).body;
        assert.equal((await back('initial')).status, 200);
        const before = await operations();

        const row = await app.serving.provisor.db.knex('services').where({ service_id: id }).first('id');
        const ref = { name: `svc-${String(row.id).toLowerCase()}`, vmid: 0 };
        await app.serving.provisor.providers.compute.deleteSnapshot(ref, name, AbortSignal.timeout(10_000));
        expectProblem(await back(name), 404, 'not_found');
        assert.equal(await operations(), before);
        // Where the provider was silent when it was asked for, the operation looks again, before it touches anything.
        let asked = 0;
        compute.before('listSnapshots', async () => {
          asked += 1;
          if (asked === 1) throw new ProviderError('compute/local', 'unavailable', 'not now');
        });
        try {
          expectProblem(await back(name), 409, 'operation_failed');
        } finally {
          compute.before('listSnapshots', null);
        }
        assert.equal((await back('safety')).status, 200);
        assert.equal(await readFile(await page(id), 'utf8'), 'kept aside');
      },
    );
    it('are gone back to, and from, and count as before', async () => {
      const { service_id: id, hostname } = await activeSite(app.panel);
      const { name } = (await make(id)).body;
      for (const wished of [name, 'safety', 'initial']) {
        const back = await app.panel.call('POST', `/v1/sites/${id}/backups/${wished}/rollback`, {}, waiting);
        assert.equal(back.status, 200, back.text);
        assert.match(back.body.operation.message, /safety/);
        assert.equal((await app.visit(hostname)).status, 200);
      }
      assert.equal((await list(id)).quota.used, 1);
      const old = await app.panel.call('POST', '/action/rollback', { service_id: id, bak: name });
      assert.equal(old.body.success, true, old.text);
    });

    it('of which the reset point and the safety copy are protected, and what is not there is not found', async () => {
      const { service_id: id } = await activeSite(app.panel);
      for (const name of ['initial', 'safety']) {
        assert.equal((await app.panel.call('DELETE', `/v1/sites/${id}/backups/${name}`)).body.code, 'backup_protected');
      }
      for (const name of ['BAK01012020-1', 'BAK01012020-99']) {
        assert.equal((await app.panel.call('POST', `/v1/sites/${id}/backups/${name}/rollback`)).status, 404);
      }
      assert.equal((await app.panel.call('POST', `/v1/sites/${id}/backups/..%2F..%2Fetc/rollback`)).status, 400);
      await app.panel.call('POST', `/v1/sites/${id}/suspend`, {}, waiting);
      assert.equal((await make(id)).body.code, 'service_suspended');
      assert.equal(
        (await app.panel.call('POST', `/v1/sites/${id}/backups/initial/rollback`)).body.code,
        'service_suspended',
      );
    });

    it('of which 16 are wished for at once on a plan of two are two, and nothing else is left', async () => {
      const { service_id: id } = await activeSite(app.panel);
      const persist = async () => {
        for (;;) {
          const answer = await make(id);
          if (answer.body.code !== 'operation_in_progress') return answer;
        }
      };
      const answers = await Promise.all(Array.from({ length: 16 }, persist));
      assert.equal(answers.filter((answer) => answer.status === 201).length, 2);
      for (const answer of answers)
        if (answer.status !== 201) assert.equal(answer.body.code, 'quota_exceeded', answer.text);
      assert.deepEqual((await list(id)).quota, { used: 2, limit: 2 });
      assert.equal((await names(id)).length, 2);
    });

    it('that fail give back their unit and leave nothing', async () => {
      const { service_id: id } = await activeSite(app.panel);
      compute.before('createSnapshot', async () => {
        throw new ProviderError('compute/local', 'invalid', 'no room');
      });
      assert.equal((await make(id)).body.code, 'operation_failed');
      compute.before('createSnapshot', null);
      assert.deepEqual(await list(id), { data: [], quota: { used: 0, limit: 2 }, verified: true });
    });

    it('are held against what the provider has, and shown as last known when it does not answer', async () => {
      const before = await app.madeSites();
      const { service_id: id } = await activeSite(app.panel);
      await make(id);
      const [name = ''] = await names(id);
      const [site = ''] = (await app.madeSites()).filter((each) => !before.includes(each));
      await compute.adapter.port.deleteSnapshot({ name: site, vmid: 0 }, name, AbortSignal.timeout(30_000));
      assert.equal((await list(id)).data[0].state, 'missing');
      compute.before('listSnapshots', async () => {
        throw new ProviderError('compute/local', 'unavailable', 'down');
      });
      const unverified = await list(id);
      assert.deepEqual(
        [unverified.verified, unverified.data[0].state, unverified.data[0].bytes],
        [false, 'ready', null],
      );
      compute.before('listSnapshots', null);
    });

    it('go with their site', async () => {
      const { service_id: id } = await activeSite(app.panel);
      await make(id);
      await app.panel.call('DELETE', `/v1/sites/${id}`, undefined, waiting);
      assert.deepEqual(await list(id), { data: [], quota: { used: 0, limit: 0 }, verified: true });
    });

    it('answer existing clients as they expect', async () => {
      const { service_id } = await activeSite(app.panel);
      const post = (path: string, body: object = {}) => app.panel.call('POST', path, { service_id, ...body });
      const success = { success: true, service_id };
      assert.deepEqual((await app.panel.call('GET', `/action/getbak?service_id=${service_id}`)).body, {
        ...success,
        backups: [],
        quota: '0/2',
      });
      const bak = `BAK${today()}-1`;
      assert.deepEqual((await post('/action/mkbak')).body, { ...success, backups: [bak], quota: '1/2' });
      assert.deepEqual((await post('/action/rollback', { bak })).body, { ...success, backups: [bak], quota: '1/2' });
      assert.deepEqual((await post('/action/delbak', { bak })).body, { ...success, backups: [], quota: '0/2' });
      assert.equal((await post('/action/delbak', { bak })).status, 404);
      await post('/action/mkbak');
      await post('/action/mkbak');
      const full = await post('/action/mkbak');
      assert.deepEqual([full.status, full.body.error], [409, 'Backups quota exceeded: 2 of 2 used']);
      await post('/suspend');
      assert.equal((await post('/action/mkbak')).status, 401);
    });
  });

  describe(`the switch of the way to a site, on ${database.name}`, () => {
    it('keeps visitors out until it is turned on again, whatever else is done', async () => {
      const app = await startApp(database);
      const { service_id, hostname } = await activeSite(app.panel);
      const path = `/v1/sites/${service_id}`;
      const off = await app.panel.call('POST', `${path}/proxy`, { enabled: false }, waiting);
      assert.deepEqual([off.status, off.body.proxy_enabled], [200, false]);
      assert.equal((await app.visit(hostname)).status, 404);
      for (const call of ['/suspend', '/unsuspend', '/actions/stop', '/actions/start', '/actions/reset']) {
        assert.equal((await app.panel.call('POST', `${path}${call}`, {}, waiting)).status, 200, call);
        assert.equal((await app.visit(hostname)).status, 404, call);
      }
      const toggle = () => app.panel.call('POST', '/action/toggle', { service_id }, waiting);
      assert.deepEqual((await toggle()).body, { success: true, service_id, enabled: true });
      await app.panel
        .call('GET', `${path}/operations`)
        .then(({ body }) => app.panel.call('GET', `/v1/operations/${body.data[0].id}?wait=20`));
      assert.equal((await app.visit(hostname)).status, 200);
      assert.equal((await app.panel.call('POST', `${path}/proxy`, {})).status, 400);
      await app.panel.call('POST', `${path}/suspend`, {}, waiting);
      assert.equal((await app.panel.call('POST', `${path}/proxy`, { enabled: true })).body.code, 'service_suspended');
      assert.equal((await toggle()).status, 401);
      await app.stop();
    });
  });
}
