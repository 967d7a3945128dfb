/** `npm run screenshots`: the pictures of the operator's page, with what a furnished installation shows. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { furnish, launchBrowser, settled, signIn, startStage } from './stage.ts';

const folder = fileURLToPath(new URL('../../deploy/screenshots/', import.meta.url));

const views = [
  { name: 'overview', hash: '#/', wait: 'Needs attention' },
  { name: 'sites', hash: '#/sites', wait: 'sites shown' },
  { name: 'site', hash: '#/sites/1002', wait: 'Up for' },
  { name: 'operations', hash: '#/operations', wait: 'Restart site' },
  { name: 'drift', hash: '#/drift', wait: 'left from before' },
  { name: 'webhooks', hash: '#/webhooks', wait: '410 Gone' },
];
const looks = [
  { name: '', width: 1120, height: 760, colorScheme: 'light' },
  { name: '-dark', width: 1120, height: 760, colorScheme: 'dark' },
  { name: '-narrow', width: 360, height: 740, colorScheme: 'light' },
] as const;

await mkdir(folder, { recursive: true });
const stage = await startStage();
const browser = await launchBrowser();
try {
  await furnish(stage);
  for (const { name: look, width, height, colorScheme } of looks) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(stage.app.serving.url);
    await page.screenshot({ path: `${folder}sign-in${look}.png` });
    await signIn(page, stage.app.panel.key);
    for (const { name, hash, wait } of views) {
      await page.goto(`${stage.app.serving.url}/${hash}`);
      await page.getByText(wait).first().waitFor();
      await settled(page);
      await page.screenshot({ path: `${folder}${name}${look}.png`, fullPage: true });
    }
    await page.goto(`${stage.app.serving.url}/#/sites/1002`);
    await page.getByRole('button', { name: 'Delete', exact: true }).first().click();
    await page.getByRole('dialog').waitFor();
    await page.screenshot({ path: `${folder}confirm${look}.png` });
    await page.close();
  }
} finally {
  await browser.close();
  await stage.stop();
}
