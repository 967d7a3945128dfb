/** Part of `npm run check`: the committed types are those of the contract as it is now. */
import { readFileSync } from 'node:fs';
import openapiTypes, { astToString, COMMENT_HEADER } from 'openapi-typescript';

const contract = new URL('../openapi.yaml', import.meta.url);
const generated = new URL('../src/contract/api.gen.ts', import.meta.url);

// What the command line tool writes, byte for byte.
const wished = `${COMMENT_HEADER}${astToString(await openapiTypes(contract, { silent: true }))}`;

if (readFileSync(generated, 'utf8') !== wished) {
  process.stderr.write('src/contract/api.gen.ts is out of date: run npm run generate\n');
  process.exitCode = 1;
}
