/** All PHP of ours: it parses, keeps PSR-12, and PHPMD has nothing to say. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allFiles, read } from '../support/sources.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = allFiles.filter((file) => file.endsWith('.php') && !file.endsWith('.blade.php'));

/** What a tool says, when it says that something is wrong. */
const complaints = (tool: string, ...args: string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  return status === 0 ? '' : `${stdout}${stderr}`;
};

describe('the PHP of the extensions', () => {
  it('is found', () => {
    assert.ok(files.length > 60);
  });

  it('parses', () => {
    assert.deepEqual(files.map((file) => complaints('php', '-l', file)).filter(Boolean), []);
  });

  it('keeps PSR-12', () => {
    assert.equal(complaints('phpcs', '--standard=extensions/phpcs.xml', '-q', ...files), '');
  });

  it('is clean to PHPMD', () => {
    const shipped = files.filter((file) => file.startsWith('extensions/'));
    // Stand-ins have the parameters and names of what they stand for.
    const tests = files.filter((file) => file.startsWith('test/') && !file.includes('/StandIns/'));
    for (const some of [shipped, tests])
      assert.equal(complaints('phpmd', some.join(','), 'text', 'extensions/phpmd.xml'), '');
  });

  it('says what every function returns and what every property holds', () => {
    const untyped = files
      .filter((file) => file.startsWith('extensions/'))
      .flatMap((file) => {
        const text = read(file);
        const functions = text.match(/function (?!__construct)\w+\([^{;]*?\)[^{;:]*[{;]/g) ?? [];
        const properties = text.match(/^ {4}(public|private|protected)( static| readonly)* \$\w+/gm) ?? [];
        return [...functions, ...properties].map((found) => `${file}: ${found}`);
      });
    assert.deepEqual(untyped, []);
  });
});
