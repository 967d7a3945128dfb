/**
 * The test runner behind `npm test`: one MariaDB for all test files when it is
 * installed, then Node's own test runner, then a line of what ran on what.
 *
 *   node test/run.ts [--flag=value …] [pattern …]
 *
 * Flags go to `node --test`, e.g. --test-name-pattern=lease (always with `=`);
 * --file-timeout=SECONDS is ours: how long one test file may take.
 * PROVISOR_TEST_MYSQL_URL=mysql://root@host:port/ uses that server instead of a
 * MariaDB of our own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { hasMariaDb, startMariaDb } from './support/mariadb.ts';

const defaultPatterns = [
  'src/**/*.test.ts',
  'test/*.test.ts',
  'test/api/**/*.test.ts',
  'test/conformance/**/*.test.ts',
];

const timeoutFlag = /^--file-timeout=(\d+)$/;
const timeoutSeconds = process.argv.map((arg) => timeoutFlag.exec(arg)?.[1]).find((found) => found !== undefined);
const fileTimeoutMs = Number(timeoutSeconds ?? 120) * 1000;

// --test-timeout ends a test, but not a file whose tests are over and which a
// forgotten connection keeps alive. This runs in each test file's process.
const deadline = `
  if (process.env.NODE_TEST_CONTEXT) {
    setTimeout(() => {
      console.error('Still alive after ${fileTimeoutMs} ms:', process.argv[1], process.getActiveResourcesInfo());
      process.exit(1);
    }, ${fileTimeoutMs}).unref();
  }`;

const say = (line: string) => process.stdout.write(`${line}\n`);

const givenServer = async (url: string) => {
  const connection = await createConnection(url);
  const [rows] = await connection.query('SELECT VERSION() AS version').finally(() => connection.destroy());
  const [row] = rows as { version: string }[];
  return { url, version: String(row?.version), stop: async () => {} };
};

const ownServer = async () => {
  const server = await startMariaDb();
  return { url: server.url(''), version: server.version, stop: server.stop };
};

/** A signal may come while the server is still starting: it is kept, and obeyed as soon as there is an end to make. */
const listenForSignals = () => {
  let received: NodeJS.Signals | undefined;
  let forward: (signal: NodeJS.Signals) => void = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      received = signal;
      forward(signal);
    });
  }
  return {
    received: () => received,
    forwardTo: (next: (signal: NodeJS.Signals) => void) => {
      forward = next;
    },
  };
};

const runTests = async (
  args: readonly string[],
  environment: Record<string, string>,
  signals: ReturnType<typeof listenForSignals>,
): Promise<number> => {
  const flags = args.filter((arg) => arg.startsWith('-') && !timeoutFlag.test(arg));
  const patterns = args.filter((arg) => !arg.startsWith('-'));
  const child = spawn(
    process.execPath,
    [
      '--test',
      // Most of a test's time is waiting for a database, so one file more than the two cores.
      '--test-concurrency=3',
      `--test-timeout=${fileTimeoutMs}`,
      `--import=data:text/javascript,${encodeURIComponent(deadline)}`,
      ...flags,
      ...(patterns.length > 0 ? patterns : defaultPatterns),
    ],
    {
      cwd: dirname(dirname(fileURLToPath(import.meta.url))),
      env: { ...process.env, ...environment },
      stdio: 'inherit',
    },
  );
  signals.forwardTo((signal) => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
};

const signals = listenForSignals();
const given = process.env.PROVISOR_TEST_MYSQL_URL;
const server = given ? await givenServer(given) : hasMariaDb() ? await ownServer() : undefined;
if (!server) {
  say('\n>>> MariaDB is not installed: its tests are LEFT OUT. On Debian: apt-get install mariadb-server\n');
}
// Test files that are killed leave their files behind; so all of them go in here.
const temporary = await mkdtemp(join(tmpdir(), 'provisor-test-'));
await chmod(temporary, 0o755);
try {
  const environment = {
    TMPDIR: temporary,
    // Suites that start many processes compile our code once.
    NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/provisor-tests', import.meta.url)),
    ...(server ? { PROVISOR_TEST_MYSQL_URL: server.url } : {}),
  };
  if (!signals.received()) process.exitCode = await runTests(process.argv.slice(2), environment, signals);
} finally {
  await server?.stop();
  await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
}
const ended = signals.received();
if (ended) process.exitCode = 128 + constants.signals[ended];
const mysql = server ? `MySQL/MariaDB ${server.version}` : 'MariaDB not run (not installed)';
say(
  `${ended ? `Stopped by ${ended}. ` : ''}Ran on Node ${process.versions.node}, SQLite ${process.versions.sqlite}, ${mysql}.`,
);
