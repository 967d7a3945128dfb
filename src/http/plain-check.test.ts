/** The short way and the validator itself, on the same requests: what the one lets pass, the other does, and reads it alike. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import express, { type ErrorRequestHandler, type Request, type Response } from 'express';
import { middleware } from 'express-openapi-validator';
import { operationsOf, readDocument } from '../contract/document.ts';
import { createPlainCheck } from './plain-check.ts';
import { createRouter } from './router.ts';

const document = readDocument();
const operations = operationsOf(document);

const values = [
  '1',
  '25',
  '26',
  '0',
  '200',
  '201',
  '007',
  '-1',
  '1.5',
  '1e3',
  'active',
  'x',
  'a.b-c_d~e',
  '9'.repeat(17),
];
const odd = ['', '?', '?limit', '?limit=', '?limit=5&limit=6', '?limit=5&', '?nobody=1', '?limit=%35', '?limit=5+5'];

/** Every parameter of a query with every value, alone and beside another; and queries that nobody would send. */
const queriesOf = (path: string, method: string): string[] => {
  const item = document.paths[path] as Record<string, { parameters?: object[] } | object[]>;
  const own = [item.parameters ?? [], (item[method] as { parameters?: object[] }).parameters ?? []].flat() as {
    $ref?: string;
    name?: string;
    in?: string;
  }[];
  const shared = (document.components as { parameters: Record<string, { name: string; in: string }> }).parameters;
  const names = own
    .map((one) => (one.$ref ? shared[one.$ref.split('/').at(-1)!]! : one))
    .filter((one) => one.in === 'query')
    .map(({ name }) => name);
  return [
    ...odd,
    ...names.flatMap((name, at) => [
      ...values.map((value) => `?${name}=${value}`),
      ...values.map((value) => `?${names[at - 1] ?? 'wait'}=5&${name}=${value}`),
    ]),
  ];
};

describe('the short way', () => {
  let url: string;
  let stop: () => void;
  before(async () => {
    const app = express();
    app.set('query parser', 'simple');
    app.use(
      middleware({
        apiSpec: structuredClone(document) as never,
        validateApiSpec: false,
        validateSecurity: false,
        validateRequests: { allowUnknownQueryParameters: false, coerceTypes: false },
        validateResponses: false,
      }),
    );
    app.use((req: Request, res: Response) => void res.json({ query: req.query }));
    app.use(((error, _req, res, _next) => void res.status(error.status ?? 500).json({})) satisfies ErrorRequestHandler);
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    stop = () => void server.close();
  });
  after(() => stop());

  it('lets pass what the validator does, and reads it alike', async () => {
    const route = createRouter(operations);
    const plainCheck = createPlainCheck(document, operations);
    // A fragment, which no client sends, is none of the query.
    for (const sent of ['/v1/sites#?limit=5', '/v1/sites?limit=5#x'])
      assert.equal(plainCheck(route('GET', '/v1/sites'), { url: sent, headers: {} }), null);
    let passed = 0;
    let withQuery = 0;
    let refused = 0;
    for (const { path, method } of operations.filter((one) => one.method === 'get')) {
      const address = path.replaceAll(/\{[^}]+\}/g, 'x');
      for (const query of queriesOf(path, method)) {
        const plain = plainCheck(route('GET', address), { url: address + query, headers: {} });
        const answer = await fetch(url + address + query);
        const body = (await answer.json()) as { query: object };
        if (answer.status !== 200) {
          refused += 1;
          assert.equal(
            plain,
            null,
            `${address}${query} is let pass, and answered with ${answer.status} by the validator`,
          );
        }
        if (!plain) continue;
        passed += 1;
        if (plain.query === undefined) continue;
        withQuery += 1;
        assert.deepEqual({ ...plain.query }, body.query, address + query);
      }
    }
    assert.ok(passed > 50 && withQuery > 30 && refused > 500, `${passed}, ${withQuery}, ${refused}`);
  });
});
