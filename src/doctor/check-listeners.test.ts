import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Config } from '../config.ts';
import { checkListeners } from './check-listeners.ts';

type Answers = Record<string, { status: number; body: unknown }>;

const listen = async (t: TestContext, answers: Answers): Promise<number> => {
  const server = createServer((request, response) => {
    const { status, body } = answers[request.url ?? ''] ?? { status: 404, body: 'Not here' };
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
};

/** A nameserver that refuses every question, or that says nothing. */
const nameserver = async (t: TestContext, refuses: boolean): Promise<number> => {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    if (!refuses) return;
    message[2] = 0x80;
    message[3] = 0x05;
    socket.send(message, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket.address().port;
};

/** A port on which nobody listens any more. */
const closedPort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const check = async (ports: { api: number; sites?: number; dns?: number }, timeoutMs?: number): Promise<string[]> => {
  const config = {
    PROVISOR_HOST: '0.0.0.0',
    PROVISOR_PORT: ports.api,
    PROVISOR_SITES_PORT: ports.sites ?? 0,
    PROVISOR_DNS_PORT: ports.dns ?? 0,
    PROVISOR_PROXY: 'local',
    PROVISOR_DNS: 'local',
    PROVISOR_SITE_DOMAIN: 'sites.localhost',
  } as Config;
  return (await checkListeners(config, timeoutMs)).map((finding) => `${finding.check} ${finding.state}`);
};

const health = { status: 200, body: { status: 'ok' } };
const ready = (status: number, checks: object) => ({ status, body: { status: 'ready', checks } });
const healthy: Answers = { '/health': health, '/ready': ready(200, { database: 'ok' }) };

test('a server that answers everywhere is good', async (t) => {
  const api = await listen(t, healthy);
  const sites = await listen(t, {});
  assert.deepEqual(await check({ api, sites, dns: await nameserver(t, true) }), [
    'server good',
    'sites good',
    'dns good',
  ]);
});

test('ports that do not answer are bad', async (t) => {
  const api = await listen(t, healthy);
  const ports = { api, sites: await closedPort(), dns: await nameserver(t, false) };
  assert.deepEqual(await check(ports, 300), ['server good', 'sites bad', 'dns bad']);
});

test('a server that is not ready is bad, one with a resting provider is worth a note', async (t) => {
  const unready = await listen(t, { '/health': health, '/ready': ready(503, { database: 'unavailable' }) });
  assert.deepEqual(await check({ api: unready }), ['server bad', 'sites note', 'dns note']);
  const resting = await listen(t, { '/health': health, '/ready': ready(200, { 'dns/local': 'degraded' }) });
  assert.deepEqual(await check({ api: resting }), ['server note', 'sites note', 'dns note']);
});

test('without a server the other ports are not asked', async (t) => {
  assert.deepEqual(await check({ api: await closedPort() }), ['server bad']);
  assert.deepEqual(await check({ api: await listen(t, { '/health': { status: 200, body: 'Hello' } }) }), [
    'server bad',
  ]);
});
