import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../kit/clock.ts';
import { listen } from './server.ts';

test('a connection that never carried a request does not hold up the end', async () => {
  const server = await listen((_req, res) => res.end(), {
    host: '127.0.0.1',
    port: 0,
    variable: 'PROVISOR_PORT',
    lingerMs: 0,
    clock: systemClock,
  });
  // Load balancers and HTTP clients open connections ahead.
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  const began = performance.now();
  await server.drain();
  await closed;
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms`);
});
