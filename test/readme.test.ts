/** What README and the pages of deploy/ promise to a reader is what the program does: variables, commands, and the first words of a server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { welcome } from '../src/welcome.ts';
import { envExample, variables, withConfigTable } from './support/config-docs.ts';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const readme = read('README.md');
const { scripts, version } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; version: string };

describe('the configuration', () => {
  it('has a description for every variable', () => {
    assert.deepEqual(
      variables.filter(({ meaning }) => meaning === ''),
      [],
    );
  });

  it('is told by its page and .env.example as it is: npm run generate writes both', () => {
    const page = read('deploy/configuration.md');
    assert.equal(page, withConfigTable(page));
    assert.equal(read('.env.example'), envExample());
  });
});

describe('the commands', () => {
  for (const file of ['README.md', 'CONTRIBUTING.md']) {
    it(`of ${file} are scripts of package.json`, () => {
      const code = read(file).match(/```[\s\S]*?```|`[^`\n]+`/g) ?? [];
      const named = [...code.join('\n').matchAll(/\bnpm (?:run (?:-s )?)?([a-z][a-z:-]*)/g)].map(
        ([, name = '']) => name,
      );
      assert.ok(named.length > 0);
      assert.deepEqual(
        named.filter((name) => name !== 'ci' && !Object.hasOwn(scripts, name)),
        [],
      );
    });
  }
});

describe('the first start', () => {
  it('prints what README shows', () => {
    const words = welcome({
      url: 'http://127.0.0.1:8080',
      keyFile: resolve('.provisor/panel.key'),
      firstSite: 'http://alice.sites.localhost:8081/',
      version,
    });
    assert.ok(readme.includes(`\`\`\`\n${words.trim()}\n\`\`\``), words);
  });
});
