/** Part of `npm run check`: what is made by `npm run generate` and committed is as its sources are now. */
import { readdirSync, readFileSync } from 'node:fs';
import openapiTypes, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { assetsFolder, dashboardAssets } from './support/dashboard-assets.ts';

const contract = new URL('../openapi.yaml', import.meta.url);
const generated = new URL('../src/contract/api.gen.ts', import.meta.url);

// What the command line tool writes, byte for byte.
const wished = `${COMMENT_HEADER}${astToString(await openapiTypes(contract, { silent: true }))}`;

if (readFileSync(generated, 'utf8') !== wished) {
  process.stderr.write('src/contract/api.gen.ts is out of date: run npm run generate\n');
  process.exitCode = 1;
}

const scripts = dashboardAssets();
const stale = readdirSync(assetsFolder)
  .filter((name) => name.endsWith('.js') && !scripts.has(name))
  .concat([...scripts].filter(([name, content]) => readAsset(name) !== content).map(([name]) => name));
for (const name of stale) {
  process.stderr.write(`src/features/dashboard/assets/${name} is out of date: run npm run generate\n`);
  process.exitCode = 1;
}

function readAsset(name: string): string | null {
  try {
    return readFileSync(new URL(name, assetsFolder), 'utf8');
  } catch {
    return null;
  }
}
