/** The scripts of the operator's page, made from their sources: types, comments and indentation go. */
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

const sources = new URL('../../src/features/dashboard/page/', import.meta.url);
export const assetsFolder = new URL('../../src/features/dashboard/assets/', import.meta.url);

export const dashboardAssets = (): Map<string, string> =>
  new Map(
    readdirSync(sources)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => {
        const { outputText } = ts.transpileModule(readFileSync(new URL(name, sources), 'utf8'), {
          compilerOptions: {
            target: ts.ScriptTarget.ES2022,
            module: ts.ModuleKind.ES2022,
            verbatimModuleSyntax: true,
            removeComments: true,
            rewriteRelativeImportExtensions: true,
          },
        });
        const asset = name.replace(/\.ts$/, '.js');
        return [asset, `// Made by npm run generate from page/${name}.\n${outputText.replaceAll(/^ +/gm, '')}`];
      }),
  );
