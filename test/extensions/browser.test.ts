/**
 * The views as real Blade makes them, in a real browser. `PROVISOR_SCREENSHOTS=1`
 * also keeps the pictures that the extensions' READMEs show.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { buildExtensions } from '../../extensions/build.ts';
import { waiting } from '../support/app.ts';
import { type Stage, startStage } from './stage.ts';

const php = fileURLToPath(new URL('./php/', import.meta.url));
const extensions = fileURLToPath(new URL('../../extensions/paymenter/', import.meta.url));

/** PHP's own web server with the panel's service page on it. */
const servePages = async (stage: Stage, extensions: string): Promise<{ url: string; child: ChildProcess }> => {
  const child = spawn('php', ['-S', '127.0.0.1:0', join(php, 'site.php')], {
    env: {
      PATH: process.env.PATH,
      TMPDIR: tmpdir(),
      PROVISOR_STAGE_URL: stage.url,
      PROVISOR_STAGE_APP: stage.app.serving.url,
      PROVISOR_STAGE_KEY: stage.app.panel.key,
      PROVISOR_STAGE_EXTENSIONS: extensions,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr! })) {
    const url = /\((http:\/\/127\.0\.0\.1:\d+)\) started/.exec(line)?.[1];
    if (url) {
      child.stderr!.resume();
      return { url, child };
    }
  }
  throw new Error('The web server of PHP did not start');
};

