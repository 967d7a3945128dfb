import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import type { ComputeRef, SiteSpec } from '../../../ports/compute.ts';
import { createLocalCompute } from './index.ts';

/** What the tests of this folder share. */

export const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const signal = new AbortController().signal;

export const spec: SiteSpec = {
  name: 'svc-1',
  owner: { panel: 'main', service: '1' },
  hostname: 'shop.test',
  plan: 'small',
  email: 'ada@shop.test',
  resources: { memoryMb: 256, diskMb: 1 },
  network: { vmid: 101, privateIp: '10.0.0.1' },
};

export const ref: ComputeRef = { name: spec.name, vmid: 101 };

export const app = { hostname: spec.hostname, plan: spec.plan, adminEmail: spec.email };

export const fails = (kind: ProviderErrorKind) => (error: unknown) =>
  error instanceof ProviderError && error.provider === 'compute/local' && error.kind === kind;

export const temporaryDir = async (t: TestContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'provisor compute-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

export const computeIn = (t: TestContext, dataDir: string) => {
  const compute = createLocalCompute({ dataDir, log: silent });
  t.after(async () => {
    await compute.close?.();
    // Once more: hooks run in the order of their making, and a server that waits for its turn makes its lock file anew.
    await rm(dataDir, { recursive: true, force: true });
  });
  return compute;
};

/** An adapter that serves, with one installed site. */
export const servedSite = async (t: TestContext) => {
  const dataDir = await temporaryDir(t);
  const adapter = computeIn(t, dataDir);
  await adapter.open?.();
  await adapter.port.create(spec, signal);
  await adapter.port.install(ref, app, signal);
  return { adapter, compute: adapter.port, dataDir, www: join(dataDir, 'sites', spec.name, 'www') };
};

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

const upstreamOf = (compute: ReturnType<typeof createLocalCompute>['port'], name: string) => {
  const upstream = compute.upstream({ name, vmid: 0 });
  if (upstream.scheme !== 'unix') throw new Error('the local sites are on a unix socket');
  return upstream;
};

/** Asks the site over its socket, as the proxy does. */
export const visit = async (
  compute: ReturnType<typeof createLocalCompute>['port'],
  path: string,
  { method = 'GET', headers = {}, body }: RequestOptions = {},
): Promise<Reply> => {
  const { path: socketPath, hostHeader = '' } = upstreamOf(compute, spec.name);
  const outgoing = request({ socketPath, path, method, headers: { Host: hostHeader, ...headers }, agent: false });
  outgoing.end(body);
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: reply.statusCode ?? 0, headers: reply.headers, body: await text(reply) };
};

/** Asks for a path exactly as written, which an HTTP client would tidy up first. */
export const visitRaw = async (
  compute: ReturnType<typeof createLocalCompute>['port'],
  target: string,
  host = `${spec.name}.compute.local`,
): Promise<Reply> => {
  const socket = connect(upstreamOf(compute, spec.name).path);
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 'latin1');
  const [head = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), headers: {}, body: rest.join('\r\n\r\n') };
};

export const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestOptions => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
  body: new URLSearchParams(fields).toString(),
});
