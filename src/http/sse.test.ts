import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it } from 'node:test';
import express, { type Response } from 'express';
import { handClock } from '../../test/support/hand-clock.ts';
import { openEventStream } from './sse.ts';

describe('a stream of events', () => {
  const serve = async () => {
    const opened = Promise.withResolvers<Response>();
    const server = createServer(express().get('/', (_req, res) => opened.resolve(res)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const stop = () => {
      socket.destroy();
      server.closeAllConnections();
      server.close();
    };
    return { socket, res: await opened.promise, stop };
  };

  it('is cut off from a listener who is a megabyte behind, and not before', async () => {
    const { socket, res, stop } = await serve();
    socket.pause();
    const { write, close } = openEventStream(res, handClock());
    const closed = once(res, 'close');
    const one = { event: 'progress', data: 'x'.repeat(10_000) };
    // What the kernel takes is not behind yet.
    while (res.writableLength < 900_000) {
      write(one);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(res.destroyed, false);
    }
    for (let n = 0; n < 12; n += 1) write(one);
    await closed;
    assert.ok(res.destroyed);
    // Harmless, as it says.
    write(one);
    close();
    stop();
  });

  it('says now and then that it is still there, until it is closed', async () => {
    const { socket, res, stop } = await serve();
    const clock = handClock();
    const { close } = openEventStream(res, clock);
    let heard = '';
    const still = Promise.withResolvers<void>();
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.match(/: still here/g)?.length === 2) still.resolve();
    });
    clock.advance(30_000);
    await still.promise;
    close();
    assert.equal(clock.untilNext(), Number.POSITIVE_INFINITY);
    stop();
  });
});
