/** A real Caddy of our own: its configuration, ports and files in a temporary directory. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
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

/** Caddy opens its admin API anew with every change: a connection of that moment is reset, and one kept from before is dead. */
const ask = async (adminUrl: string, method: string, path: string, value?: unknown): Promise<string> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const request = httpRequest(`${adminUrl}${path}`, {
        method,
        agent: false,
        headers: { 'Content-Type': 'application/json' },
      });
      request.end(value === undefined ? undefined : JSON.stringify(value));
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      const said = await text(answer);
      if ((answer.statusCode ?? 500) >= 300) throw new Error(`${answer.statusCode} ${said}`);
      return said;
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      // What was sent may have been done, so only a question is asked again then.
      if (code !== 'ECONNRESET' || (method !== 'GET' && syscall !== 'connect') || attempt === 10) throw error;
      await wait(attempt * 10);
    }
  }
};

/** `servers` is what it begins with, given the port that the sites are to be on; `others` are apps beside it. */
export const startCaddy = async (
  servers: (sitesPort: number) => unknown,
  others: Record<string, unknown> = {},
): Promise<TestCaddy> => {
  const dir = await mkdtemp(join(tmpdir(), 'caddy-'));
  const [adminPort, sitesPort, wayPort, httpPort] = (await freePorts(4)) as [number, number, number, number];
  const file = join(dir, 'caddy.json');
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const admin = {
    listen: `127.0.0.1:${adminPort}`,
    origins: [adminPort, wayPort].map((port) => `127.0.0.1:${port}`),
  };
  const there = servers(sitesPort);
  const apps = there === undefined ? {} : { apps: { ...others, http: { http_port: httpPort, servers: there } } };
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
    config: () => ask(adminUrl, 'GET', '/config/'),
    change: async (method, path, value) => {
      await ask(adminUrl, method, path, value);
    },
    stop: async () => {
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
