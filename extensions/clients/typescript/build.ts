/**
 * The client as it is published: JavaScript, types, and the contract's own types
 * beside them, packed by npm. Nothing of it leads out of the package.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const contract = '../../../../src/contract/api.gen.ts';

const options = {
  target: 'es2022',
  lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: [],
  module: 'nodenext',
  strict: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  declaration: true,
  rootDir: 'src',
  outDir: 'dist',
};

/** Declarations name what lies beside them as JavaScript does. */
const mendTypes = (folder: string): void => {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.d.ts'))) {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(from '\.\/[\w.-]+)\.ts'/g, "$1.js'"));
  }
};

/** Builds and packs it into a folder. Returns the name of the tarball. */
export const buildClient = (target: string): string => {
  const work = mkdtempSync(join(tmpdir(), 'provisor-client-'));
  try {
    cpSync(join(here, 'src'), join(work, 'src'), { recursive: true });
    cpSync(join(root, 'src/contract/api.gen.ts'), join(work, 'src/api.gen.ts'));
    const entry = join(work, 'src/contract.ts');
    writeFileSync(entry, readFileSync(entry, 'utf8').replace(contract, './api.gen.ts'));
    for (const name of ['package.json', 'README.md']) cpSync(join(here, name), join(work, name));
    cpSync(join(root, 'LICENSE'), join(work, 'LICENSE'));
    mkdirSync(join(work, 'node_modules'));
    for (const name of ['openapi-fetch', 'openapi-typescript-helpers'])
      cpSync(join(root, 'node_modules', name), join(work, 'node_modules', name), { recursive: true });
    writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['src'] }));
    execFileSync(process.execPath, [tsc, '-p', work], { stdio: ['ignore', 'inherit', 'inherit'] });
    mendTypes(join(work, 'dist'));
    mkdirSync(target, { recursive: true });
    const said = execFileSync('npm', ['pack', '--silent', '--pack-destination', target], {
      cwd: work,
      encoding: 'utf8',
    });
    return said.trim();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
