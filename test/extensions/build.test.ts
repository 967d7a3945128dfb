/** What is shipped: the same bytes from the same sources, whole, and under names of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { buildExtensions } from '../../extensions/build.ts';

const shipped = ['Servers/ProvisorSites', 'Servers/ProvisorSupport', 'Others/ProvisorDns'];
const script = fileURLToPath(new URL('../../extensions/build.ts', import.meta.url));

describe('building the extensions', () => {
  let folder: string;
  let zips: string[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-build-'));
    zips = buildExtensions(join(folder, 'one'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('makes a zip with a version for each', () => {
    assert.deepEqual(zips, ['provisor-sites-1.0.0.zip', 'provisor-support-1.0.0.zip', 'provisor-dns-1.0.0.zip']);
  });

  it('makes the same bytes again, in another time zone too', async () => {
    const other = join(folder, 'other');
    const run = `import(${JSON.stringify(script)}).then(({ buildExtensions }) => buildExtensions(${JSON.stringify(other)}))`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', run], {
      env: { PATH: process.env.PATH, TZ: 'Pacific/Kiritimati' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    for (const zip of zips) {
      assert.deepEqual(await readFile(join(other, zip)), await readFile(join(folder, 'one', zip)));
    }
  });

  it('zips what the folder to copy holds: one folder, with the class that the panel looks for at its top', async () => {
    for (const [at, path] of shipped.entries()) {
      const name = path.split('/')[1]!;
      const entries = unzipSync(await readFile(join(folder, 'one', zips[at]!)));
      const tree = join(folder, 'one', path);
      const files = (await readdir(tree, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1));
      assert.deepEqual(Object.keys(entries), files.map((file) => `${name}/${file}`).sort());
      const top = Object.keys(entries).filter((entry) => /^[^/]+\/[^/]+\.php$/.test(entry));
      assert.ok(top.includes(`${name}/${name}.php`));
      for (const needed of ['Client/Client.php', 'Shared/Words.php', 'README.md', 'LICENSE'])
        assert.ok(files.includes(needed));
      for (const [entry, bytes] of Object.entries(entries)) {
        assert.deepEqual(Buffer.from(bytes), await readFile(join(tree, entry.slice(name.length + 1))));
      }
    }
  });

  it('leaves no name that two extensions share', async () => {
    for (const path of shipped) {
      const tree = join(folder, 'one', path);
      const files = (await readdir(tree, { recursive: true })).filter((file) => file.endsWith('.php'));
      for (const file of files) {
        const text = await readFile(join(tree, file), 'utf8');
        assert.doesNotMatch(text, /(namespace|use) Provisor\\/, file);
        const declared = /^namespace (.+);$/m.exec(text)?.[1];
        if (!declared) continue;
        const wished = ['Paymenter', 'Extensions', ...path.split('/'), ...file.split('/').slice(0, -1)].join('\\');
        assert.equal(declared, wished, file);
      }
    }
  });
});
