/** What connections may cost, on real sockets and with limits of a few hundred milliseconds. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type RequestListener, request } from 'node:http';
import { connect, type NetConnectOpts } from 'node:net';
import { afterEach, describe, it, test } from 'node:test';
import { type Clock, systemClock } from '../kit/clock.ts';
import { type ConnectionLimits, type HttpServer, listen } from './server.ts';

/** A clock on which seconds pass in a twentieth of them. */
const quicker: Clock = {
  monotonic: () => systemClock.monotonic() * 20,
  after: (ms, task) => systemClock.after(ms / 20, task),
};

const start = (
  listener: RequestListener,
  { limits, clock = quicker }: { limits?: Partial<ConnectionLimits>; clock?: Clock } = {},
): Promise<HttpServer> =>
  listen(listener, {
    host: '127.0.0.1',
    port: 0,
    variable: 'PROVISOR_PORT',
    lingerMs: 0,
    clock,
    ...(limits ? { limits } : {}),
  });

test('a connection that never carried a request does not hold up the end', async () => {
  const server = await start((_req, res) => res.end(), { clock: systemClock });
  // Load balancers and HTTP clients open connections ahead.
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  const began = performance.now();
  await server.drain();
  await closed;
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms`);
});

describe('A connection', () => {
  let server: HttpServer;
  const open: { destroy(): void }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) each.destroy();
    await server.drain();
  });

  /** A client, what it has heard, and when the server has let go of it. */
  const client = (more: Partial<NetConnectOpts> = {}) => {
    const socket = connect({ port: server.port, host: '127.0.0.1', ...more } as NetConnectOpts);
    open.push(socket);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', () => undefined);
    const told = (name: string) => new Promise<void>((resolve) => socket.once(name, resolve));
    return { socket, heard: () => heard, closed: told('close'), ended: told('end') };
  };
  const quick = { headersMs: 200, requestMs: 400, checkMs: 50 };

  it('that sends its headers byte by byte, or nothing at all, is told that it is late, and closed', async () => {
    server = await start((_req, res) => res.end('served'), { limits: quick });
    const [slow, silent] = [client(), client()];
    slow.socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    const trickle = setInterval(() => slow.socket.write('X-A: b\r\n'), 20);
    await Promise.all([slow.closed, silent.closed]);
    clearInterval(trickle);
    for (const { heard } of [slow, silent]) {
      assert.match(heard(), /^HTTP\/1\.1 408 .*"code":"invalid_request"/s);
    }
  });

  it('that sends its body byte by byte gets the same answer, for nobody has answered yet', async () => {
    let begun = 0;
    server = await start(
      (req) => {
        begun += 1;
        req.on('error', () => undefined).resume();
      },
      { limits: quick },
    );
    const { socket, closed, heard } = client();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    const trickle = setInterval(() => socket.write('x'), 20);
    await closed;
    clearInterval(trickle);
    assert.equal(begun, 1);
    assert.match(heard(), /^HTTP\/1\.1 408 .*"error":"The request did not arrive in time\."/s);
  });

  it('that was refused and does not close is closed soon', async () => {
    server = await start((_req, res) => res.end(), { limits: quick });
    const { socket, ended, closed } = client({ allowHalfOpen: true } as Partial<NetConnectOpts>);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await ended;
    assert.equal(socket.destroyed, false);
    // What is sent into a connection that is no more comes back as its end.
    const trickle = setInterval(() => socket.write('X-A: b\r\n'), 20);
    await closed;
    clearInterval(trickle);
  });

  it('gets no answer of one request for another', async () => {
    const asked = Promise.withResolvers<void>();
    server = await start(() => asked.resolve());
    const { socket, closed, heard } = client();
    socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked.promise;
    socket.write('nonsense\r\n\r\n');
    await closed;
    assert.equal(heard(), '');
  });

  it('that does not take its answer is closed', async () => {
    const closed = Promise.withResolvers<number>();
    server = await start(
      (_req, res) => {
        const began = performance.now();
        res.once('close', () => closed.resolve(performance.now() - began));
        res.end(Buffer.alloc(64_000_000));
      },
      { limits: { stillMs: 300 } },
    );
    const { socket } = client();
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.ok((await closed.promise) >= 250);
  });

  it('is let be while it waits for a slow answer, and is silent for a while between two', async () => {
    server = await start((_req, res) => setTimeout(() => res.end('served'), 300), {
      limits: { headersMs: 100, requestMs: 200, checkMs: 20, stillMs: 1_500 },
    });
    const { socket, heard, closed } = client();
    const get = (more = '') => socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${more}\r\n`);
    get();
    while (!heard().includes('served')) await once(socket, 'data');
    await new Promise((resolve) => setTimeout(resolve, 300));
    get('Connection: close\r\n');
    await closed;
    assert.equal(heard().match(/served/g)?.length, 2);
  });

  it('is closed at once when there are enough', async () => {
    server = await start((_req, res) => res.end('served'), { limits: { connections: 2 } });
    const held = [client(), client()];
    await Promise.all(held.map(({ socket }) => once(socket, 'connect')));
    const third = client();
    third.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await third.closed;
    assert.equal(third.heard(), '');
    held[0]!.socket.destroy();
    await held[0]!.closed;
    const next = client();
    next.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await next.closed;
    assert.match(next.heard(), /served$/);
  });

  it('has an end after so many answers, which it is told with the last', async () => {
    server = await start((_req, res) => res.end('served'), { limits: { requests: 3 } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    open.push(agent);
    const ask = () =>
      new Promise<string | undefined>((resolve, reject) => {
        request({ port: server.port, host: '127.0.0.1', agent }, (response) => {
          response.resume().once('end', () => resolve(response.headers.connection));
        })
          .on('error', reject)
          .end();
      });
    const said: (string | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) said.push(await ask());
    assert.deepEqual(said, ['keep-alive', 'keep-alive', 'close', 'keep-alive']);
  });
});
