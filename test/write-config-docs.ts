/** `npm run generate`: writes the table of README and .env.example anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { envExample, withConfigTable } from './support/config-docs.ts';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withConfigTable(readFileSync(readme, 'utf8')));
writeFileSync(new URL('../.env.example', import.meta.url), envExample());
