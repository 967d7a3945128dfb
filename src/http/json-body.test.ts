import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import express, { type Request } from 'express';
import { AppError } from '../kit/errors.ts';
import { readJson } from './json-body.ts';

const body = '{"customer_id":"7"}';
const head = (length: number, more = '') =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n`;

/** What reading ends with, once `until`, when a client does this; `begun` resolves when it is being read. */
const readingOf = async (
  client: (socket: Socket, begun: Promise<void>) => unknown,
  until: (req: Request) => Promise<void> = async () => {},
): Promise<unknown> => {
  const app = express();
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  app.use(async (req, res) => {
    await until(req);
    const read = readJson(req, res);
    begin();
    resolve(await read.catch((error: unknown) => error));
    res.destroy();
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    await client(socket, begun);
    return await outcome;
  } finally {
    server.close();
    server.closeAllConnections();
  }
};

test('a client that hangs up before its body is read is refused, and not taken to have sent none', async () => {
  const error = await readingOf(
    (socket) => socket.end(head(body.length) + body),
    async (req) => {
      // As when the process was paused, or the key took long to look up.
      while (req.socket.readable) await new Promise((next) => setImmediate(next));
    },
  );
  assert.ok(error instanceof AppError && error.code === 'invalid_request', String(error));
});

for (const [how, bytes, more] of [
  ['', Buffer.from(body), ''],
  ['packed ', gzipSync(body), 'Content-Encoding: gzip\r\n'],
] as const) {
  test(`a client that hangs up while it sends its ${how}body is refused, and not waited for`, async () => {
    const error = await readingOf(async (socket, begun) => {
      socket.write(head(bytes.length, more));
      socket.write(bytes.subarray(0, -3));
      await begun;
      socket.resetAndDestroy();
    });
    assert.ok(error instanceof AppError && error.code === 'invalid_request', String(error));
    assert.equal(error.message, 'The body ended too early.');
  });
}
