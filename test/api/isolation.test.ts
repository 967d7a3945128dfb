/**
 * No panel sees or touches anything of another's. The walk below goes through
 * every operation of the contract: one that is added without a case here fails it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { operationsOf, readDocument } from '../../src/contract/document.ts';
import { report } from '../faults/report.ts';
import { type Answer, activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { startDns, type TestDns } from '../support/dns-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

interface Theirs {
  serviceId: string;
  operationId: string;
  supportKey: string;
  zone: { name: string; id: string; record: string };
  webhook: { id: string; delivery: string };
}

/** How a stranger would try it with the ids of another panel, and what must come of it. */
type Case =
  | { call: (stranger: Client, theirs: Theirs) => Promise<Answer>; expect: 404 }
  /** Names nothing of a panel: there is nothing to try. */
  | 'nothing of a panel is named'
  /** Lists: theirs must not be in it. */
  | { list: string }
  /** Compat deletes are a success for what is not there; theirs must stay. */
  | { call: (stranger: Client, theirs: Theirs) => Promise<Answer>; expect: 'success, and theirs untouched' }
  /** Creates take the id in the stranger's own name space. */
  | { call: (stranger: Client, theirs: Theirs) => Promise<Answer>; expect: 'own, and theirs untouched' }
  /** A question: the answer says no more than for what nobody has. */
  | { call: (stranger: Client, theirs: Theirs) => Promise<Answer>; expect: { answer: object } };

const post =
  (path: (theirs: Theirs) => string, body: (theirs: Theirs) => object = () => ({})) =>
  (stranger: Client, theirs: Theirs) =>
    stranger.call('POST', path(theirs), body(theirs));
const get = (path: (theirs: Theirs) => string) => (stranger: Client, theirs: Theirs) =>
  stranger.call('GET', path(theirs));
const compat = (path: string, more: object = {}) =>
  post(
    () => path,
    ({ serviceId }) => ({ service_id: serviceId, ...more }),
  );
const site =
  (rest: string) =>
  ({ serviceId }: Theirs) =>
    `/v1/sites/${serviceId}${rest}`;
const supportOf =
  (rest: string) =>
  ({ serviceId }: Theirs) =>
    `/v1/support/${serviceId}${rest}`;
const operation =
  (rest: string) =>
  ({ operationId }: Theirs) =>
    `/v1/operations/${operationId}${rest}`;

const zone =
  (rest: string | ((theirs: Theirs) => string)) =>
  (theirs: Theirs): string =>
    `/v1/zones/${theirs.zone.name}${typeof rest === 'string' ? rest : rest(theirs)}`;
const webhook =
  (rest: string | ((theirs: Theirs) => string)) =>
  (theirs: Theirs): string =>
    `/v1/webhooks/${theirs.webhook.id}${typeof rest === 'string' ? rest : rest(theirs)}`;
const record = zone((theirs) => `/records/${theirs.zone.record}`);
const recordWish = { name: 'x', type: 'A', data: '192.0.2.1' };

