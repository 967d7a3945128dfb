/** The operator's page while its server goes away and comes back. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { startServer } from '../support/server-process.ts';
import { launchBrowser, signIn } from './stage.ts';

describe('the operator’s page, when its server is killed', () => {
  let browser: Browser;
  let dataDir: string;
  before(async () => {
    browser = await launchBrowser();
    dataDir = await mkdtemp(join(tmpdir(), 'provisor-page-'));
  });
  after(async () => {
    await browser?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('says so, connects anew by itself, and shows what happened since', async () => {
    const first = await startServer(dataDir);
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(first.url);
    await signIn(page, first.key);
    await page.getByText('Live', { exact: true }).waitFor();
    await first.end('SIGKILL');
    await page.getByText('Not connected, trying again…').waitFor();
    await page.getByRole('link', { name: 'Plans' }).click();
    await page.getByText('The server cannot be reached.').waitFor();

    const second = await startServer(dataDir, { PROVISOR_PORT: new URL(first.url).port });
    try {
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('rowheader', { name: 'premium' }).waitFor();
      await page.getByRole('link', { name: 'Overview' }).click();
      const made = await fetch(`${second.url}/v1/sites`, {
        method: 'POST',
        headers: { authorization: `Bearer ${second.key}`, 'content-type': 'application/json', prefer: 'wait=20' },
        body: JSON.stringify({ service_id: '1', email: 'alice@example.com', plan: 'basic' }),
      });
      assert.equal(made.status, 201);
      await page.getByRole('link', { name: '1 active' }).waitFor();
      await page.close();
    } finally {
      await second.end('SIGTERM');
    }
  });
});
