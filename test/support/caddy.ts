/** A real Caddy of our own: its configuration, ports and files in a temporary directory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, programPath, startProgram } from './program.ts';
import { visitAt } from './upstream.ts';

export interface TestCaddy {
  adminUrl: string;
  adminPort: number;
  sitesPort: number;
  /** A free port from which the admin API may be led to: Caddy answers only to names that it knows. */
  wayPort: number;
  dir: string;
  /** The whole configuration as Caddy tells it. */
  config(): Promise<string>;
  /** Changes a part from behind. */
  change(method: 'PUT' | 'POST' | 'DELETE', path: string, value?: unknown): Promise<void>;
  stop(): Promise<void>;
}

/** `servers` is what it begins with, given the port that the sites are to be on. */
export const startCaddy = async (servers: (sitesPort: number) => unknown): Promise<TestCaddy> => {
  const dir = await mkdtemp(join(tmpdir(), 'caddy-'));
  const [adminPort, sitesPort, wayPort, httpPort] = (await freePorts(4)) as [number, number, number, number];
  const file = join(dir, 'caddy.json');
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const admin = {
    listen: `127.0.0.1:${adminPort}`,
    origins: [adminPort, wayPort].map((port) => `127.0.0.1:${port}`),
  };
  const there = servers(sitesPort);
  const apps = there === undefined ? {} : { apps: { http: { http_port: httpPort, servers: there } } };
  await writeFile(file, JSON.stringify({ admin, ...apps }));
  const program = await startProgram(programPath('caddy', 'caddy'), ['run', '--config', file], {
    env: { PATH: process.env.PATH, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
    isReady: async () => (await visitAt(adminPort, `127.0.0.1:${adminPort}`, { path: '/config/' })).status === 200,
  });
  return {
    adminUrl,
    adminPort,
    sitesPort,
    wayPort,
    dir,
    config: async () => (await fetch(`${adminUrl}/config/`)).text(),
    change: async (method, path, value) => {
      const answer = await fetch(`${adminUrl}${path}`, {
        method,
        headers: { 'Content-Type': 'application/json' },
        ...(value === undefined ? {} : { body: JSON.stringify(value) }),
      });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    stop: async () => {
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
