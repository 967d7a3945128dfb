import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';

/** A MariaDB server of our own, on loopback, with its data in a temporary folder. */
export interface MariaDb {
  /** What the server calls itself, e.g. `10.11.14-MariaDB`. */
  version: string;
  /** For `connectDatabase`. */
  url(databaseName: string): string;
  createDatabase(databaseName: string): Promise<void>;
  /** Ends the server as a power cut would, and starts it again on the same data and port. */
  killAndRestart(): Promise<void>;
  /** Ends the server and deletes its data. Stopping twice is harmless. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

// Debian keeps servers in /usr/sbin, which is not in everybody's PATH.
const findProgram = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/bin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

/** Whether this machine has MariaDB installed. */
export const hasMariaDb = (): boolean => Boolean(findProgram('mariadbd') && findProgram('mariadb-install-db'));

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const queryServer = async (port: number, sql: string): Promise<Record<string, unknown>[]> => {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: 5000 });
  try {
    const [rows] = await connection.query(sql);
    return rows as Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
};

const untilReady = async (child: ChildProcess, port: number, errorLog: string): Promise<string> => {
  const deadline = performance.now() + startTimeoutMs;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const version = await queryServer(port, 'SELECT VERSION() AS version').then(
      ([row]) => String(row?.version),
      () => undefined,
    );
    if (version) return version;
    await wait(50);
  }
  throw new Error(`MariaDB did not start:\n${await readFile(errorLog, 'utf8').catch(() => 'no log')}`);
};

const killServer = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
};

// Its data is thrown away, so there is nothing to shut down in order.
const stopServer = async (child: ChildProcess, folder: string): Promise<void> => {
  await killServer(child);
  await rm(folder, { recursive: true, force: true });
};

/**
 * Starts a server and waits until it answers. User root, no password, reached over 127.0.0.1 only.
 *
 * @param args further options of mariadbd, which override ours.
 * @throws when MariaDB is not installed, and with the server's own log when it does not start.
 */
export const startMariaDb = async (args: readonly string[] = []): Promise<MariaDb> => {
  const server = findProgram('mariadbd');
  const install = findProgram('mariadb-install-db');
  if (!server || !install) throw new Error('MariaDB is not installed: apt-get install mariadb-server');

  const folder = await mkdtemp(join(tmpdir(), 'provisor-mariadb-'));
  const data = join(folder, 'data');
  const errorLog = join(folder, 'error.log');
  const user = `--user=${userInfo().username}`;
  try {
    await promisify(execFile)(install, [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      user,
    ]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }

  const port = await freePort();
  const options = [
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${join(folder, 's')}`,
    `--log-error=${errorLog}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    user,
    '--innodb-flush-log-at-trx-commit=2',
    '--skip-log-bin',
    '--innodb-buffer-pool-size=64M',
    '--max-connections=400',
    ...args,
  ];
  const launch = () => spawn(server, options, { stdio: 'ignore' });
  let child = launch();
  let version: string;
  try {
    version = await untilReady(child, port, errorLog);
  } catch (error) {
    await stopServer(child, folder);
    throw error;
  }
  return {
    version,
    url: (databaseName) => `mysql://root@127.0.0.1:${port}/${databaseName}`,
    createDatabase: async (databaseName) => {
      await queryServer(port, `CREATE DATABASE \`${databaseName}\` CHARACTER SET utf8mb4`);
    },
    killAndRestart: async () => {
      await killServer(child);
      child = launch();
      await untilReady(child, port, errorLog);
    },
    stop: () => stopServer(child, folder),
  };
};
