/** What all sides of a measure share: one MariaDB, one panel and its key, and some services. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProvisor } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Database } from '../../src/database/database.ts';
import { scopes } from '../../src/features/panels/panel-key.ts';
import type { Log } from '../../src/kit/log.ts';
import { type MariaDb, startMariaDb } from '../../test/support/mariadb.ts';
import { type Child, freePort, startChild } from './child.ts';
import { addServices } from './rows.ts';

export const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const root = new URL('../../', import.meta.url);

export interface World {
  mariaDb: MariaDb;
  databaseUrl: string;
  db: Database;
  panelId: string;
  /** The panel's key, as a caller sends it. */
  key: string;
  keyId: string;
  pepper: string;
  /** Where sites would be served; a part of every answer about a site. */
  sitesPort: number;
  /** How many services there are, with service_ids from 1 on. */
  services: number;
  /** Starts Provisor on this database, with the flags of `npm start`. */
  startProvisor(options?: {
    environment?: Record<string, string>;
    nodeFlags?: string[];
    name?: string;
  }): Promise<Child>;
  close(): Promise<void>;
}

/** What `npm start` gives to Node. */
export const startFlags = async (): Promise<string[]> => {
  const { scripts } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as {
    scripts: { start: string };
  };
  const flags = /^exec node (.*)src\/main\.ts$/.exec(scripts.start)?.[1];
  if (flags === undefined) throw new Error('package.json starts in a way that the benchmarks do not know');
  return flags.split(' ').filter((flag) => flag !== '');
};

/** A server for worlds. Its buffer pool holds all of a million services. */
export const startServer = (): Promise<MariaDb> =>
  startMariaDb(['--innodb-buffer-pool-size=3G', '--innodb-log-file-size=1G']);

/** Opens one with `services` services, in a database of its own. Closing it leaves the server as it is. */
export const openWorld = async (mariaDb: MariaDb, services: number, name = 'bench'): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), 'provisor-bench-'));
  await mariaDb.createDatabase(name);
  const databaseUrl = mariaDb.url(name);
  const pepper = randomBytes(32).toString('hex');
  const config = loadConfig({ PROVISOR_DATA_DIR: folder, DATABASE_URL: databaseUrl, PROVISOR_PEPPER: pepper }, folder);
  const { db, migrate, panels } = await createProvisor(config, quiet);
  const close = async () => {
    await db.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await migrate();
    const panel = await panels.create('bench');
    const { key, text } = await panels.issue(panel.id, { scopes });
    const sitesPort = await freePort();
    const flags = await startFlags();
    await addServices(db.knex, { panelId: panel.id, actor: key.id, from: 1, to: services });
    let started = 0;
    return {
      mariaDb,
      databaseUrl,
      db,
      panelId: panel.id,
      key: text,
      keyId: key.id,
      pepper,
      sitesPort,
      services,
      startProvisor: async ({ environment = {}, nodeFlags = [], name = 'provisor' } = {}) => {
        const port = await freePort();
        started += 1;
        return startChild({
          name,
          command: process.execPath,
          args: [...flags, ...nodeFlags, fileURLToPath(new URL('src/main.ts', root))],
          environment: {
            PROVISOR_DATA_DIR: join(folder, `data-${started}`),
            DATABASE_URL: databaseUrl,
            PROVISOR_PEPPER: pepper,
            PROVISOR_PORT: String(port),
            PROVISOR_SITES_PORT: String(sitesPort),
            PROVISOR_DNS_PORT: String(await freePort()),
            PROVISOR_PRIVATE_IPS: '10.128.0.0-10.255.255.255',
            PROVISOR_VMIDS: '2000000-99999999',
            PROVISOR_QUEUE_CAP: '100000',
            PROVISOR_RATE_PER_ADDRESS: '10000000',
            PROVISOR_RATE_PER_KEY: '10000000',
            ...environment,
          },
          port,
          readyPath: '/ready',
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
