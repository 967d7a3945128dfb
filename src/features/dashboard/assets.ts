/**
 * The files of the operator's page, read once. `page/*.ts` are its sources; the scripts in `assets/` are the same without
 * their types, and `npm run generate` writes them.
 */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('./assets/', import.meta.url);

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

export interface Assets {
  page: string;
  files: ReadonlyMap<string, { type: string; content: string }>;
}

export const readAssets = (): Assets => {
  // Indentation is for whoever reads it here.
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8').replaceAll(/^ +/gm, '');
  const names = readdirSync(folder).filter((name) => name !== 'page.html');
  const files = names.map((name) => [name, { type: types[name.split('.').at(-1)!]!, content: read(name) }] as const);
  // Without it each module would be asked for only when the one before has come.
  const scripts = names.filter((name) => name.endsWith('.js'));
  const preloads = scripts.map((name) => `<link rel="modulepreload" href="/dashboard/${name}">`).join('\n');
  return { page: read('page.html').replace('<!-- modules -->', preloads), files: new Map(files) };
};
