import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/kit/clock.ts';
import { type CountingTelemetry, createTelemetry } from '../../src/telemetry/telemetry.ts';
import { newServiceId, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { type FakeCloudflare, startFakeCloudflare } from '../support/fake-cloudflare.ts';
import { type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts';

const theirs = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };
const traceparent = `00-${theirs.trace}-${theirs.span}-01`;

const create = (app: TestApp, headers: Record<string, string>) => {
  const serviceId = newServiceId();
  const wish = { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic' };
  return app.panel.call('POST', '/v1/sites', wish, { ...waiting, ...headers });
};

const withFake = (fake: FakeCloudflare) => ({
  PROVISOR_DNS: 'cloudflare',
  PROVISOR_CLOUDFLARE_URL: fake.url,
  PROVISOR_CLOUDFLARE_TOKEN: fake.token,
  PROVISOR_CLOUDFLARE_ACCOUNT_ID: fake.accountId,
  PROVISOR_SITE_DOMAIN: 'sites.example.com',
});

/** What the provider was sent. */
const sentTo = (fake: FakeCloudflare): (string | undefined)[] => {
  const seen: (string | undefined)[] = [];
  fake.meanwhile = ({ headers }) => seen.push(headers.traceparent as string | undefined);
  return seen;
};

for (const database of databases) {
  describe(`A trace, on ${database.name}`, () => {
    let app: TestApp;
    let fake: FakeCloudflare;
    let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
    let telemetry: CountingTelemetry;
    let sent: (string | undefined)[];

    before(async () => {
      receiver = await startOtlpReceiver();
      fake = await startFakeCloudflare();
      sent = sentTo(fake);
      const otlp = { url: receiver.url, headers: { authorization: 'Bearer for the collector' }, sample: 1 };
      telemetry = await createTelemetry({ clock: systemClock, version: '0.0.0', otlp, standard: false });
      app = await startApp(database, { environment: withFake(fake), replacements: { telemetry } });
    });
    after(async () => {
      await app.stop();
      await fake.stop();
      await receiver.stop();
    });

    it('leads from the request over the operation and its steps to what the provider is sent', async () => {
      const made = await create(app, { traceparent });
      assert.equal(made.status, 201, made.text);
      await app.panel.call('GET', '/health');
      // Ends the batches: what was seen until now arrives.
      await telemetry.close();
      const ours = receiver.spans.filter(({ traceId }) => traceId === theirs.trace);
      const one = (name: string): ReceivedSpan => {
        const found = ours.filter((span) => span.name === name);
        assert.equal(found.length, 1, `${name} among ${ours.map((span) => span.name)}`);
        return found[0]!;
      };
      const request = one('createSite');
      assert.equal(request.parentId, theirs.span);
      assert.equal(request.attributes['http.response.status_code'], 201);
      assert.equal(request.attributes['http.route'], '/v1/sites');
      const operation = one('site.create');
      assert.equal(operation.parentId, request.spanId);
      assert.equal(operation.attributes['provisor.operation'], made.body.operation.id);
      const byId = new Map(ours.map((span) => [span.spanId, span]));
      const calls = ours.filter(({ name }) => name.startsWith('dns/cloudflare '));
      assert.ok(calls.length > 0);
      for (const call of calls) {
        const step = byId.get(call.parentId ?? '');
        assert.equal(step?.parentId, operation.spanId, `${call.name} is below a step of the operation`);
      }
      assert.ok(sent.length > 0);
      for (const header of sent) {
        const [, trace, span = ''] = header?.split('-') ?? [];
        assert.equal(trace, theirs.trace);
        assert.ok(byId.get(span)?.name.startsWith('dns/cloudflare '), `${header} names the call`);
      }
      assert.deepEqual(new Set(receiver.spans.map(({ service }) => service)), new Set(['provisor']));
      assert.ok(!receiver.spans.some(({ name }) => name === 'getHealth'), 'probes are not traced');
      assert.equal(receiver.headers[0]?.authorization, 'Bearer for the collector');
      const [row] = await app.serving.provisor.db.knex('operations').where({ id: made.body.operation.id });
      assert.equal(row.traceparent, `00-${theirs.trace}-${request.spanId}-01`);
    });
  });
}

describe('Without anywhere to send traces', () => {
  let app: TestApp;
  let fake: FakeCloudflare;
  let telemetry: CountingTelemetry;
  let sent: (string | undefined)[];

  before(async () => {
    fake = await startFakeCloudflare();
    sent = sentTo(fake);
    telemetry = await createTelemetry({ clock: systemClock, version: '0.0.0', standard: false });
    app = await startApp(databases[0]!, { environment: withFake(fake), replacements: { telemetry } });
  });
  after(async () => {
    await app.stop();
    await fake.stop();
    await telemetry.close();
  });

  it('the trace of the caller is handed on to the provider as it came', async () => {
    assert.equal((await create(app, { traceparent })).status, 201);
    assert.ok(sent.length > 0);
    assert.deepEqual(new Set(sent), new Set([traceparent]));
  });

  it('nothing is sent on where there is no trace, or none that can be read', async () => {
    for (const header of [
      '',
      'nonsense',
      `00-${'0'.repeat(32)}-${theirs.span}-01`,
      `ff-${theirs.trace}-${theirs.span}-01`,
    ]) {
      sent.length = 0;
      assert.equal((await create(app, header === '' ? {} : { traceparent: header })).status, 201);
      assert.ok(sent.length > 0);
      assert.deepEqual(new Set(sent), new Set([undefined]));
    }
  });
});
