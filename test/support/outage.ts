/** A database that a test can take away from a running app, and give back. */
import { once } from 'node:events';
import { mkdir, rename, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Replacements } from '../../src/app.ts';
import { startApp, type TestApp } from './app.ts';
import type { TestDatabase, TestDatabases } from './databases.ts';

export interface CutableApp extends TestApp {
  /** From now on every query fails. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/** A way to the server at `url` that can be cut: connections end, and new ones end at once. */
const startWay = async (url: URL) => {
  const open = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(Number(url.port), url.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  const cut = () => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  return {
    url: through.href,
    cut,
    restore: () => {
      whole = true;
    },
    close: () => {
      cut();
      server.close();
    },
  };
};

const overMysql = async (target: TestDatabase, replacements: Replacements): Promise<CutableApp> => {
  const way = await startWay(new URL(target.url));
  const app = await startApp({ name: 'mariadb', open: async () => ({ ...target, url: way.url }) }, { replacements });
  return {
    ...app,
    cut: async () => way.cut(),
    restore: async () => way.restore(),
    stop: async () => {
      await app.stop();
      way.close();
    },
  };
};

const overSqlite = async (target: TestDatabase, replacements: Replacements): Promise<CutableApp> => {
  const app = await startApp({ name: 'sqlite', open: async () => target }, { replacements });
  const file = target.url.slice('sqlite:'.length);
  const { knex } = app.serving.provisor.db;
  // An open file cannot be taken from a process: so it closes it, and finds something else when it opens it again.
  return {
    ...app,
    cut: async () => {
      await knex.destroy();
      await rename(file, `${file}.away`);
      await mkdir(file);
      knex.initialize();
    },
    restore: async () => {
      await knex.destroy();
      await rm(file, { recursive: true });
      await rename(`${file}.away`, file);
      knex.initialize();
    },
  };
};

/** As `startApp`. */
export const startCutableApp = async (
  databases: TestDatabases,
  replacements: Replacements = {},
): Promise<CutableApp> => {
  const target = await databases.open({ migrate: false });
  return databases.name === 'sqlite' ? overSqlite(target, replacements) : overMysql(target, replacements);
};
