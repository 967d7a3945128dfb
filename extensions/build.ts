/**
 * `npm run build:extensions`: each panel's extension as one folder to copy and
 * one zip to upload, in dist/. The client and what our extensions share are
 * copied into each, under names of its own: a panel that has two of them, in two
 * versions, then loads two clients and not a mixture. The same sources make the
 * same bytes. Beside them the client for TypeScript, packed.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Zippable, zipSync } from 'fflate';
import { buildClient } from './clients/typescript/build.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

interface Extension {
  /** As the panel knows it: `Servers/ProvisorSites`. */
  path: string;
  /** The name of its zip, without the version. */
  zip: string;
}

const extensions: readonly Extension[] = [
  { path: 'Servers/ProvisorSites', zip: 'provisor-sites' },
  { path: 'Servers/ProvisorSupport', zip: 'provisor-support' },
  { path: 'Others/ProvisorDns', zip: 'provisor-dns' },
];

/** What is copied into every extension: the folder it comes from, the one it gets, and its namespace here. */
const vendored = [
  { from: 'clients/php/src', to: 'Client', namespace: 'Provisor\\Client' },
  { from: 'paymenter/Shared', to: 'Shared', namespace: 'Provisor\\Paymenter' },
] as const;

/** Files below a folder, by their path from it, in the order of their names. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

const readTree = (folder: string, prefix = ''): Map<string, Buffer> =>
  new Map(filesIn(folder).map((file) => [prefix + file, readFileSync(join(folder, file))]));

/** Puts our namespaces below the extension's own. */
const renamed = (php: string, { path }: Extension): string => {
  const own = `Paymenter\\Extensions\\${path.replace('/', '\\')}`;
  return vendored.reduce(
    (text, { namespace, to }) =>
      text
        .replaceAll(`${namespace}\\`, `${own}\\${to}\\`)
        .replaceAll(`namespace ${namespace};`, `namespace ${own}\\${to};`),
    php,
  );
};

/** The files of an extension as they are shipped. */
const filesOf = (extension: Extension): Map<string, Buffer> => {
  const files = new Map([
    ...readTree(join(here, 'paymenter', extension.path)),
    ...vendored.flatMap(({ from, to }) => [...readTree(join(here, from), `${to}/`)]),
    ['LICENSE', readFileSync(join(here, '..', 'LICENSE'))] as const,
  ]);
  const shipped = [...files].map(
    ([name, bytes]) =>
      [name, name.endsWith('.php') ? Buffer.from(renamed(bytes.toString('utf8'), extension)) : bytes] as const,
  );
  return new Map(shipped.sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** From the attribute that the panel reads it from. Errors: there is none. */
const versionOf = ({ path }: Extension, files: Map<string, Buffer>): string => {
  const main = `${path.split('/')[1]}.php`;
  const version = /^ {4}version: '(\d+\.\d+\.\d+)',$/m.exec(files.get(main)?.toString('utf8') ?? '')?.[1];
  if (!version) throw new Error(`${path}/${main} says no version`);
  return version;
};

const zipped = ({ path }: Extension, files: Map<string, Buffer>): Uint8Array => {
  // The fields of this date are written as they are, in whatever time zone it runs.
  const mtime = new Date(1980, 0, 1);
  const folder = path.split('/')[1];
  const entries: Zippable = {};
  for (const [name, bytes] of files) entries[`${folder}/${name}`] = [bytes, { mtime, os: 3, attrs: 0o100644 << 16 }];
  return zipSync(entries, { level: 9 });
};

/** Builds all of them into a folder, which is emptied before. Returns the names of the zips. */
export const buildExtensions = (target: string): string[] => {
  rmSync(target, { recursive: true, force: true });
  return extensions.map((extension) => {
    const files = filesOf(extension);
    for (const [name, bytes] of files) {
      const file = join(target, extension.path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    const zip = `${extension.zip}-${versionOf(extension, files)}.zip`;
    writeFileSync(join(target, zip), zipped(extension, files));
    return zip;
  });
};

if (import.meta.main) {
  const dist = join(here, '..', 'dist');
  for (const file of [...buildExtensions(dist), buildClient(dist)]) process.stdout.write(`dist/${file}\n`);
}
