import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCompute } from '../../src/adapters/compute/local/index.ts';
import { quiet } from '../support/app.ts';
import { computeSuite } from './compute.suite.ts';

computeSuite('compute/local', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor-local-'));
  const { port } = createLocalCompute({ dataDir, log: quiet });
  const site = (name: string, ...path: string[]) => join(dataDir, 'sites', name, ...path);
  return {
    port,
    placeForeign: async ({ name }) => {
      await mkdir(site(name), { recursive: true });
      await writeFile(site(name, 'note'), 'not ours');
      return async () => [await readdir(site(name)), await readFile(site(name, 'note'), 'utf8')];
    },
    data: {
      write: ({ name }, text) => writeFile(site(name, 'www', 'data'), text),
      read: ({ name }) => readFile(site(name, 'www', 'data'), 'utf8').catch(() => null),
    },
    sizeOf: async ({ name }) => JSON.parse(await readFile(site(name, 'site.json'), 'utf8')).resources,
    close: () => rm(dataDir, { recursive: true, force: true }),
  };
});
