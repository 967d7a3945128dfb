/** The extensions as they are shipped, and the PHP client, driven by PHPUnit against a live Provisor. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildExtensions } from '../../extensions/build.ts';
import { type Stage, startStage } from './stage.ts';

const php = fileURLToPath(new URL('./php/', import.meta.url));

describe('extensions for Paymenter', () => {
  let stage: Stage;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-extensions-'));
    buildExtensions(folder);
    stage = await startStage();
  });
  after(async () => {
    await stage.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const phpunit = async (file: string): Promise<{ code: number | null; output: string }> => {
    const poor = await stage.app.newPanel({ scopes: ['plans:read'] });
    const child = spawn(
      'phpunit',
      ['--configuration', join(php, 'phpunit.xml'), '--testdox', join(php, 'Tests', file)],
      {
        env: {
          PATH: process.env.PATH,
          TMPDIR: tmpdir(),
          PROVISOR_STAGE_URL: stage.url,
          PROVISOR_STAGE_APP: stage.app.serving.url,
          PROVISOR_STAGE_KEY: stage.app.panel.key,
          PROVISOR_STAGE_POOR_KEY: poor.key,
          PROVISOR_STAGE_EXTENSIONS: folder,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  };

  for (const file of [
    'ClientTest.php',
    'SitesTest.php',
    'ComplaintsTest.php',
    'SitePanelTest.php',
    'SupportTest.php',
    'SeedCallsTest.php',
    'ZonesPageTest.php',
    'ZonePageTest.php',
  ]) {
    it(`pass ${file}`, async (context) => {
      const { code, output } = await phpunit(file);
      assert.equal(code, 0, output);
      const told = /^OK \((\d+) tests?, \d+ assertions?\)$/m.exec(output);
      assert.ok(told && Number(told[1]) > 0, output);
      context.diagnostic(`${file}: ${told[0]}`);
    });
  }
});
