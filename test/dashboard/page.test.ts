/** What can be told of the operator's page without a browser: its size, its policy, its colours. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sendAsIs } from '../support/answers.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { read } from '../support/sources.ts';

const css = read('src/features/dashboard/assets/page.css');

/** Custom properties of the first or, for dark, the second `:root`. */
const colours = (scheme: 'light' | 'dark'): Record<string, string> => {
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, block = '']) => block);
  const of = (block = '') =>
    Object.fromEntries([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
  return scheme === 'light' ? of(blocks[0]) : { ...of(blocks[0]), ...of(blocks[1]) };
};

const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** As WCAG 2 defines it. */
const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

describe('the operator’s page', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp(databases[0]!);
  });
  after(() => app.stop());

  for (const scheme of ['light', 'dark'] as const) {
    it(`has colours that can be told apart: ${scheme}`, () => {
      const is = colours(scheme);
      const texts: [string, string][] = [
        ...['bg', 'surface', 'sunk', 'idle-soft'].flatMap((ground): [string, string][] => [
          ['ink', ground],
          ['quiet', ground],
        ]),
        ['accent', 'bg'],
        ['accent', 'surface'],
        ['accent', 'busy-soft'],
        ['on-accent', 'accent'],
        ['surface', 'bad'],
        ['bad', 'surface'],
        ['bad', 'bg'],
        ['ok', 'bg'],
        ['warn', 'surface'],
        ...['ok', 'busy', 'warn', 'bad', 'idle'].map((tone): [string, string] => [tone, `${tone}-soft`]),
      ];
      const weak = (pairs: [string, string][], least: number) =>
        pairs
          .map(([one, other]) => ({ pair: `${one} on ${other}`, ratio: contrast(is[one]!, is[other]!) }))
          .filter(({ ratio }) => !(ratio >= least));
      assert.deepEqual(weak(texts, 4.5), []);
      // Edges of fields, marks and bars.
      assert.deepEqual(
        weak(
          [
            ['edge', 'surface'],
            ['edge', 'bg'],
            ['busy', 'idle-soft'],
            ['accent', 'bg'],
          ],
          3,
        ),
        [],
      );
    });
  }

  it('is small, all its own, and allowed nothing else', async () => {
    const page = await sendAsIs(app.serving.url, { method: 'GET', path: '/' });
    assert.equal(page.status, 200);
    assert.equal(
      page.headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal(page.headers['referrer-policy'], 'no-referrer');
    const loaded = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address = '']) => address);
    assert.deepEqual(
      loaded.filter((address) => !/^(\/dashboard\/[a-z.-]+|\/docs|data:,)$/.test(address)),
      [],
    );
    assert.equal(/<style|style=|<script>|onclick/.test(page.text), false);
    let bytes = Buffer.byteLength(page.text);
    for (const path of new Set(loaded.filter((address) => address.startsWith('/dashboard/')))) {
      const asset = await sendAsIs(app.serving.url, { method: 'GET', path });
      assert.equal(asset.status, 200, path);
      assert.match(asset.headers['content-type']!, path.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      bytes += Buffer.byteLength(asset.text);
    }
    assert.ok(bytes < 66_000, `${bytes} bytes`);
    assert.equal((await sendAsIs(app.serving.url, { method: 'GET', path: '/dashboard/page.html' })).status, 400);
    assert.equal((await sendAsIs(app.serving.url, { method: 'GET', path: '/dashboard/none.js' })).status, 404);
  });

  it('is written with text only: nothing in it makes markup of data', () => {
    const sources = ['account', 'api', 'dialog', 'dom', 'drift', 'live', 'main', 'overview', 'parts', 'site', 'sites'];
    for (const name of sources) {
      const text = read(`src/features/dashboard/page/${name}.ts`);
      assert.equal(
        /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|localStorage|sessionStorage|cookie/.test(text),
        false,
        name,
      );
    }
  });
});
