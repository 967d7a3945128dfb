/** The container image from the inside: what is in it runs, as the user it names, with nothing of the image writable. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Image, layImage } from '../support/image.ts';
import { freePorts } from '../support/program.ts';

const isRoot = process.getuid?.() === 0;

describe('the container image', () => {
  let image: Image;
  let data: string;
  let environment: Record<string, string>;

  before(async () => {
    image = await layImage();
    data = await mkdtemp(join(tmpdir(), 'provisor-image-data-'));
    await chmod(data, 0o700);
    // Who is not root cannot become somebody else, and is at least not root.
    if (isRoot) await chown(data, image.user, image.user);
    const [port = 0, sitesPort = 0, dnsPort = 0] = await freePorts(3);
    environment = {
      NODE_ENV: 'production',
      PATH: `${image.app}/node_modules/.bin:/usr/bin:/bin`,
      PROVISOR_HOST: '127.0.0.1',
      PROVISOR_DATA_DIR: data,
      PROVISOR_PORT: String(port),
      PROVISOR_SITES_PORT: String(sitesPort),
      PROVISOR_DNS_PORT: String(dnsPort),
    };
  });
  after(async () => {
    await image.remove();
    await rm(data, { recursive: true, force: true });
  });

  const as = () => ({
    cwd: image.app,
    env: environment,
    ...(isRoot ? { uid: image.user, gid: image.user } : {}),
  });
  const run = ([program = '', ...args]: string[]) => promisify(execFile)(program, args, as());
  const provisor = async (...args: string[]) =>
    JSON.parse((await run(['node', 'src/cli.ts', ...args, '--json'])).stdout) as Record<string, unknown>;

  it('has what the program needs and no more', async () => {
    const entries = await readdir(image.app);
    assert.deepEqual(entries.sort(), [
      'LICENSE',
      'deploy',
      'migrations',
      'node_modules',
      'openapi.yaml',
      'package.json',
      'src',
    ]);
    const files = await readdir(join(image.app, 'src'), { recursive: true });
    assert.deepEqual(
      files.filter((file) => file.endsWith('.test.ts') || /testdata.*\.ts$/.test(file)),
      [],
    );
    const packages = await readdir(join(image.app, 'node_modules'));
    assert.ok(!packages.includes('typescript') && !packages.includes('@biomejs'));
  });

  it('runs as its user, is healthy, makes a site, answers its operator, and ends when told to', async () => {
    const [program = '', ...args] = image.command;
    const child = spawn(program, args, { ...as(), stdio: ['ignore', 'pipe', 'pipe'] });
    let wrote = '';
    const ready = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          wrote += text;
          if (wrote.includes('"msg":"Ready"')) resolve();
        });
      }
      child.once('exit', () => reject(new Error(`It ended:\n${wrote}`)));
    });
    try {
      await ready;
      await run(image.healthcheck);
      const site = await provisor('sites', 'create', '1001', '--email', 'alice@example.com', '--plan', 'basic');
      assert.equal(site.state, 'active', JSON.stringify(site));
      const { healthy, findings } = await provisor('doctor');
      assert.equal(healthy, true, JSON.stringify(findings));
      assert.match(await readFile(join(data, 'panel.key'), 'utf8'), /^pvr_/);
    } finally {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
    }
    assert.equal(child.exitCode, 0, wrote);
    await assert.rejects(run(image.healthcheck), /ECONNREFUSED/);
  });
});