const cases: Record<string, Case> = {
  getHealth: 'nothing of a panel is named',
  getReady: 'nothing of a panel is named',
  getMetrics: 'nothing of a panel is named',
  getOpenApi: 'nothing of a panel is named',
  getDocs: 'nothing of a panel is named',
  getDocsAsset: 'nothing of a panel is named',
  askCertificate: 'nothing of a panel is named',
  getDashboard: 'nothing of a panel is named',
  getDashboardAsset: 'nothing of a panel is named',
  getOverview: 'nothing of a panel is named',
  listDrift: 'nothing of a panel is named',
  // test/api/dashboard.test.ts listens as a stranger.
  streamOperations: 'nothing of a panel is named',
  whoami: 'nothing of a panel is named',
  listPlans: 'nothing of a panel is named',
  getPlan: 'nothing of a panel is named',
  putPlan: 'nothing of a panel is named',
  deletePlan: 'nothing of a panel is named',
  listSites: { list: '/v1/sites' },
  listUsage: { list: '/v1/usage' },
  listOperations: { list: '/v1/operations' },
  createSite: {
    call: post(
      () => '/v1/sites',
      ({ serviceId }) => ({ service_id: serviceId, email: 's@example.com', plan: 'basic' }),
    ),
    expect: 'own, and theirs untouched',
  },
  getSite: { call: get(site('')), expect: 404 },
  deleteSite: { call: (stranger, theirs) => stranger.call('DELETE', site('')(theirs)), expect: 404 },
  suspendSite: { call: post(site('/suspend')), expect: 404 },
  unsuspendSite: { call: post(site('/unsuspend')), expect: 404 },
  upgradeSite: { call: post(site('/upgrade'), () => ({ plan: 'premium' })), expect: 404 },
  runSiteAction: { call: post(site('/actions/stop')), expect: 404 },
  setSiteProxy: { call: post(site('/proxy'), () => ({ enabled: false })), expect: 404 },
  listBackups: { call: get(site('/backups')), expect: 404 },
  createBackup: {
    call: (stranger, theirs) => stranger.call('POST', site('/backups')(theirs), {}, { 'Idempotency-Key': 'stranger' }),
    expect: 404,
  },
  deleteBackup: {
    call: (stranger, theirs) => stranger.call('DELETE', site('/backups/BAK01012026-1')(theirs)),
    expect: 404,
  },
  rollbackBackup: { call: post(site('/backups/initial/rollback')), expect: 404 },
  compatListBackups: { call: get(({ serviceId }) => `/action/getbak?service_id=${serviceId}`), expect: 404 },
  compatCreateBackup: { call: compat('/action/mkbak'), expect: 404 },
  compatDeleteBackup: { call: compat('/action/delbak', { bak: 'BAK01012026-1' }), expect: 404 },
  compatRollback: { call: compat('/action/rollback', { bak: 'initial' }), expect: 404 },
  compatToggle: { call: compat('/action/toggle'), expect: 404 },
  listAudit: { list: '/v1/audit?kind=site' },
  listWebhooks: { list: '/v1/webhooks' },
  createWebhook: 'nothing of a panel is named',
  getWebhook: { call: get(webhook('')), expect: 404 },
  changeWebhook: {
    call: (stranger, theirs) => stranger.call('PATCH', webhook('')(theirs), { enabled: false }),
    expect: 404,
  },
  deleteWebhook: {
    call: (stranger, theirs) => stranger.call('DELETE', webhook('')(theirs)),
    expect: 'success, and theirs untouched',
  },
  rotateWebhookSecret: { call: post(webhook('/rotate')), expect: 404 },
  testWebhook: { call: post(webhook('/test')), expect: 404 },
  listWebhookDeliveries: { call: get(webhook('/deliveries')), expect: 404 },
  replayWebhookDelivery: {
    call: post(webhook(({ webhook: { delivery } }) => `/deliveries/${delivery}/replay`)),
    expect: 404,
  },
  listSupport: { list: '/v1/support' },
  createSupport: {
    call: post(
      () => '/v1/support',
      ({ serviceId }) => ({ service_id: serviceId, email: 's@example.com' }),
    ),
    expect: 'own, and theirs untouched',
  },
  verifySupportKey: {
    call: post(
      () => '/v1/support/verify',
      ({ supportKey }) => ({ support_key: supportKey }),
    ),
    expect: { answer: { valid: false, reason: 'unknown', subscription: null } },
  },
  getSupport: { call: get(supportOf('')), expect: 404 },
  suspendSupport: { call: post(supportOf('/suspend')), expect: 404 },
  unsuspendSupport: { call: post(supportOf('/unsuspend')), expect: 404 },
  terminateSupport: { call: post(supportOf('/terminate')), expect: 404 },
  rotateSupportKey: { call: post(supportOf('/rotate')), expect: 404 },
  compatCreateSupport: {
    call: compat('/support/create', { email: 's@example.com' }),
    expect: 'own, and theirs untouched',
  },
  compatSuspendSupport: { call: compat('/support/suspend'), expect: 404 },
  compatUnsuspendSupport: { call: compat('/support/unsuspend'), expect: 404 },
  compatTerminateSupport: { call: compat('/support/terminate'), expect: 'success, and theirs untouched' },
  listDomains: { call: get(site('/domains')), expect: 404 },
  addDomain: { call: post(site('/domains'), () => ({ hostname: 'www.example.com' })), expect: 404 },
  getDomain: { call: get(site('/domains/theirs.example.com')), expect: 404 },
  deleteDomain: {
    call: (stranger, theirs) => stranger.call('DELETE', site('/domains/theirs.example.com')(theirs)),
    expect: 404,
  },
  verifyDomain: { call: post(site('/domains/theirs.example.com/verify')), expect: 404 },
  compatListDomains: { call: get(({ serviceId }) => `/action/getdomain?service_id=${serviceId}`), expect: 404 },
  compatAddDomain: { call: compat('/action/setdomain', { domain: 'www.example.com' }), expect: 404 },
  compatDeleteDomain: { call: compat('/action/deldomain', { domain: 'theirs.example.com' }), expect: 404 },
  compatAddCustomDomain: { call: compat('/customdomain/add', { domain: 'www.example.com' }), expect: 404 },
  listZones: { list: '/v1/zones' },
  createZone: {
    call: post(
      () => '/v1/zones',
      () => ({ name: 'strangers.com' }),
    ),
    expect: 'own, and theirs untouched',
  },
  getZone: { call: get(zone('')), expect: 404 },
  deleteZone: { call: (stranger, theirs) => stranger.call('DELETE', zone('')(theirs)), expect: 404 },
  listRecords: { call: get(zone('/records')), expect: 404 },
  createRecord: { call: post(zone('/records'), () => recordWish), expect: 404 },
  replaceRecord: { call: (stranger, theirs) => stranger.call('PUT', record(theirs), recordWish), expect: 404 },
  deleteRecord: { call: (stranger, theirs) => stranger.call('DELETE', record(theirs)), expect: 404 },
  exportZone: { call: get(zone('/export')), expect: 404 },
  importZone: { call: post(zone('/import'), () => ({ zone_file: 'x A 192.0.2.1' })), expect: 404 },
  compatGetZones: {
    call: post(
      () => '/customdomain/getdata',
      () => ({ user_id: '42' }),
    ),
    expect: 'success, and theirs untouched',
  },
  compatAddZone: {
    call: post(
      () => '/customdomain/add/zone',
      () => ({ user_id: '42', domain: 'strangers.net' }),
    ),
    expect: 'success, and theirs untouched',
  },
  compatDeleteZone: {
    call: post(
      () => '/customdomain/delete/zone',
      (theirs) => ({ domain: theirs.zone.name }),
    ),
    expect: 'success, and theirs untouched',
  },
  compatAddRecord: {
    call: post(
      () => '/customdomain/add/record',
      (theirs) => ({ zone_id: theirs.zone.id, type: 'A', name: 'x', ip: '192.0.2.1' }),
    ),
    expect: 404,
  },
  compatDeleteRecord: {
    call: post(
      () => '/customdomain/delete/record',
      (theirs) => ({ zone_id: theirs.zone.id, rc_id: theirs.zone.record }),
    ),
    expect: 404,
  },
  getSiteStatus: { call: get(site('/status')), expect: 404 },
  getSiteUsage: { call: get(site('/usage')), expect: 404 },
  createLoginLink: { call: post(site('/login-link')), expect: 404 },
  setSitePassword: { call: post(site('/password')), expect: 404 },
  listSiteOperations: { call: get(site('/operations')), expect: 404 },
  getOperation: { call: get(operation('')), expect: 404 },
  cancelOperation: { call: post(operation('/cancel')), expect: 404 },
  retryOperation: { call: post(operation('/retry')), expect: 404 },
  streamOperationEvents: { call: get(operation('/events')), expect: 404 },
  compatCreateSite: {
    call: compat('/create-site', { email: 's@example.com', plan: 'basic' }),
    expect: 'own, and theirs untouched',
  },
  compatDeleteSite: { call: compat('/delete-site'), expect: 'success, and theirs untouched' },
  compatSuspend: { call: compat('/suspend'), expect: 404 },
  compatUnsuspend: { call: compat('/unsuspend'), expect: 404 },
  compatUpgrade: { call: compat('/wp/upgrade/', { plan: 'premium' }), expect: 404 },
  compatGetStatus: { call: get(({ serviceId }) => `/status?service_id=${serviceId}`), expect: 404 },
  compatAction: { call: compat('/action/stop'), expect: 404 },
  compatActions: { call: compat('/actions/reset'), expect: 404 },
};

