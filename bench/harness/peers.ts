/** Starts the peers on the database of a world, each in a process of its own. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PeerSettings } from '../peers/site-row.ts';
import { type Child, freePort, startChild } from './child.ts';
import type { World } from './world.ts';

const folder = fileURLToPath(new URL('../peers/', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/provisor-bench/', import.meta.url));

const settingsFor = (world: World, port: number, keepsKeys: boolean): string => {
  const { hostname, port: databasePort, username, pathname } = new URL(world.databaseUrl);
  return JSON.stringify({
    port,
    database: { host: hostname, port: Number(databasePort), user: username, database: pathname.slice(1) },
    pepper: world.pepper,
    sitesPort: world.sitesPort,
    keepsKeys,
  } satisfies PeerSettings);
};

const readiness = (world: World) => ({
  readyPath: '/v1/sites/1',
  headers: { Authorization: `Bearer ${world.key}` },
});

export type NodePeer = 'express' | 'express-validator' | 'fastify';

export const startNodePeer = async (
  world: World,
  file: NodePeer,
  { name = file, keepsKeys = false }: { name?: string; keepsKeys?: boolean } = {},
): Promise<Child> => {
  const port = await freePort();
  return startChild({
    name,
    command: process.execPath,
    args: [join(folder, `${file}.ts`)],
    environment: { BENCH_PEER: settingsFor(world, port, keepsKeys) },
    port,
    ...readiness(world),
  });
};

const venv = join(cache, 'flask');

const makeFlaskEnvironment = async (): Promise<void> => {
  const wished = await readFile(join(folder, 'flask/requirements.txt'), 'utf8');
  const mark = join(venv, 'requirements.txt');
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === wished) return;
  const run = promisify(execFile);
  await mkdir(cache, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', '--clear', venv]);
    await run(join(venv, 'bin/pip'), ['install', '--quiet', '-r', join(folder, 'flask/requirements.txt')]);
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? error).trim();
    throw new Missing(
      `Flask and gunicorn are left out: their virtual environment could not be made (Debian: apt-get install python3-venv python3-dev libmariadb-dev pkg-config gcc). pip said: ${said.split('\n').at(-1)}`,
    );
  }
  await writeFile(mark, wished);
};

/** Something that a side needs is not on this machine. Its message says what, and what is left out. */
export class Missing extends Error {}

let flaskEnvironment: Promise<void> | undefined;

/** Makes the virtual environment of the Flask peer, once. Errors: Missing. */
export const prepareFlask = (): Promise<void> => {
  flaskEnvironment ??= makeFlaskEnvironment();
  return flaskEnvironment;
};

/** A driver in C over MySQL's client library, and one in Python, which needs nothing to be compiled. */
export const flaskDrivers = ['mysqlclient', 'PyMySQL'] as const;
export type FlaskDriver = (typeof flaskDrivers)[number];

/** gunicorn with `workers` processes, of the kind that it starts by default. Errors: Missing. */
export const startFlask = async (world: World, driver: FlaskDriver, workers: number): Promise<Child> => {
  await prepareFlask();
  const port = await freePort();
  return startChild({
    name: `flask with ${driver}`,
    command: join(venv, 'bin/gunicorn'),
    args: ['--chdir', join(folder, 'flask'), '--workers', String(workers), '--bind', `127.0.0.1:${port}`, 'app:app'],
    environment: {
      BENCH_PEER: settingsFor(world, port, false),
      BENCH_DRIVER: driver,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    port,
    ...readiness(world),
  });
};
