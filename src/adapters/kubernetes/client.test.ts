/** How the client calls, against a fake API server that has namespaces only; what a real one answers is tested in test/kubernetes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../kit/errors.ts';
import { createClient } from './client.ts';

const never = new AbortController().signal;
const namespaces = { apiVersion: 'v1', kind: 'Namespace' };

describe('the client of a cluster', () => {
  let folder: string;
  let server: Server;
  let connections = 0;
  let silent = false;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-client-'));
    server = createServer(({ url = '' }, response) => {
      if (silent) return;
      const resources = [{ name: 'namespaces', kind: 'Namespace', namespaced: false, singularName: '', verbs: [] }];
      const known = { kind: 'APIResourceList', groupVersion: 'v1', resources };
      const list = { kind: 'NamespaceList', apiVersion: 'v1', metadata: {}, items: [] };
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(new URL(url, 'http://fake').pathname === '/api/v1' ? known : list));
    });
    server.on('connection', () => {
      connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const configOf = async (cluster: Record<string, unknown>): Promise<string> => {
    const config = join(folder, 'config');
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'fake', cluster: { 'insecure-skip-tls-verify': true, ...cluster } }],
      users: [{ name: 'us', user: { token: 'a-token' } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'us' } }],
      'current-context': 'fake',
    };
    await writeFile(config, JSON.stringify(content));
    return config;
  };
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  it('sends all its calls over the connections it has', async () => {
    const client = createClient({ provider: 'compute/fake', config: await configOf({ server: address() }) });
    connections = 0;
    for (let call = 0; call < 20; call += 1) await client.list(namespaces, '', never);
    // One may still be closing its answer when the next call begins.
    assert.ok(connections <= 2, `${connections} connections for 20 calls`);
    await Promise.all(Array.from({ length: 100 }, () => client.list(namespaces, '', never)));
    assert.ok(connections > 1 && connections <= 32, `${connections} connections for 100 calls at once`);
    await client.close();
  });

  it('waits for an answer only so long: of a call that changes something the outcome is unknown then', async () => {
    const client = createClient({
      provider: 'compute/fake',
      config: await configOf({ server: address() }),
      callMs: 500,
    });
    // What kinds there are has been asked before the server falls silent.
    await client.list(namespaces, '', never);
    silent = true;
    const is = (kind: string) => (error: unknown) => error instanceof ProviderError && error.kind === kind;
    await assert.rejects(client.list(namespaces, '', never), is('unavailable'));
    await assert.rejects(client.apply({ ...namespaces, metadata: { name: 'svc-1' } }, never), is('unknown_outcome'));
    silent = false;
    await client.list(namespaces, '', never);
    await client.close();
  });

  for (const [cluster, told] of [
    [{ 'proxy-url': 'http://127.0.0.1:1' }, /proxy-url/],
    [{ 'insecure-skip-tls-verify': false }, /without TLS/],
    [{ server: 'localhost' }, /names no cluster/],
  ] as const)
    it(`does not go a way that is not for it: ${JSON.stringify(cluster)}`, async () => {
      const config = await configOf({ server: address(), ...cluster });
      const client = createClient({ provider: 'compute/fake', config });
      await assert.rejects(
        client.list(namespaces, '', never),
        (error) => error instanceof ProviderError && error.kind === 'auth' && told.test(error.message),
      );
      await client.close();
    });
});
