/** The operator's page in a real browser, against a live server. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { waiting } from '../support/app.ts';
import { furnish, launchBrowser, type Stage, settled, signIn, startStage } from './stage.ts';

describe('the operator’s page', () => {
  let stage: Stage;
  let browser: Browser;
  before(async () => {
    stage = await startStage();
    browser = await launchBrowser();
  });
  afterEach(() => stage.release());
  after(async () => {
    await browser?.close();
    await stage?.stop();
  });

  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object, headers = {}) =>
    stage.app.panel.call(method, path, body, headers);
  const newSite = (id: string, more: object = {}) =>
    call('POST', '/v1/sites', { service_id: id, email: 'alice@example.com', plan: 'basic', ...more }, waiting);

  /** A page of which every error, every dialog of the browser and every breach of the policy fails the test. */
  const visit = async (
    hash = '',
    { key = stage.app.panel.key, ...look }: { key?: string; width?: number; colorScheme?: 'light' | 'dark' } = {},
  ): Promise<Page> => {
    const page = await browser.newPage({
      viewport: { width: look.width ?? 1040, height: 760 },
      colorScheme: look.colorScheme ?? 'light',
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(30_000);
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('dialog', (dialog) => wrong.push(dialog.message()));
    page.on('console', (line) => {
      if (/Content Security Policy/.test(line.text())) wrong.push(line.text());
    });
    page.on('close', () => assert.deepEqual(wrong, []));
    await page.goto(`${stage.app.serving.url}/${hash}`);
    if (key !== '') await signIn(page, key);
    return page;
  };

  const typeName = async (page: Page, name: string): Promise<void> => {
    await page.getByRole('dialog').getByRole('textbox').fill(name);
  };

  it('stands before any data has come, and says what a newcomer does first', async () => {
    const page = await visit('', { key: '' });
    await page.getByText('a reload asks for it again').waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'key');
    await page.getByLabel('Key of a panel').fill('pvr_wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Send a key').waitFor();
    await page
      .getByRole('alert')
      .getByText(/Request [0-9A-Z]{26}/)
      .waitFor();
    await signIn(page, stage.app.panel.key);
    await page.getByText('Make the first site').waitFor();
    const command = await page.getByRole('main').locator('pre').textContent();
    assert.match(command!, /^curl -s http:\/\/127\.0\.0\.1:\d+\/v1\/sites/);
    await page.close();
  });

  it('keeps the key in its memory and nowhere else', async () => {
    const page = await visit();
    await page.getByText('Live', { exact: true }).waitFor();
    const kept = await page.evaluate(`({
      local: localStorage.length, session: sessionStorage.length, cookie: document.cookie, url: location.href,
      history: JSON.stringify(history.state), markup: document.documentElement.outerHTML,
    })`);
    const { key } = stage.app.panel;
    assert.deepEqual(JSON.stringify(kept).includes(key.split('_')[2]!), false);
    assert.deepEqual(
      { ...(kept as object), url: '', markup: '' },
      {
        local: 0,
        session: 0,
        cookie: '',
        url: '',
        history: 'null',
        markup: '',
      },
    );
    await page.reload();
    await page.getByLabel('Key of a panel').waitFor();
    assert.equal(await page.getByRole('navigation').count(), 0);
    await page.close();
  });

  it('shows an operation as it goes on, and its end, without being asked', async () => {
    const page = await visit();
    stage.hold('install');
    await call('POST', '/v1/sites', { service_id: 'live-1', email: 'live@example.com', plan: 'basic' });
    const bar = page.getByRole('progressbar', { name: 'Create site of live-1' });
    await bar.waitFor();
    // It goes on while it is looked at.
    await page.locator('progress:not([value="0"])').waitFor();
    stage.release();
    await bar.waitFor({ state: 'detached' });
    await page.getByText('Nothing needs you.').waitFor();
    await page.close();
  });

  it('finds a site by a word, a state and a plan, and goes through them a page at a time', async () => {
    const { db } = stage.app.serving.provisor;
    const panel = await stage.app.newPanel();
    const at = await db.now();
    const id = (index: number) => `01M0000000000000000000${String(index).padStart(4, '0')}`;
    for (let start = 0; start < 10_000; start += 100) {
      const rows = Array.from({ length: 100 }, (_, more) => start + more);
      await db.knex('services').insert(
        rows.map((index) => ({
          panel_id: panel.panelId,
          kind: 'site',
          service_id: `many-${index}`,
          id: id(index),
          customer_id: null,
          state: index % 100 === 0 ? 'suspended' : 'active',
          plan: 'basic',
          created_at: at,
          updated_at: at,
        })),
      );
      await db.knex('sites').insert(
        rows.map((index) => ({
          id: id(index),
          panel_id: panel.panelId,
          email: `owner${index}@example.com`,
          subdomain: `many-${index}`,
          vmid: null,
          private_ip: null,
          public_ip: '127.0.0.1',
          memory_mb: 1,
          disk_mb: 1,
          created_by: id(index),
        })),
      );
    }
    const page = await visit('#/sites', { key: panel.key });
    await page.getByText('50 sites shown, and there are more').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('100 sites shown, and there are more').waitFor();
    await page.getByRole('searchbox').fill('OWNER42@');
    await page.getByText('1 site shown').waitFor();
    await page.getByRole('link', { name: 'many-42' }).waitFor();
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('State').selectOption('suspended');
    await page.getByRole('link', { name: 'many-9900' }).waitFor();
    await page.getByLabel('Plan').selectOption('premium');
    await page.getByText('No site is like that.').waitFor();
    await page.goto(`${stage.app.serving.url}/#/`);
    await page.getByRole('link', { name: '9,900' }).waitFor();
    await page.close();
  });

  it('asks for the name before it destroys, and is left by Escape with the focus where it was', async () => {
    await newSite('doomed');
    const page = await visit('#/sites/doomed');
    const button = page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Delete' });
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Delete this site?' });
    await dialog.waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Delete it for good' }).isDisabled(), true);
    await typeName(page, 'Doomed');
    await page.keyboard.press('Enter');
    assert.equal(await dialog.isVisible(), true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await button.evaluate((one: { matches(what: string): boolean }) => one.matches(':focus')), true);
    assert.equal((await call('GET', '/v1/sites/doomed')).body.state, 'active');
    await page.keyboard.press('Enter');
    await typeName(page, 'doomed');
    await page.keyboard.press('Enter');
    await page.getByText('doomed: It is deleted.').waitFor();
    await page.getByText('deleted', { exact: true }).first().waitFor();
    assert.equal((await call('GET', '/v1/sites/doomed')).body.state, 'deleted');
    await page.close();
  });

  it('does what the API allows, and says it in the words of the server', async () => {
    await newSite('deeds');
    const page = await visit('#/sites/deeds');
    await page.getByRole('button', { name: 'Make a backup' }).click();
    await page.getByText('deeds: A backup is made.').waitFor();
    await page.getByRole('button', { name: 'Roll back' }).waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
    for (const key of ['a', 'b'])
      await call('POST', '/v1/sites/deeds/backups', {}, { ...waiting, 'Idempotency-Key': key });
    await page.getByRole('button', { name: 'Make a backup' }).click();
    const refused = page.locator('#said');
    await refused.getByText(/2 of 2.*\(request [0-9A-Z]{26}\)/).waitFor();
    await page.close();
  });

  it('cancels what runs, by another word than the one that stops the site', async () => {
    await newSite('second-thoughts');
    const page = await visit('#/sites/second-thoughts');
    stage.hold('createSnapshot');
    await page.getByRole('button', { name: 'Make a backup' }).click();
    await page.getByRole('button', { name: 'Cancel', exact: true }).first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Stop', exact: true }).count(), 1);
    await page.getByRole('list', { name: 'The last operation' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel it' }).click();
    await page.getByText('Make backup: it is cancelled and taken back.').waitFor();
    await page.getByText('There is no backup.').waitFor();
    assert.equal((await call('GET', '/v1/sites/second-thoughts')).body.state, 'active');
    await page.close();
  });

  it('runs nothing that comes as data', async () => {
    const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;
    await newSite('evil');
    await call('POST', '/v1/sites/evil/suspend', { reason: evil }, waiting);
    const { db } = stage.app.serving.provisor;
    await db.knex('operations').where({ service_id: 'evil' }).update({ message: evil });
    const { id } = (await db.knex('services').where({ service_id: 'evil' }).first('id'))!;
    await db.knex('sites').where({ id }).update({ email: evil });
    await db.knex('panels').where({ id: stage.app.panel.panelId }).update({ name: evil });
    const page = await visit('#/sites/evil');
    await page.getByText(evil).first().waitFor();
    for (const hash of [
      '#/sites',
      '#/operations',
      '#/key',
      `#/sites/${encodeURIComponent(evil)}`,
      '#/%3Cimg%20src=x%20onerror=alert(3)%3E',
      '#/sites/%',
    ]) {
      await page.goto(`${stage.app.serving.url}/${hash}`);
      await settled(page);
    }
    assert.equal(await page.locator('img, #app script').count(), 0);
    await page.close();
  });

  it('leaves out what the key may not do, and says so', async () => {
    const narrow = await stage.app.newPanel({ scopes: ['plans:read'] });
    const page = await visit('', { key: narrow.key });
    const links = await page.getByRole('navigation').getByRole('link').allTextContents();
    assert.deepEqual(links, ['Overview', 'Plans', 'This key']);
    await page.getByText('Left out, since this key does not have the scopes: Sites (sites:read)').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    await page.close();
  });

  it('ends when the key is revoked, with the reason', async () => {
    const panel = await stage.app.newPanel();
    const page = await visit('', { key: panel.key });
    await page.getByText('Live', { exact: true }).waitFor();
    await stage.app.serving.provisor.panels.revoke(panel.key.split('_')[1]!);
    // Whatever is asked next finds it out; it may have done so already.
    await page.evaluate(`location.hash = '#/plans'`);
    await page.getByText('This key has been revoked. You have been signed out.').waitFor();
    assert.equal(await page.getByRole('navigation').count(), 0);
    await page.close();
  });

  it('stays usable while a server is slow, and says when it cannot be reached', async () => {
    const page = await visit();
    await page.route('**/v1/plans*', () => {});
    await page.getByRole('link', { name: 'Plans' }).click();
    await page.getByText('Asking the server…').waitFor();
    await page.unroute('**/v1/plans*');
    await page.route('**/v1/plans*', (route) => route.abort('timedout'));
    await page.getByRole('link', { name: 'This key' }).click();
    await page.getByRole('heading', { name: 'This key', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Plans' }).click();
    await page.getByText('The server cannot be reached.').waitFor();
    await page.unroute('**/v1/plans*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('rowheader', { name: 'premium' }).waitFor();
    await page.close();
  });

  it('has room on a narrow screen, names for its controls, and a focus that can be seen', async () => {
    await furnish(stage);
    for (const width of [360, 1040]) {
      const page = await visit('', { width, colorScheme: 'dark' });
      for (const hash of ['', 'sites', 'sites/1002', 'operations', 'failures', 'drift', 'webhooks', 'plans', 'key']) {
        await page.goto(`${stage.app.serving.url}/#/${hash}`);
        await settled(page);
        const found = await page.evaluate(`(() => {
          const controls = [...document.querySelectorAll('button, input, select, a')];
          const nameOf = (one) => one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim();
          return {
            wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            nameless: controls.filter((one) => !nameOf(one)).map((one) => one.outerHTML),
            small: [...document.querySelectorAll('button, select, input')].filter((one) => one.offsetParent && one.offsetHeight < 32).map((one) => one.outerHTML),
            headings: document.querySelectorAll('h1').length,
          };
        })()`);
        assert.deepEqual(found, { wider: 0, nameless: [], small: [], headings: 1 }, `${hash} at ${width}`);
      }
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`);
      assert.equal(outline, 'solid');
      await page.close();
    }
  });

  it('tells which webhooks deliver, which do not, and what came of it', async () => {
    const panel = await stage.app.newPanel();
    const page = await visit('#/webhooks', { key: panel.key });
    await page.getByText('There is no webhook.').waitFor();
    const make = async (path: string, answer: number, events: string[]) => {
      const receiver = await stage.newReceiver();
      receiver.answer = () => answer;
      const url = new URL(path, receiver.url).href;
      const made = await panel.call('POST', '/v1/webhooks', { url, events });
      assert.equal(made.status, 201, made.text);
      return { receiver, url };
    };
    const again = async () => {
      await page.reload();
      await signIn(page, panel.key);
    };
    const one = (url: string) => page.getByRole('listitem').filter({ hasText: url });

    const well = await make('/well', 204, ['*']);
    await panel.call('POST', '/v1/support', { service_id: 'told', email: 'a@b.example' });
    await well.receiver.until(1);
    await again();
    await page.getByText('1 webhook, all well.').waitFor();
    await one(well.url).getByText('well', { exact: true }).waitFor();
    await one(well.url).getByText('No delivery was given up.').waitFor();

    const busy = await make('/busy', 503, ['support.suspended']);
    const gone = await make('/gone', 410, ['support.suspended']);
    await panel.call('POST', '/v1/support/told/suspend', {});
    await Promise.all([well.receiver.until(2), busy.receiver.until(1), gone.receiver.until(1)]);
    const states = async () =>
      (await panel.call('GET', '/v1/webhooks')).body.data.map(
        ({ enabled, failing_since: since }: { enabled: boolean; failing_since: string | null }) =>
          `${enabled} ${since === null}`,
      );
    while ((await states()).join() !== 'true true,true false,false true')
      await new Promise((resolve) => setTimeout(resolve, 20));
    await again();
    await page.getByText('2 webhooks of 3 cannot deliver.').waitFor();
    await one(busy.url).getByText('failing', { exact: true }).waitFor();
    await one(busy.url).getByText('It began to fail').waitFor();
    await one(busy.url).getByRole('row', { name: 'support.suspended' }).getByText('The server answered 503.').waitFor();
    await one(gone.url).getByText('disabled', { exact: true }).waitFor();
    await one(gone.url).getByText('so nothing is sent there any more').waitFor();
    const row = one(gone.url).getByRole('row', { name: 'support.suspended' });
    await row.getByText('told').waitFor();
    await row.getByText('The server answered 410 Gone').waitFor();

    // Another panel sees none of it.
    const stranger = await visit('#/webhooks', { key: (await stage.app.newPanel()).key });
    await stranger.getByText('There is no webhook.').waitFor();
    await stranger.close();
    await page.close();
  });

  it('shows the drift of a zone, and what is left outside', async () => {
    const page = await visit('#/drift');
    await page.getByRole('row', { name: 'old TXT' }).getByText('foreign').waitFor();
    await page.getByRole('row', { name: 'mail A' }).getByText('missing').waitFor();
    await page.getByText('svc-01k0a4m2v8q6z3x9c7b5n1d0fg').waitFor();
    await page.close();
  });
});
