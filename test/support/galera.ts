/** A Galera cluster of three MariaDB nodes on loopback, whose nodes can be killed and come back. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';

const run = promisify(execFile);
const provider = ['/usr/lib/galera/libgalera_smm.so', '/usr/lib64/galera-4/libgalera_smm.so'].find(existsSync);
const startTimeoutMs = 60_000;

export interface GaleraNode {
  /** For `connectDatabase`. */
  url(databaseName: string): string;
  /** SIGKILL; the others need some seconds to give it up. */
  kill(): Promise<void>;
  /** Starts it anew and waits until it has caught up. */
  rejoin(): Promise<void>;
}

export interface Galera {
  nodes: GaleraNode[];
  /** Runs one statement on the first node. */
  query(sql: string): Promise<void>;
  /** Ends all nodes and deletes their data. */
  stop(): Promise<void>;
}

const inPath = async (program: string): Promise<boolean> =>
  run('sh', ['-c', `PATH="$PATH:/usr/sbin" command -v ${program}`]).then(
    () => true,
    () => false,
  );

/** Why there can be no cluster on this machine, in words; null when there can. */
export const noGalera = async (): Promise<string | null> => {
  const lacking: string[] = [];
  if (!provider) lacking.push('galera-4');
  for (const program of ['mariadbd', 'mariadb-install-db', 'rsync', 'lsof'])
    if (!(await inPath(program))) lacking.push(program);
  if (process.getuid?.() !== 0) lacking.push('the right of root to run nodes as the user mysql');
  else if (
    !(await run('id', ['mysql']).then(
      () => true,
      () => false,
    ))
  )
    lacking.push('the user mysql');
  return lacking.length === 0 ? null : `it lacks ${lacking.join(', ')}`;
};

/** Ports of which nobody has one now. Found together, so that no two are the same. */
const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

const query = async (port: number, sql: string): Promise<Record<string, unknown>[]> => {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: 5_000 });
  try {
    const [rows] = await connection.query(sql);
    return rows as Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
};

interface Ports {
  sql: number;
  group: number;
  stateTransfer: number;
  increments: number;
}

const createNode = (folder: string, name: string, ports: Ports, groupPorts: number[]) => {
  const errorLog = join(folder, `${name}.log`);
  let child: ChildProcess | null = null;

  const isSynced = async (): Promise<boolean> => {
    const rows = await query(
      ports.sql,
      "SHOW STATUS WHERE variable_name IN ('wsrep_local_state_comment', 'wsrep_ready', 'wsrep_cluster_status')",
    ).catch(() => []);
    return (
      rows
        .map((row) => row.Value)
        .sort()
        .join() === ['ON', 'Primary', 'Synced'].join()
    );
  };

  const start = async (isFirst: boolean): Promise<void> => {
    const { sql, group, stateTransfer, increments } = ports;
    const started = spawn(
      'mariadbd',
      [
        '--no-defaults',
        '--user=mysql',
        `--datadir=${join(folder, name)}`,
        `--tmpdir=${join(folder, 'tmp')}`,
        `--socket=${join(folder, `${name}.sock`)}`,
        `--pid-file=${join(folder, `${name}.pid`)}`,
        `--log-error=${errorLog}`,
        `--port=${sql}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        '--binlog-format=ROW',
        '--innodb-autoinc-lock-mode=2',
        '--innodb-flush-log-at-trx-commit=2',
        '--innodb-buffer-pool-size=64M',
        '--wsrep-on=ON',
        `--wsrep-provider=${provider}`,
        '--wsrep-cluster-name=provisor-test',
        `--wsrep-cluster-address=gcomm://${isFirst ? '' : groupPorts.map((port) => `127.0.0.1:${port}`).join()}`,
        `--wsrep-node-name=${name}`,
        `--wsrep-node-address=127.0.0.1:${group}`,
        '--wsrep-sst-method=rsync',
        `--wsrep-sst-receive-address=127.0.0.1:${stateTransfer}`,
        `--wsrep-provider-options=base_port=${group};gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${increments}`,
        ...(isFirst ? ['--wsrep-new-cluster'] : []),
      ],
      { stdio: 'ignore', env: { ...process.env, TMPDIR: join(folder, 'tmp'), PATH: `${process.env.PATH}:/usr/sbin` } },
    );
    child = started;
    // A test run that is stopped half-way must not leave servers behind.
    process.once('exit', () => started.kill('SIGKILL'));
    const deadline = performance.now() + startTimeoutMs;
    while (!(await isSynced())) {
      const ended = started.exitCode !== null || started.signalCode !== null;
      if (ended || performance.now() > deadline) {
        const log = await readFile(errorLog, 'utf8').catch(() => 'no log');
        throw new Error(`The node ${name} did not join:\n${log.slice(-3_000)}`);
      }
      await wait(100);
    }
  };

  const kill = async (): Promise<void> => {
    const killed = child;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    const ended = new Promise((resolve) => killed.once('exit', resolve));
    killed.kill('SIGKILL');
    await ended;
  };

  return {
    start,
    port: ports.sql,
    url: (databaseName: string) => `mysql://root@127.0.0.1:${ports.sql}/${databaseName}`,
    kill,
    rejoin: () => start(false),
  };
};

/** Starts three nodes and waits until all are in step. Errors: the log of a node that did not join. */
export const startGalera = async (): Promise<Galera> => {
  const folder = await mkdtemp(join(tmpdir(), 'provisor-galera-'));
  const names = ['node-1', 'node-2', 'node-3'];
  const ports = await freePorts(names.length * 4);
  const groupPorts = names.map((_, index) => ports[index * 4 + 1]!);
  const nodes = names.map((name, index) => {
    const [sql, group, stateTransfer, increments] = ports.slice(index * 4) as [number, number, number, number];
    return createNode(folder, name, { sql, group, stateTransfer, increments }, groupPorts);
  });
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    // As root, rsync would drop to nobody and could not read the data.
    await chmod(folder, 0o755);
    for (const name of ['fresh', 'tmp']) await mkdir(join(folder, name));
    await run('chown', ['-R', 'mysql', folder]);
    await run('mariadb-install-db', [
      '--no-defaults',
      `--datadir=${join(folder, 'fresh')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      `--tmpdir=${join(folder, 'tmp')}`,
      '--user=mysql',
    ]);
    for (const name of names) await cp(join(folder, 'fresh'), join(folder, name), { recursive: true });
    await run('chown', ['-R', 'mysql', folder]);
    await nodes[0]!.start(true);
    // One after the other: the first cannot give its state to two at a time.
    await nodes[1]!.start(false);
    await nodes[2]!.start(false);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    query: async (sql) => {
      await query(nodes[0]!.port, sql);
    },
    stop,
  };
};
