/**
 * `npm run test:plans`: runs the tests that ask MariaDB, keeps every statement that our code asks, and asks them all
 * again over a million services: test/plans/plans.test.ts.
 *
 *   npm run test:plans [-- [--services=100000] [--collected=FOLDER] [pattern …]]
 *
 * With --collected what was asked is left in that folder, and taken from there when it is not empty. With patterns only
 * those tests are run. PROVISOR_TEST_VERBOSE=1 names the statements that found nothing, whose plans tell less.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startMariaDb } from '../support/mariadb.ts';
import { createTestRuns } from '../support/test-runs.ts';

const asking = ['test/api/**/*.test.ts', 'src/**/*.test.ts'];

const flag = (name: string): string | undefined =>
  process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const patterns = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const services = flag('services') ?? '1000000';
const kept = flag('collected');

const run = createTestRuns();

const folder = kept === undefined ? await mkdtemp(join(tmpdir(), 'provisor-asked-')) : resolve(kept);
await mkdir(folder, { recursive: true });
// So that a million services are made and read from memory.
const server = await startMariaDb(['--innodb-buffer-pool-size=1G']);
try {
  const PROVISOR_TEST_MYSQL_URL = server.url('');
  const asked =
    (await readdir(folder)).length > 0
      ? 0
      : await run(patterns.length > 0 ? patterns : asking, {
          PROVISOR_TEST_MYSQL_URL,
          PROVISOR_TEST_QUERIES: folder,
        });
  process.exitCode =
    asked !== 0
      ? asked
      : await run(['--file-timeout=1500', 'test/plans/*.test.ts'], {
          PROVISOR_TEST_MYSQL_URL,
          PROVISOR_TEST_COLLECTED: folder,
          PROVISOR_TEST_SERVICES: services,
          PROVISOR_TEST_PART: patterns.length > 0 || Number(services) < 1_000_000 ? 'yes' : 'no',
        });
} finally {
  await server.stop();
  if (kept === undefined) await rm(folder, { recursive: true, force: true });
}
