/** A whole Provisor for one suite: its own database, data directory and ports, answers checked against the contract. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import type { Replacements } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { scopes as allScopes, type Scope } from '../../src/features/panels/panel-key.ts';
import type { Log } from '../../src/kit/log.ts';
import { type Serving, serve } from '../../src/serve.ts';
import { collectQueries } from './asked.ts';
import type { TestDatabases } from './databases.ts';
import type { Visited } from './kubernetes-installation.ts';
import { noRateLimits } from './rate-limits.ts';
import { openElsewhere } from './sites-elsewhere.ts';

export const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface Answer {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are checked against the contract by the server
  body: any;
  text: string;
}

/** Calls the API as one panel. */
export interface Client {
  key: string;
  panelId: string;
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
}

export interface TestApp {
  serving: Serving;
  /** A panel that may do everything. */
  panel: Client;
  newPanel(options?: { name?: string; scopes?: readonly Scope[]; expiresAt?: number }): Promise<Client>;
  client(key: string, panelId?: string): Client;
  /** What a visitor of this host name gets. */
  visit(hostname: string, path?: string, headers?: Record<string, string>): Promise<Visited>;
  /** The names of the sites that the compute provider has, sorted. */
  madeSites(): Promise<string[]>;
  /** Below which sites have their names. */
  siteDomain: string;
  dataDir: string;
  databaseUrl: string;
  /** Errors that were logged; a test that expects none can look. */
  logged: { fields: object; message: string }[];
  stop(): Promise<void>;
}

const wait = { Prefer: 'wait=20' };

/** Sends `Prefer: wait=20`. */
export const waiting = wait;

let panels = 0;

/** Starts one. `environment` adds to the configuration. */
export const startApp = async (
  database: TestDatabases,
  options: { environment?: Record<string, string>; replacements?: Replacements } = {},
): Promise<TestApp> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'provisor app-'));
  const fresh = await database.open({ migrate: false });
  await fresh.db.close();
  const elsewhere = await openElsewhere();
  const config = loadConfig(
    {
      ...elsewhere?.environment,
      PROVISOR_DATA_DIR: dataDir,
      DATABASE_URL: fresh.url,
      PROVISOR_PEPPER: 'a pepper for tests only',
      PROVISOR_PORT: '0',
      PROVISOR_SITES_PORT: '0',
      PROVISOR_DNS_PORT: '0',
      ...noRateLimits,
      ...options.environment,
    },
    dataDir,
  );
  const logged: TestApp['logged'] = [];
  const log: Log = { ...quiet, error: (fields, message) => logged.push({ fields, message }) };
  const serving = await serve(config, log, { validateResponses: true, ...options.replacements });
  const { provisor, url } = serving;
  const keepQueries = collectQueries(provisor.db);

  const client = (key: string, panelId = ''): Client => ({
    key,
    panelId,
    call: async (method, path, body, headers = {}) => {
      const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
      const call = supertest(url)[verb](path).set('Authorization', `Bearer ${key}`).set(headers);
      const answer = await (body === undefined ? call : call.send(body as object));
      return { status: answer.status, headers: answer.headers, body: answer.body, text: answer.text };
    },
  });
  const newPanel: TestApp['newPanel'] = async ({ name = `panel-${++panels}`, scopes = allScopes, expiresAt } = {}) => {
    const panel = await provisor.panels.create(name);
    const { text } = await provisor.panels.issue(panel.id, { scopes, expiresAt: expiresAt ?? null });
    return client(text, panel.id);
  };

  const visitHere: TestApp['visit'] = (hostname, path = '/', headers = {}) =>
    new Promise((resolve, reject) => {
      const { port } = new URL(provisor.providers.proxy.urlFor('x.localhost'));
      const request = httpRequest(
        { host: '127.0.0.1', port, path, headers: { host: hostname, ...headers }, agent: false },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
        },
      );
      request.on('error', reject);
      request.end();
    });

  return {
    serving,
    panel: await newPanel(),
    newPanel,
    client,
    visit: elsewhere?.visit ?? visitHere,
    madeSites: async () =>
      (await provisor.providers.compute.list(AbortSignal.timeout(10_000))).map(({ name }) => name).sort(),
    siteDomain: config.PROVISOR_SITE_DOMAIN,
    dataDir,
    databaseUrl: fresh.url,
    logged,
    stop: async () => {
      await elsewhere?.clear(provisor);
      await serving.stop();
      await keepQueries();
      await fresh.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

let services = 0;

/** A service_id that no other test uses. */
export const newServiceId = (): string => `svc-${++services}`;

/** Makes a site and waits until it is active. */
export const activeSite = async (client: Client, wish: Record<string, unknown> = {}): Promise<Answer['body']> => {
  const serviceId = newServiceId();
  const answer = await client.call(
    'POST',
    '/v1/sites',
    { service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic', ...wish },
    wait,
  );
  if (answer.status !== 201) throw new Error(`The site was not made: ${answer.status} ${answer.text}`);
  return answer.body;
};

/** The sites that the local compute provider has on disk. */
export const siteDirectories = async (dataDir: string): Promise<string[]> => {
  try {
    return (await readdir(join(dataDir, 'sites'))).filter((name) => name.startsWith('svc-')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};
