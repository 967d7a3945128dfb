/** `npm run generate`: writes the table of deploy/configuration.md and .env.example anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { envExample, withConfigTable } from './support/config-docs.ts';

const page = new URL('../deploy/configuration.md', import.meta.url);
writeFileSync(page, withConfigTable(readFileSync(page, 'utf8')));
writeFileSync(new URL('../.env.example', import.meta.url), envExample());
