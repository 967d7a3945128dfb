/** Part of `npm run generate`: the list of licences. */
import { writeFileSync } from 'node:fs';
import { licencesPage } from './support/licences.ts';

writeFileSync(new URL('../deploy/licences.md', import.meta.url), licencesPage());
