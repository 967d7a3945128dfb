/** The sources as data: which files there are, what each imports, and what stands in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The text of a file, by its path from the root. */
export const read = (file: string): string => readFileSync(join(root, file), 'utf8');
export const isTestFile = (file: string): boolean =>
  /\.(test|fixture)\.ts$/.test(file) || file.startsWith('test/') || file.includes('/testdata/');

const ignored = read('.gitignore').split('\n').filter(Boolean);
const isIgnored = (name: string): boolean =>
  name === '.git' || ignored.some((pattern) => matchesGlob(name, pattern.replace(/\/$/, '')));

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !isIgnored(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name).split(sep).join('/');
      return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
    });

/** Every file that is or will be tracked, by its path from the root. */
export const allFiles = filesIn('.');
export const sources = allFiles.filter((file) => /^(src|test)\/.*\.ts$/.test(file));
/** What runs when Provisor runs. */
export const production = sources.filter((file) => file.startsWith('src/') && !isTestFile(file));

export interface Import {
  file: string;
  /** A path from the root, or a package's name. */
  to: string;
  ours: boolean;
}

export const importsOf = (file: string): Import[] =>
  ts.preProcessFile(read(file), true, true).importedFiles.map(({ fileName }) => {
    const ours = fileName.startsWith('.');
    const path = relative(root, join(root, dirname(file), fileName));
    return { file, ours, to: ours ? path.split(sep).join('/') : fileName };
  });

/** Calls `look` with every node of a file. */
export const walk = (file: string, look: (node: ts.Node) => void): void => {
  const visit = (node: ts.Node): void => {
    look(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
};
