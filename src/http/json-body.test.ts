import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { AppError } from '../kit/errors.ts';
import { readJson } from './json-body.ts';

test('a client that hangs up before its body is read is refused, and not taken to have sent none', async () => {
  const app = express();
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
  app.use(async (req, res) => {
    // As when the process was paused, or the key took long to look up.
    while (req.socket.readable) await new Promise((next) => setImmediate(next));
    resolve(await readJson(req, res).catch((error: unknown) => error));
    res.destroy();
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    const body = '{"customer_id":"7"}';
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    socket.end(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const error = await outcome;
    assert.ok(error instanceof AppError && error.code === 'invalid_request', String(error));
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
