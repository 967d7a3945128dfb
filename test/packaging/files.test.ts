/** What deploy/ ships for containers and for systemd, as far as it can be held against something without running it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { load } from 'js-yaml';
import { variables } from '../support/config-docs.ts';
import { programPath, runProgram } from '../support/program.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const read = (file: string): string => readFileSync(path(file), 'utf8');
const { scripts, version } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; version: string };
const dockerfile = read('deploy/Dockerfile');
const unit = read('deploy/systemd/provisor.service');

interface Service {
  environment?: Record<string, string>;
  image?: string;
  read_only?: boolean;
  stop_grace_period?: string;
  volumes?: string[];
}
const compose = load(read('deploy/compose.yaml')) as { services: Record<string, Service>; volumes: object };

describe('the Dockerfile', () => {
  it('has nothing that its validator minds', () => {
    assert.deepEqual(
      validate(dockerfile).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
      [],
    );
  });

  it('names every base image with a version, and ends as a user who is not root', () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image);
    assert.equal(images.length, 2);
    for (const image of images) assert.match(image, /^[a-z]+:(?!latest)[\w.-]+$/);
    assert.match([...dockerfile.matchAll(/^USER (.+)$/gm)].at(-1)?.[1] ?? '', /^[1-9]\d+:[1-9]\d+$/);
  });

  it('adds nothing that is fetched, and puts no secret into the image', () => {
    assert.doesNotMatch(dockerfile, /^ADD |curl|wget|PASSWORD|TOKEN|PEPPER|SECRET/m);
  });

  it('starts the program as npm start does', () => {
    const command = (JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[]).join(' ');
    assert.equal(scripts.start, `exec ${command}`);
  });
});

describe('compose.yaml', () => {
  it('asks for what it needs in words, and knows no secret', () => {
    for (const [name, { environment = {} }] of Object.entries(compose.services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|PEPPER|URL/.test(variable) && variable !== 'MARIADB_RANDOM_ROOT_PASSWORD')
          assert.match(value, /\$\{\w+:\?set it in deploy\/\.env\}/, `${name}: ${variable}`);
      }
    }
  });

  it('sets only variables that Provisor has, and this release of it', () => {
    const known = new Set(variables.map(({ name }) => name));
    const set = Object.keys(compose.services.provisor?.environment ?? {});
    assert.deepEqual(
      set.filter((name) => !known.has(name)),
      [],
    );
    assert.equal(compose.services.provisor?.image, `provisor:${version}`);
  });

  it('keeps what must last in volumes that it declares, and the rest read-only', () => {
    const named = Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] ?? '').filter((name) => !name.startsWith('.')),
    );
    assert.deepEqual([...new Set(named)].sort(), Object.keys(compose.volumes).sort());
    assert.equal(compose.services.provisor?.read_only, true);
    assert.equal(compose.services.provisor?.stop_grace_period, '50s');
  });
});

describe('the Caddyfile', () => {
  it('is one that Caddy takes', async () => {
    const env = { ...process.env, API_ADDRESS: 'https://api.example.com', SITES_ADDRESS: 'http://*.example.com' };
    await runProgram(
      programPath('caddy', 'caddy'),
      ['validate', '--adapter', 'caddyfile', '--config', path('deploy/Caddyfile')],
      {
        env,
      },
    );
  });
});

describe('the unit of systemd', () => {
  it('starts the program as npm start does, and gives it as long to end', () => {
    const start = /^ExecStart=\/opt\/provisor\/node_modules\/\.bin\/(.+)$/m.exec(unit)?.[1];
    assert.equal(scripts.start, `exec ${start}`);
    assert.match(unit, /^TimeoutStopSec=45$/m);
  });

  it('is one that systemd understands, and exposes little', async () => {
    const analyze = programPath('systemd-analyze', 'systemd');
    // It minds only that there is no release in /opt/provisor here.
    const minded = await runProgram(analyze, ['verify', '--man=no', path('deploy/systemd/provisor.service')]).then(
      ({ stderr }) => stderr,
      (error: { stderr: string }) => error.stderr,
    );
    assert.deepEqual(
      minded.split('\n').filter((line) => line.includes('provisor.service') && !line.includes('is not executable')),
      [],
    );
    await runProgram(analyze, ['security', '--offline=yes', '--threshold=20', path('deploy/systemd/provisor.service')]);
  });
});
