/**
 * Callers who hang up: while they send, while they wait, while they are streamed to. It is no fault of ours, nothing of
 * theirs is done by half, and what was begun for them is carried out before the process ends.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { noneShown } from '../../src/kit/telemetry.ts';
import { newServiceId, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';

const leave: Record<string, (socket: Socket) => void> = {
  'says that it has ended': (socket) => void socket.end(),
  'is gone': (socket) => void socket.resetAndDestroy(),
};

for (const database of databases) {
  describe(`Callers who leave, on ${database.name}`, () => {
    let app: TestApp;
    let told: { call: string; status: number }[] = [];
    let heard = () => {};

    before(async () => {
      const answered = (call: string, status: number) => {
        told.push({ call, status });
        heard();
      };
      app = await startApp(database, { replacements: { telemetry: { ...noneShown, answered } } });
    });
    after(() => app.stop());

    /** Until so many answers were counted; returns their statuses, each once. */
    const statuses = async (count: number): Promise<number[]> => {
      while (told.length < count)
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      return [...new Set(told.splice(0).map(({ status }) => status))];
    };

    const head = (request: string, headers: Record<string, string | number> = {}): string =>
      [
        `${request} HTTP/1.1`,
        'Host: x',
        `Authorization: Bearer ${app.panel.key}`,
        'Content-Type: application/json',
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        '\r\n',
      ].join('\r\n');

    const dial = async (): Promise<Socket> => {
      const { hostname, port } = new URL(app.serving.url);
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {}).resume();
      await once(socket, 'connect');
      return socket;
    };

    const wish = () => JSON.stringify({ service_id: newServiceId(), email: 'left@example.com', plan: 'basic' });
    const half = wish().slice(0, 20);
    const packed = gzipSync(wish());
    const begun: Record<string, () => (string | Buffer)[]> = {
      'a body that is shorter than it was announced': () => [head('POST /v1/sites', { 'Content-Length': 80 }), half],
      'a body of which nothing came': () => [head('POST /v1/sites', { 'Content-Length': 80 })],
      'a body in pieces': () => [
        head('POST /v1/sites', { 'Transfer-Encoding': 'chunked' }),
        `${half.length.toString(16)}\r\n${half}\r\n`,
      ],
      'a packed body': () => [
        head('POST /v1/sites', { 'Content-Encoding': 'gzip', 'Content-Length': packed.length }),
        packed.subarray(0, 20),
      ],
      'a body that is too large': () => [head('POST /v1/sites', { 'Content-Length': 100_000 }), half],
      'a body under an Idempotency-Key': () => [
        head('POST /v1/sites', { 'Content-Length': 80, 'Idempotency-Key': 'left' }),
        half,
      ],
      'a call of an existing client': () => [head('POST /create-site', { 'Content-Length': 80 }), half],
      'a zone file': () => [head('POST /v1/zones/left.com/import', { 'Content-Length': 900_000 }), half],
    };

    for (const [what, parts] of Object.entries(begun)) {
      for (const [how, end] of Object.entries(leave)) {
        it(`leave nothing behind: who sends ${what}, and then ${how}`, async () => {
          // At once, and when what was sent has long been read.
          for (const pauseMs of [0, 0, 1, 30]) {
            const socket = await dial();
            for (const part of parts()) socket.write(part);
            if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
            end(socket);
          }
          assert.deepEqual(await statuses(4), [499]);
          assert.deepEqual(app.logged, []);
        });
      }
    }

    it('have made nothing, and their Idempotency-Key is free', async () => {
      assert.deepEqual((await app.panel.call('GET', '/v1/sites')).body.data, []);
      const whole = await app.panel.call('POST', '/v1/sites', JSON.parse(wish()), { 'Idempotency-Key': 'left' });
      assert.equal(whole.status, 202, whole.text);
      await statuses(2);
    });

    it('are let go of when they are streamed to, or wait', async () => {
      const { body } = await app.panel.call('POST', '/v1/sites', JSON.parse(wish()), { Prefer: 'wait=20' });
      const operation = `/v1/operations/${body.operation.id}`;
      told = [];
      for (const [request, status] of [
        ['GET /v1/operations/events', 200],
        [`GET ${operation}/events`, 200],
        ['GET /v1/sites?limit=200', 499],
      ] as const) {
        for (const end of Object.values(leave)) {
          const socket = await dial();
          socket.write(head(request));
          if (status === 200) await once(socket, 'data');
          end(socket);
          const [seen] = await statuses(1);
          assert.ok(seen === status || seen === 200, `${request}: ${seen}`);
        }
      }
      assert.deepEqual(app.logged, []);
    });

    it('have what they asked for carried out before the process ends', async () => {
      const { db } = app.serving.provisor;
      const { promise: free, resolve: setFree } = Promise.withResolvers<void>();
      // All connections for transactions are busy for a while, so that whoever waits for one is a caller.
      const transactions = db.dialect === 'sqlite' ? 1 : db.connections().most / 2;
      const held = Array.from({ length: transactions }, () => db.transaction(() => free));
      const callers = await Promise.all(Array.from({ length: 40 }, dial));
      for (const caller of callers) {
        const body = wish();
        caller.write(head('POST /v1/sites', { 'Content-Length': body.length, Prefer: 'wait=20' }) + body);
      }
      while (db.connections().waiting < callers.length) await new Promise((next) => setImmediate(next));
      for (const caller of callers) caller.resetAndDestroy();
      assert.deepEqual(await statuses(callers.length), [499]);
      const began = performance.now();
      const stopped = app.serving.stop();
      await new Promise((next) => setImmediate(next));
      setFree();
      await Promise.all([stopped, ...held]);
      assert.ok(performance.now() - began < 20_000, `${performance.now() - began} ms`);
      assert.deepEqual(app.logged, []);
    });
  });
}