describe('the views in a browser', () => {
  let stage: Stage;
  let folder: string;
  let pages: { url: string; child: ChildProcess };
  let browser: Browser;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-browser-'));
    buildExtensions(folder);
    stage = await startStage();
    pages = await servePages(stage, folder);
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  after(async () => {
    await browser?.close();
    if (pages) {
      pages.child.kill();
      await once(pages.child, 'exit');
    }
    await stage?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const tell = (what: string, order: object) =>
    fetch(`${stage.url}/stage/${what}`, { method: 'POST', body: JSON.stringify(order) });

  const open = async (query: string, width = 1040, path = ''): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height: 700 }, deviceScaleFactor: 1 });
    page.setDefaultTimeout(20_000);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('dialog', (dialog) => errors.push(dialog.message()));
    page.on('close', () => assert.deepEqual(errors, []));
    await page.goto(`${pages.url}/${path}?${query}`);
    return page;
  };

  /** Nothing stands out of the page, and every control can be hit with a finger and has a name. */
  const looksRight = async (page: Page): Promise<void> => {
    const found = await page.evaluate(`(() => {
      const controls = [...document.querySelectorAll('.pvr button, .pvr input, .pvr select, .pvr textarea')];
      const nameOf = (one) => one.textContent.trim() || one.labels?.[0]?.textContent.trim();
      return {
        wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        small: controls.filter((one) => one.offsetHeight < 30).map((one) => one.outerHTML),
        nameless: controls.filter((one) => !nameOf(one)).map((one) => one.outerHTML),
      };
    })()`);
    assert.deepEqual(found, { wider: 0, small: [], nameless: [] });
  };

  const picture = async (page: Page, extension: string, name: string): Promise<void> => {
    await looksRight(page);
    const wished = process.env.PROVISOR_SCREENSHOTS === '1';
    const path = join(wished ? join(extensions, extension, 'screenshots') : folder, `${name}.png`);
    await mkdir(dirname(path), { recursive: true });
    await page.locator('main').screenshot({ path });
  };

  const newSite = (id: string, headers = {}) =>
    stage.app.panel.call('POST', '/v1/sites', { service_id: id, email: 'alice@example.com', plan: 'basic' }, headers);

  const domains = (hostname: string) => ({
    status: 200,
    body: {
      data: [
        {
          hostname,
          state: 'pending_verification',
          message: `${hostname} does not lead here yet: it leads to 198.51.100.7.`,
          url: null,
          records: [
            { purpose: 'pointing', name: hostname, type: 'CNAME', value: 'alice.sites.localhost', required: true },
          ],
          operation: null,
        },
      ],
      quota: { used: 1, limit: 3, remaining: 2 },
    },
  });

  it('show a site from its setup on, and look again by themselves', async () => {
    await tell('hold', { method: 'install' });
    await newSite('501');
    const page = await open('service=501');
    await page.getByRole('progressbar').waitFor();
    await page.getByText('Being set up').waitFor();
    await picture(page, 'Servers/ProvisorSites', 'setup');
    await tell('release', {});
    await page.getByText('Running', { exact: true }).waitFor();
    assert.equal(await page.getByRole('progressbar').count(), 0);

    await page.getByRole('button', { name: 'Make a backup' }).click();
    await page.getByText('1 of 2 used').waitFor();
    await page.getByRole('button', { name: 'Roll back' }).and(page.locator(':enabled')).click();
    await page.getByRole('alertdialog').waitFor();
    await picture(page, 'Servers/ProvisorSites', 'confirmation');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('How it was before is still kept').waitFor();
    await page.getByRole('switch').and(page.locator(':enabled')).click();
    await page.getByText('Visitors are kept out').waitFor();
    await page.getByRole('switch').and(page.locator(':enabled')).click();
    await page.getByText('Visitors can open the site').waitFor();
    await page.getByRole('button', { name: 'Log in to the site' }).and(page.locator(':enabled')).click();
    await page.locator('body[data-redirect^="http://alice.sites.localhost"]').waitFor();
    await page.close();
  });

  for (const [name, query, width] of [
    ['site', '', 1040],
    ['site-dark', '&theme=dark', 1040],
    ['site-narrow', '', 360],
    ['site-romanian', '&locale=ro', 360],
  ] as const) {
    it(`show everything of a site: ${name}`, async () => {
      await tell('reset', {});
      await newSite('502', waiting);
      await stage.app.panel.call('POST', '/v1/sites/502/backups', {}, { ...waiting, 'Idempotency-Key': 'one' });
      const list = { match: 'GET /v1/sites/502/domains', how: 'answers', times: 1 };
      await tell('fault', { ...list, answer: domains('www.a-rather-long-name-of-a-shop.example.com') });
      const page = await open(`service=502${query}`, width);
      await page.getByText('BAK').first().waitFor();
      await page.getByText('CNAME').first().waitFor();
      await picture(page, 'Servers/ProvisorSites', name);
      await page.close();
    });
  }

  it('run no script that comes as a name', async () => {
    await tell('reset', {});
    await newSite('503', waiting);
    const evil = `"><img src=x onerror=alert(1)>');alert(2)//`;
    const list = { match: 'GET /v1/sites/503/domains', how: 'answers', times: 9 };
    await tell('fault', { ...list, answer: domains(evil) });
    const page = await open('service=503');
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByText(evil).waitFor();
    assert.equal(await page.locator('img').count(), 0);
    await page.close();
  });

  for (const [name, query, width] of [
    ['support', '', 1040],
    ['support-narrow', '&theme=dark', 360],
  ] as const) {
    it(`show a support key, and change it once that is confirmed: ${name}`, async () => {
      await tell('reset', {});
      const wish = { service_id: `60${width}`, email: 'alice@example.com' };
      const { body } = await stage.app.panel.call('POST', '/v1/support', wish);
      const page = await open(`service=60${width}&extension=ProvisorSupport&view=support${query}`, width);
      await page.getByText(body.support_key).waitFor();
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByRole('alertdialog').waitFor();
      await picture(page, 'Servers/ProvisorSupport', `${name}-confirmation`);
      await page.getByRole('button', { name: 'Give me a new key' }).click();
      await page.getByText('success: This is your new key').waitFor();
      assert.equal(await page.getByText(body.support_key).count(), 0);
      await picture(page, 'Servers/ProvisorSupport', name);
      await page.close();
    });
  }

  const zoneOf = async (customer: string, name: string): Promise<void> => {
    const create = () => stage.app.panel.call('POST', '/v1/zones', { name, customer_id: customer }, waiting);
    const { challenge } = (await create()).body.details;
    await tell('dns', { name: challenge.name, type: 'TXT', values: [challenge.value] });
    assert.equal((await create()).body.state, 'active');
  };

  it('lead from a domain that is not ours yet to its zone', async () => {
    await tell('reset', {});
    const page = await open('customer=71', 1040, 'dns');
    await page.getByLabel('Domain').fill('meadow-bakery.com');
    await page.getByRole('button', { name: 'Add domain' }).click();
    await page.getByText('_provisor-challenge.meadow-bakery.com').waitFor();
    await picture(page, 'Others/ProvisorDns', 'challenge');
    const text = await page.locator('td[data-label=Text] code').textContent();
    await tell('dns', { name: '_provisor-challenge.meadow-bakery.com', type: 'TXT', values: [text] });
    await tell('delegate', { domain: 'meadow-bakery.com', hosts: ['ns1.parking.example', 'ns2.parking.example'] });
    await page.getByRole('button', { name: 'I have set it' }).click();
    await page.getByText('ns2.parking.example').waitFor();
    await picture(page, 'Others/ProvisorDns', 'delegation');
    await tell('delegate', { domain: 'meadow-bakery.com', hosts: ['ns1.nameservers.net', 'ns2.nameservers.net'] });
    await page.getByRole('button', { name: 'I have set it' }).click();
    await page.getByRole('link', { name: 'meadow-bakery.com' }).waitFor();
    await zoneOf('71', 'an-uncommonly-long-name-of-a-garden-centre-in-the-hills.com');
    await page.reload();
    await page.getByText('2 of 3 used').waitFor();
    await picture(page, 'Others/ProvisorDns', 'zones');
    await page.close();
  });

  it('change records, and show an error at its field', async () => {
    await tell('reset', {});
    await zoneOf('72', 'harbour-cafe.com');
    const page = await open('customer=72', 1040, 'dns/harbour-cafe.com');
    await page.getByRole('button', { name: 'Add record' }).click();
    await page.getByLabel('Type').selectOption('MX');
    await page.getByLabel('Mail server').fill('mail.harbour-cafe.com');
    await page.getByLabel('Priority').fill('70000');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('must be a whole number from 0 to 65535').waitFor();
    assert.equal(await page.getByLabel('Mail server').inputValue(), 'mail.harbour-cafe.com');
    await picture(page, 'Others/ProvisorDns', 'record');
    await page.getByLabel('Priority').fill('10');
    await tell('hold-dns', {});
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('progressbar').waitFor();
    await tell('release', {});
    await page.getByText('10 mail.harbour-cafe.com').waitFor();
    assert.equal(await page.getByRole('progressbar').count(), 0);
    await page.getByRole('button', { name: 'Edit www A' }).click();
    await page.getByLabel('IPv4 address').fill('203.0.113.77');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.pvr-records').getByText('203.0.113.77').waitFor();
    await page.getByRole('button', { name: 'Delete www A' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.locator('.pvr-records').getByText('203.0.113.77').waitFor({ state: 'detached' });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'harbour-cafe.com.zone');
    assert.match(await readFile(await download.path(), 'utf8'), /^@\t3600\tIN\tMX\t10 mail\.harbour-cafe\.com\.$/m);
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('Zone file').fill('shop 300 IN A 203.0.113.80\nblog 300 IN CNAME shop\n');
    await page.getByLabel('What is not in the file').selectOption('replace');
    await page.getByRole('button', { name: 'Check what would change' }).click();
    await page.getByText('+ shop 300 A 203.0.113.80').waitFor();
    await picture(page, 'Others/ProvisorDns', 'import');
    await page.getByRole('button', { name: 'Make these changes' }).click();
    await page.getByText('success: The zone file was taken in').waitFor();
    assert.equal(await page.getByText('mail.harbour-cafe.com').count(), 0);
    await page.getByRole('button', { name: 'Delete domain' }).click();
    await page.getByLabel('Type harbour-cafe.com to confirm').fill('harbour-cafe');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete domain' }).click();
    await page.getByText('That is not the name').waitFor();
    await picture(page, 'Others/ProvisorDns', 'delete');
    await page.getByLabel('Type harbour-cafe.com to confirm').fill('harbour-cafe.com');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete domain' }).click();
    await page.locator('body[data-redirect$="/dns"]').waitFor();
    await page.close();
  });

  for (const [name, query, width] of [
    ['zone', '', 1040],
    ['zone-dark', '&theme=dark', 1040],
    ['zone-narrow', '', 360],
    ['zone-romanian', '&locale=ro&theme=dark', 360],
  ] as const) {
    it(`show everything of a zone: ${name}`, async () => {
      await tell('reset', {});
      const [customer, zone] = [`73${name.length}`, `mill-street-${name.length}.com`];
      await zoneOf(customer, zone);
      const key = 'k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDJ2q5b8x0yQd7wYv3m9tq1nC4h6sZk'.repeat(2);
      for (const record of [
        { name: '@', type: 'MX', data: 'mail.example.net', priority: 10 },
        { name: 'mail._domainkey', type: 'TXT', data: `v=DKIM1; ${key}` },
        { name: '_sip._tcp', type: 'SRV', data: 'sip.example.net', priority: 10, weight: 5, port: 5060 },
        { name: '@', type: 'CAA', data: 'letsencrypt.org', flags: 0, tag: 'issue' },
      ]) {
        const { status } = await stage.app.panel.call('POST', `/v1/zones/${zone}/records`, record);
        assert.equal(status, 201);
      }
      const www = { name: `www.${zone}.`, type: 'A', ttl: 3600, rdata: ['203.0.113.10'] };
      await tell('behind-our-back', { zone, change: { op: 'delete', old: www } });
      const strange = { ...www, name: `old-shop.${zone}.`, rdata: ['198.51.100.9'] };
      await tell('behind-our-back', { zone, change: { op: 'create', new: strange } });
      const page = await open(`customer=${customer}${query}`, width, `dns/${zone}`);
      await page.getByText('198.51.100.9').first().waitFor();
      await picture(page, 'Others/ProvisorDns', name);
      await page.close();
    });
  }
});
