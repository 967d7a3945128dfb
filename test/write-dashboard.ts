/** `npm run generate`: writes the scripts of the operator's page anew. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { assetsFolder, dashboardAssets } from './support/dashboard-assets.ts';

const wished = dashboardAssets();
for (const name of readdirSync(assetsFolder)) {
  if (name.endsWith('.js') && !wished.has(name)) rmSync(new URL(name, assetsFolder));
}
for (const [name, content] of wished) writeFileSync(new URL(name, assetsFolder), content);