/** Tables in which a panel has rows. */
const tables = [
  'services',
  'sites',
  'quotas',
  'operations',
  'operation_steps',
  'resources',
  'reservations',
  'outbox',
  'backups',
  'support',
  'support_keys',
  'domains',
  'domain_names',
  'zones',
  'zone_records',
  'webhooks',
  'deliveries',
];

for (const database of databases) {
  describe(`one panel's ids in another's hands, on ${database.name}`, () => {
    let app: TestApp;
    let dns: TestDns;
    let receiver: WebhookReceiver;
    let theirs: Theirs;

    const rowsOf = async (panelId: string): Promise<string> => {
      const { knex } = app.serving.provisor.db;
      const all = await Promise.all(tables.map((table) => knex(table).where({ panel_id: panelId })));
      // What hands events on runs beside the test.
      for (const row of all.flat()) delete row.sent_at;
      const audit = await knex('audit').where('chain', 'like', `${panelId}:%`).orderBy('seq');
      const text = (row: unknown) =>
        JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
      // Without an order of their own, rows come as the database finds them.
      return text([all.map((rows) => rows.map(text).sort()), audit]);
    };

    before(async () => {
      dns = await startDns();
      receiver = await startWebhookReceiver();
      app = await startApp(database, {
        environment: {
          PROVISOR_RESOLVERS: dns.server,
          PROVISOR_WEBHOOK_HTTP: 'on',
          PROVISOR_WEBHOOK_ALLOW: '127.0.0.1',
        },
      });
      const owner = await activeSite(app.panel);
      const hostname = 'theirs.example.com';
      dns.set(hostname, 'CNAME', owner.hostname);
      // One that leads to the site: nothing looks at it again by itself.
      const added = await app.panel.call('POST', `/v1/sites/${owner.service_id}/domains`, { hostname }, waiting);
      assert.equal(added.status, 201, added.text);
      const support = await app.panel.call('POST', '/v1/support', {
        service_id: owner.service_id,
        email: 'owner@example.com',
      });
      const made = await app.panel.call('POST', '/v1/zones', { name: 'theirs.com', customer_id: '42' }, waiting);
      const { data } = (await app.panel.call('GET', '/v1/zones/theirs.com/records')).body;
      const hook = await app.panel.call('POST', '/v1/webhooks', { url: receiver.url, events: ['webhook.test'] });
      assert.equal(hook.status, 201, hook.text);
      const trial = await app.panel.call('POST', `/v1/webhooks/${hook.body.id}/test`);
      await receiver.until(1);
      const limit = AbortSignal.timeout(15_000);
      const { knex } = app.serving.provisor.db;
      // From then on nothing of it changes by itself.
      while ((await knex('delivery_lanes').whereNotNull('due_at')).length > 0) {
        assert.ok(!limit.aborted, 'the trial is not written down as delivered');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      theirs = {
        serviceId: owner.service_id,
        operationId: owner.operation.id,
        supportKey: support.body.support_key,
        zone: { name: made.body.name, id: made.body.id, record: data[0].id },
        webhook: { id: hook.body.id, delivery: trial.body.id },
      };
    });
    after(async () => {
      report({
        fault: 11,
        name: "another panel's ids on every operation: 404, no row touched",
        cases: Object.keys(cases).length,
      });
      await app.stop();
      await dns.stop();
      await receiver.stop();
    });

    for (const { operationId } of operationsOf(readDocument())) {
      it(`${operationId}`, async () => {
        const tried = cases[operationId];
        assert.ok(tried, `${operationId} has no case here: say what a stranger would try`);
        if (typeof tried === 'string') return;
        const stranger = await app.newPanel();
        const before = await rowsOf(app.panel.panelId);
        const own = await rowsOf(stranger.panelId);
        if ('list' in tried) {
          const listed = await stranger.call('GET', tried.list);
          assert.equal(listed.status, 200);
          assert.deepEqual(listed.body.data, []);
        } else {
          const answer = await tried.call(stranger, theirs);
          if (tried.expect === 404) {
            assert.equal(answer.status, 404, answer.text);
            assert.equal(answer.body.code, 'not_found');
            assert.equal(await rowsOf(stranger.panelId), own, 'the refused call left a row');
          } else {
            assert.ok(answer.status < 300, answer.text);
          }
          if (tried.expect === 'own, and theirs untouched') {
            const begun = answer.body.operation?.id ?? answer.body.operation_id;
            assert.notEqual(begun, theirs.operationId);
            assert.notEqual(answer.body.support_key, theirs.supportKey);
            if (begun) await app.serving.provisor.operations.waitForRest(begun, 20_000);
          }
          if (typeof tried.expect === 'object') assert.deepEqual(answer.body, tried.expect.answer);
        }
        assert.equal(await rowsOf(app.panel.panelId), before, 'a row of the other panel was touched');
      });
    }

    it('has no case for an operation that is gone', () => {
      const known = new Set(operationsOf(readDocument()).map((each) => each.operationId));
      assert.deepEqual(
        Object.keys(cases).filter((id) => !known.has(id)),
        [],
      );
    });

    it('leaves the other site running', async () => {
      const seen = await app.panel.call('GET', `/v1/sites/${theirs.serviceId}`);
      assert.equal(seen.body.state, 'active');
      assert.equal((await app.visit(seen.body.hostname)).status, 200);
    });
  });
}
