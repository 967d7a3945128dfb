/**
 * A contract of many paths, served by Provisor's HTTP layer or by Express with
 * express-openapi-validator as it comes. No database: only what finding and
 * checking an operation costs.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { middleware } from 'express-openapi-validator';
import { createHttpApp } from '../../src/http/http-app.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { noTelemetry } from '../../src/kit/telemetry.ts';

const { paths, side, port } = JSON.parse(process.env.BENCH_PATHS ?? '') as {
  paths: number;
  side: 'provisor' | 'express-validator';
  port: number;
};

const text = { type: 'string', minLength: 1, maxLength: 64 };
const pathItem = (number: number) => ({
  get: {
    operationId: `get${number}`,
    parameters: [
      { name: 'id', in: 'path', required: true, schema: text },
      { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } },
    ],
    responses: { 200: { description: 'It', content: { 'application/json': { schema: { type: 'object' } } } } },
  },
});
const document = {
  openapi: '3.1.0',
  info: { version: '1', title: 'Many paths' },
  paths: Object.fromEntries(Array.from({ length: paths }, (_, at) => [`/v1/things${at}/{id}`, pathItem(at)])),
};

const answer = (id: string) => ({ id, ok: true });

if (side === 'provisor') {
  const { app } = await createHttpApp({
    document,
    handlers: Object.fromEntries(
      Array.from({ length: paths }, (_, at) => [
        `get${at}`,
        async ({ path }: { path: { id: string } }) => ({ status: 200, body: answer(path.id) }),
      ]),
    ),
    authenticate: async () => {
      throw new Error('Nothing here asks for a key');
    },
    refused: async () => {},
    idempotency: {} as never,
    rateLimit: createRateLimit({
      clock: systemClock,
      settings: { perAddress: 10_000_000, perKey: 10_000_000, failures: 60 },
    }),
    corsOrigins: [],
    telemetry: noTelemetry,
    clientAddress: () => '127.0.0.1',
    clock: systemClock,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, isLevelEnabled: () => false },
    validateResponses: false,
    draining: new AbortController().signal,
  });
  app.listen(port, '127.0.0.1');
} else {
  const file = join(tmpdir(), `provisor-paths-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(document));
  const app = express();
  app.use(middleware({ apiSpec: file, validateRequests: true, validateResponses: false }));
  for (let at = 0; at < paths; at += 1) {
    app.get(`/v1/things${at}/:id`, (req, res) => {
      res.json(answer(req.params.id));
    });
  }
  app.listen(port, '127.0.0.1');
}
