import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readDocument } from '../../src/contract/document.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import { type CountingTelemetry, createTelemetry } from '../../src/telemetry/telemetry.ts';
import { expectProblem } from '../support/answers.ts';
import { activeSite, newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { figure, readFigures } from '../support/figures.ts';
import { type CutableApp, startCutableApp } from '../support/outage.ts';

const telemetryFor = () => createTelemetry({ clock: systemClock, version: '0.0.0', standard: false });

for (const database of databases) {
  describe(`The figures, on ${database.name}`, () => {
    let app: TestApp;
    let telemetry: CountingTelemetry;
    let dnsFails = false;

    before(async () => {
      telemetry = await telemetryFor();
      app = await startApp(database, {
        environment: { PROVISOR_METRICS_PORT: '0' },
        replacements: {
          telemetry,
          adapters: (configured) => {
            const { port } = configured.dns;
            const applyChanges: typeof port.applyChanges = async (...all) => {
              if (dnsFails) {
                // Once: taking it back works.
                dnsFails = false;
                throw new ProviderError('dns/local', 'invalid', 'No such record type here');
              }
              return port.applyChanges(...all);
            };
            return { ...configured, dns: { ...configured.dns, port: { ...port, applyChanges } } };
          },
        },
      });
    });
    after(async () => {
      await app.stop();
      await telemetry.close();
    });

    const figures = async () => readFigures(await (await fetch(app.serving.metricsUrl!)).text());

    it('are on a port of their own without a key, and nothing else is', async () => {
      const url = app.serving.metricsUrl!;
      const answer = await fetch(url);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
      assert.equal((await fetch(url.replace('/metrics', '/v1/sites'))).status, 404);
      assert.equal((await fetch(url, { method: 'POST' })).status, 405);
    });

    it('are on the port of the API for a key with the scope, and for no other', async () => {
      const reader = await app.newPanel({ scopes: ['metrics:read'] });
      const answer = await reader.call('GET', '/metrics');
      assert.equal(answer.status, 200);
      assert.equal(figure(readFigures(answer.text), 'provisor_up', { part: 'database' }), 1);
      expectProblem(await reader.call('GET', '/v1/sites'), 403, 'scope_missing');
      const other = await app.newPanel({ scopes: ['sites:read', 'operations:read'] });
      expectProblem(await other.call('GET', '/metrics'), 403, 'scope_missing');
      expectProblem(await app.client('').call('GET', '/metrics'), 401, 'unauthenticated');
    });

    it('count answers by operationId and status, and leave out the time of those who asked to wait', async () => {
      const before = await figures();
      const grew = async (name: string, labels: Record<string, string>) =>
        (figure(await figures(), name, labels) ?? 0) - (figure(before, name, labels) ?? 0);
      await app.panel.call('GET', '/v1/plans');
      await app.panel.call('GET', '/v1/sites/not-there');
      await app.panel.call('GET', '/no/such/address');
      await app.panel.call('POST', '/v1/sites', { service_id: 5 });
      const { operation } = await activeSite(app.panel);
      await app.panel.call('GET', `/v1/operations/${operation.id}?wait=1`);
      const seconds = 'provisor_request_duration_seconds_count';
      assert.equal(await grew('provisor_requests_total', { call: 'listPlans', status: '200' }), 1);
      assert.equal(await grew('provisor_requests_total', { call: 'getSite', status: '404' }), 1);
      assert.equal(await grew('provisor_requests_total', { call: 'none', status: '404' }), 1);
      assert.equal(await grew('provisor_requests_total', { call: 'createSite', status: '400' }), 1);
      assert.equal(await grew('provisor_requests_total', { call: 'createSite', status: '201' }), 1);
      assert.equal(await grew(seconds, { call: 'listPlans' }), 1);
      assert.equal(await grew(seconds, { call: 'createSite' }), 1, 'the refused one, and not the one that waited');
      assert.equal(await grew(seconds, { call: 'getOperation' }), 0);
    });

    it('count operations, steps and calls to providers, also those that fail', async () => {
      const before = await figures();
      await activeSite(app.panel);
      dnsFails = true;
      const serviceId = newServiceId();
      const failed = await app.panel.call(
        'POST',
        '/v1/sites',
        { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic' },
        waiting,
      );
      assert.equal(failed.status, 409);
      const now = await figures();
      const grew = (name: string, labels: Record<string, string>) =>
        (figure(now, name, labels) ?? 0) - (figure(before, name, labels) ?? 0);
      const kind = 'site.create';
      assert.equal(grew('provisor_operations_ended_total', { kind, outcome: 'done' }), 1);
      assert.equal(grew('provisor_operations_ended_total', { kind, outcome: 'failed' }), 1);
      assert.equal(grew('provisor_operation_duration_seconds_count', { kind }), 2);
      const provider = { provider: 'dns/local', method: 'applyChanges' };
      const calls = 'provisor_provider_call_duration_seconds_count';
      assert.ok(grew(calls, { ...provider, outcome: 'ok' }) >= 1);
      assert.equal(grew(calls, { ...provider, outcome: 'invalid' }), 1);
      const steps = 'provisor_step_duration_seconds_count';
      assert.equal(grew(steps, { kind, direction: 'do', outcome: 'failed' }), 1);
      assert.ok(grew(steps, { kind, direction: 'do', outcome: 'ok' }) > 3);
      assert.ok(grew(steps, { kind, direction: 'undo', outcome: 'ok' }) >= 1);
      assert.equal(figure(now, 'provisor_breaker_open', { provider: 'dns/local' }), 0);
    });

    it('name nobody: every label is a word of ours', async () => {
      const { service_id } = await activeSite(app.panel);
      const text = await (await fetch(app.serving.metricsUrl!)).text();
      assert.ok(!text.includes(service_id) && !text.includes(app.panel.panelId));
      const calls = new Set(
        Object.values(readDocument().paths).flatMap((item) =>
          Object.values(item).map((operation) => (operation as { operationId?: string }).operationId),
        ),
      );
      const strange = readFigures(text)
        .map(({ labels }) => labels.call)
        .filter((call) => call !== undefined && call !== 'none' && !calls.has(call));
      assert.deepEqual(strange, []);
    });

    it('tell what waits', async () => {
      const now = await figures();
      assert.equal(figure(now, 'provisor_queue_due'), 0);
      assert.equal(figure(now, 'provisor_queue_oldest_seconds'), 0);
      assert.ok((figure(now, 'provisor_outbox_oldest_seconds') ?? -1) >= 0);
      assert.equal(figure(now, 'provisor_workers_max'), 4);
      assert.ok((figure(now, 'provisor_database_connections_max') ?? 0) >= 1);
      assert.equal(
        figure(now, 'provisor_build_info', { database: database.name === 'sqlite' ? 'sqlite' : 'mysql' }),
        1,
      );
    });
  });

  describe(`The figures while the database is away, on ${database.name}`, () => {
    let app: CutableApp;
    let telemetry: CountingTelemetry;
    before(async () => {
      telemetry = await telemetryFor();
      app = await startCutableApp(database, { telemetry });
    });
    after(async () => {
      await app.stop();
      await telemetry.close();
    });

    it('come all the same, and say that it is', async () => {
      const page = async () => readFigures((await app.serving.provisor.metrics(() => true)).body);
      assert.equal(figure(await page(), 'provisor_up', { part: 'database' }), 1);
      await app.cut();
      const away = await page();
      assert.equal(figure(away, 'provisor_up', { part: 'database' }), 0);
      assert.equal(figure(away, 'provisor_queue_due'), null, 'an old figure is no figure');
      assert.ok(figure(away, 'provisor_build_info') === 1);
      await app.restore();
      assert.equal(figure(await page(), 'provisor_up', { part: 'database' }), 1);
    });
  });
}

it('The figures do not wait for a database that hangs, and ask it once', async () => {
  const timers: (() => void)[] = [];
  const clock = {
    monotonic: () => 0,
    after: (_ms: number, task: () => void) => {
      timers.push(task);
      return { cancel: () => {} };
    },
  };
  const telemetry = await createTelemetry({ clock, version: '0.0.0', standard: false });
  let asked = 0;
  const readings = {
    build: { version: '0.0.0' },
    slots: 4,
    running: () => 0,
    accepting: () => false,
    connections: () => ({ used: 1, free: 0, waiting: 3, most: 1 }),
    breakers: () => [{ provider: 'dns/powerdns', open: true }],
    backlog: () => {
      asked += 1;
      return new Promise<never>(() => {});
    },
  };
  const first = telemetry.page(readings);
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (const ring of timers) ring();
  const figures = readFigures((await first).body);
  assert.equal(figure(figures, 'provisor_up', { part: 'database' }), 0);
  assert.equal(figure(figures, 'provisor_up', { part: 'workers' }), 0);
  assert.equal(figure(figures, 'provisor_breaker_open', { provider: 'dns/powerdns' }), 1);
  const second = readFigures((await telemetry.page(readings)).body);
  assert.equal(figure(second, 'provisor_up', { part: 'database' }), 0);
  assert.equal(asked, 1);
  await telemetry.close();
});
