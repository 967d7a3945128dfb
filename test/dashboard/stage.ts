/** A live Provisor for the operator's page, a browser to look at it, and what an installation holds after a while. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { ProviderError } from '../../src/kit/errors.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import { startApp, type TestApp, waiting } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

export interface Stage {
  app: TestApp;
  /** Keeps calls of the provider waiting until they are released. */
  hold(call: keyof ComputeProvider): void;
  refuse(call: keyof ComputeProvider, why: string): void;
  release(): void;
  /** Somebody whom webhooks may lead to. Ends with the stage. */
  newReceiver(): Promise<WebhookReceiver>;
  stop(): Promise<void>;
}

export const startStage = async (): Promise<Stage> => {
  let compute: Breakable | undefined;
  const app = await startApp(databases[0]!, {
    environment: {
      PROVISOR_WORKERS: '8',
      PROVISOR_WEBHOOK_HTTP: 'on',
      PROVISOR_WEBHOOK_ALLOW: '127.0.0.0/8',
    },
    replacements: {
      deliveries: { timing: { pollMs: 50 } },
      adapters: (configured) => {
        compute = breakable(configured.compute);
        return { ...configured, compute: compute.adapter };
      },
    },
  });
  const receivers: WebhookReceiver[] = [];
  const touched = new Set<keyof ComputeProvider>();
  let gate = Promise.withResolvers<void>();
  const release = () => {
    for (const call of touched) compute!.before(call, null);
    gate.resolve();
    gate = Promise.withResolvers<void>();
  };
  const before = (call: keyof ComputeProvider, what: (signal?: AbortSignal) => Promise<void>) => {
    touched.add(call);
    compute!.before(call, what);
  };
  return {
    app,
    hold: (call) => {
      const { promise } = gate;
      before(call, async (signal) => {
        const stopped = new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
        await Promise.race([promise, stopped]);
      });
    },
    refuse: (call, why) =>
      before(call, async () => {
        throw new ProviderError('local', 'invalid', why);
      }),
    release,
    newReceiver: async () => {
      const receiver = await startWebhookReceiver();
      receivers.push(receiver);
      return receiver;
    },
    stop: async () => {
      release();
      await app.stop();
      await Promise.all(receivers.map((receiver) => receiver.stop()));
    },
  };
};

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export const signIn = async (page: Page, key: string): Promise<void> => {
  await page.getByLabel('Key of a panel').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation').waitFor();
};

/** Waits until everything that was asked for has come. */
export const settled = (page: Page): Promise<void> =>
  page.locator('.waiting, [aria-busy]').first().waitFor({ state: 'detached' });

const names = [
  'alice',
  'bakery-north',
  'corner-books',
  'dentist',
  'elm-street',
  'florist',
  'garage',
  'hotel',
  'inkwell',
];
const planNames = ['basic', 'standard', 'premium'];

/** Sites in every state, operations that run, failed and are stuck, zones with drift, webhooks that are well and ill. */
export const furnish = async ({ app, hold, refuse, release, newReceiver }: Stage): Promise<void> => {
  const { call } = app.panel;
  const [well, busy, gone] = [await newReceiver(), await newReceiver(), await newReceiver()];
  busy.answer = () => 503;
  gone.answer = () => 410;
  await call('POST', '/v1/webhooks', { url: well.url, events: ['site.*'] });
  await call('POST', '/v1/webhooks', { url: busy.url, events: ['site.suspend.*', 'site.stop.*'] });
  await call('POST', '/v1/webhooks', { url: gone.url, events: ['site.suspend.*'] });
  const make = (id: string, name: string, plan: string, headers = waiting as Record<string, string>) =>
    call('POST', '/v1/sites', { service_id: id, email: `${name}@example.com`, plan, customer_id: `c-${id}` }, headers);
  for (const [index, name] of names.entries()) await make(String(1001 + index), name, planNames[index % 3]!);
  for (const key of ['one', 'two']) {
    await call('POST', '/v1/sites/1002/backups', {}, { ...waiting, 'Idempotency-Key': key });
  }
  await call('POST', '/v1/sites/1002/domains', { hostname: 'www.bakery-north.org' });
  await call('POST', '/v1/sites/1002/actions/restart', {}, waiting);
  await call('POST', '/v1/sites/1004/suspend', { reason: 'Invoice 1042 is overdue' }, waiting);
  await call('POST', '/v1/sites/1006/actions/stop', {}, waiting);

  refuse('install', 'the template is missing');
  await make('1010', 'jeweller', 'basic');
  refuse('destroy', 'the volume is in use');
  await call('DELETE', '/v1/sites/1009', undefined, waiting);
  release();

  for (const zone of ['bakery-north.org', 'corner-books.org']) {
    await call('POST', '/v1/zones', { name: zone }, waiting);
  }
  const zone = 'bakery-north.org';
  await call('POST', `/v1/zones/${zone}/records`, { name: 'shop', type: 'A', data: '192.0.2.10', ttl: 300 }, waiting);
  await call('POST', `/v1/zones/${zone}/records`, { name: 'mail', type: 'A', data: '192.0.2.25', ttl: 300 }, waiting);
  const at = `${zone}.`;
  await app.serving.provisor.providers.dns.applyChanges(
    at,
    [
      { op: 'delete', old: { name: `mail.${at}`, type: 'A', ttl: 300, rdata: ['192.0.2.25'] } },
      { op: 'create', new: { name: `old.${at}`, type: 'TXT', ttl: 60, rdata: ['left from before the move'] } },
    ],
    AbortSignal.timeout(5_000),
  );

  // Left outside by something that knew no row.
  const spec = {
    name: 'svc-01k0a4m2v8q6z3x9c7b5n1d0fg',
    owner: { panel: 'nobody', service: 'gone' },
    hostname: 'gone.sites.localhost',
    plan: 'basic',
    email: 'gone@example.com',
    resources: { memoryMb: 64, diskMb: 64 },
    network: { vmid: 999, privateIp: '192.168.9.9' },
  };
  await app.serving.provisor.providers.compute.create(spec, AbortSignal.timeout(5_000));
  await app.serving.provisor.sweep();

  hold('install');
  hold('createSnapshot');
  await make('1011', 'kiosk', 'standard', {});
  await make('1012', 'library', 'premium', {});
  await call('POST', '/v1/sites/1003/backups', {}, { 'Idempotency-Key': 'three' });
};
