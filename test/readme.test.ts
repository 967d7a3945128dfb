/** What README promises to a reader is what the program does: variables, commands, and the first words of a server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { schema } from '../src/config.ts';
import { welcome } from '../src/welcome.ts';

interface Variable {
  name: string;
  /** As it is typed; empty when there is none. */
  fallback: string;
  meaning: string;
}

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const readme = read('README.md');
const { scripts, version } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; version: string };

const wished: Variable[] = Object.entries(
  z.toJSONSchema(schema, { io: 'input' }).properties as Record<string, { default?: unknown; description?: string }>,
).map(([name, { default: fallback, description = '' }]) => ({
  name,
  fallback: fallback === undefined ? '' : String(fallback),
  meaning: description,
}));

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The rows of the table with these headings. */
const tableOf = (markdown: string, headings: string[]): string[][] => {
  const lines = markdown.split('\n');
  const at = lines.findIndex((line) => cellsOf(line).join() === headings.join());
  assert.notEqual(at, -1, `There is no table ${headings.join(', ')}`);
  const rows = lines.slice(at + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map(cellsOf);
};

const unquoted = (cell: string): string => cell.replace(/^`(.*)`$/, '$1');

describe('the configuration', () => {
  it('has a description for every variable', () => {
    assert.deepEqual(
      wished.filter(({ meaning }) => meaning === ''),
      [],
    );
  });

  it('is told by README as it is', () => {
    const told = tableOf(readme, ['Variable', 'Default', 'Meaning']).map(
      ([name = '', fallback = '', meaning = '']) => ({
        name: unquoted(name),
        fallback: unquoted(fallback),
        meaning,
      }),
    );
    assert.deepEqual(told, wished);
  });

  it('is told by .env.example as it is, with every line commented out', () => {
    const [, ...blocks] = read('.env.example').trimEnd().split('\n\n');
    const told = blocks.map((block) => {
      const [, meaning = '', name = '', fallback = ''] = /^# (.*)\n#([A-Z_]+)=(.*)$/.exec(block) ?? [];
      return { name, fallback, meaning };
    });
    assert.deepEqual(told, wished);
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
