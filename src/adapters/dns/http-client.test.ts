/** A provider that answers as nobody should: whatever it sends ends in a ProviderError, and in nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { ProviderError } from '../../kit/errors.ts';
import { createHttpClient, readJson } from './http-client.ts';

const schema = z.object({ zones: z.array(z.object({ name: z.string(), ttl: z.number() })) });

/** Asks a server that answers like this. */
const ask = async (answer: RequestListener) => {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const call = createHttpClient('dns/hostile', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const request = { method: 'GET', path: '/zones', changes: false } as const;
    const { text } = await call(request, AbortSignal.timeout(20_000));
    return readJson('dns/hostile', schema, text, false);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const refused = (answer: RequestListener, message: RegExp) =>
  assert.rejects(ask(answer), (error: unknown) => {
    assert.ok(error instanceof ProviderError, String(error));
    assert.equal(error.kind, 'unavailable');
    assert.match(error.message, message);
    // Nothing of the answer is in the message, so nothing of it can get into a log or onto a terminal.
    assert.match(error.message, /^[\x20-\x7e]{1,200}$/);
    return true;
  });

describe('A hostile answer of a provider', () => {
  it('that never ends is cut off', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(1024 * 1024, 'a');
    await refused((_req, res) => {
      const more = () => {
        while (!res.destroyed && res.write(chunk)) sent += chunk.length;
        sent += chunk.length;
      };
      res.on('drain', more);
      more();
    }, /No answer/);
    assert.ok(sent < 200 * 1024 * 1024, `${sent} bytes`);
  });

  it('that is nested without end is not followed', () =>
    refused((_req, res) => res.end(`${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}`), /makes no sense/));

  it('that is of other types is not taken for what it should be', async () => {
    for (const body of [
      '',
      'null',
      '[]',
      '"zones"',
      '{"zones":{}}',
      '{"zones":[{"name":1,"ttl":1}]}',
      '{"zones":[{"name":"a","ttl":"1"}]}',
      '{"zones":[{"name":"a","ttl":1e999}]}',
      '\u001b[31m\r\nfake log line',
    ])
      await refused((_req, res) => res.end(body), /makes no sense/);
  });

  it('that brings keys of prototypes changes no object but itself', async () => {
    const evil = '{"__proto__":{"ttl":1,"polluted":true},"constructor":{"prototype":{"polluted":true}}';
    const { zones } = await ask((_req, res) =>
      res.end(`${evil},"zones":[{"name":"a","ttl":1,"__proto__":{"polluted":true}}]}`),
    );
    assert.deepEqual(zones, [{ name: 'a', ttl: 1 }]);
    assert.equal((zones[0] as unknown as { polluted?: boolean }).polluted, undefined);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    await refused((_req, res) => res.end(`${evil},"zones":[{"name":"a","__proto__":{"ttl":1}}]}`), /makes no sense/);
  });

  it('that sends us elsewhere is not followed', () =>
    refused((_req, res) => res.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(), /makes no sense/));
});
