/** Calls to addresses that somebody else chose, with real servers and a real DNS server that changes its mind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { startDns, type TestDns } from '../../../test/support/dns-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../../test/support/webhook-receiver.ts';
import { createPost, readRetryAfter } from './post.ts';
import { createResolve } from './resolve.ts';
import { createAddressRule } from './target-address.ts';

const message = { headers: { 'content-type': 'application/json' }, body: '{}' };
const quickly = () => AbortSignal.timeout(10_000);

describe('a call to an address that somebody else chose', () => {
  let dns: TestDns;
  /** Two servers on one port: the one that may be called, and the one inside that may not. */
  let public_: WebhookReceiver;
  let inside: WebhookReceiver;
  const tcp: Server[] = [];

  before(async () => {
    dns = await startDns();
    public_ = await startWebhookReceiver('127.0.0.2');
    inside = await startWebhookReceiver('127.0.0.1', public_.port);
  });
  after(async () => {
    for (const server of tcp) server.close();
    await Promise.all([public_.stop(), inside.stop(), dns.stop()]);
  });

  const rules = { http: true, isAllowed: createAddressRule(['127.0.0.2']) };
  const post = () => createPost({ ...rules, resolve: createResolve([dns.server]) });

  it('goes to the address that was checked, whatever the name says a moment later', async () => {
    dns.set('rebinding.example', 'A', '127.0.0.2');
    const resolve = createResolve([dns.server]);
    let asked = 0;
    const rebinding = createPost({
      ...rules,
      resolve: async (hostname, signal) => {
        asked += 1;
        const first = await resolve(hostname, signal);
        // From now on every answer of the DNS server leads inside.
        dns.set('rebinding.example', 'A', '127.0.0.1');
        return first;
      },
    });
    const url = `http://rebinding.example:${public_.port}/`;
    assert.deepEqual(await rebinding(url, message, quickly(), 0), { is: 'delivered', status: 204 });
    assert.deepEqual([asked, public_.received.length, inside.received.length], [1, 1, 0]);
    const again = await rebinding(url, message, quickly(), 0);
    assert.equal(again.is, 'later');
    assert.match('error' in again ? again.error : '', /127\.0\.0\.1, which is not a public address/);
    assert.deepEqual([public_.received.length, inside.received.length], [1, 0]);
  });

  it('is refused when only one of the addresses is inside', async () => {
    dns.set('both.example', 'A', '127.0.0.2', '127.0.0.1');
    const outcome = await post()(`http://both.example:${public_.port}/`, message, quickly(), 0);
    assert.match('error' in outcome ? outcome.error : '', /leads to 127\.0\.0\.1/);
    assert.equal(inside.received.length, 0);
  });

  it('is refused for every way to write an address inside', async () => {
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
    ]) {
      const outcome = await post()(`http://${host}:${inside.port}/`, message, quickly(), 0);
      assert.match('error' in outcome ? outcome.error : '', /not a public address/, host);
    }
    assert.equal(inside.received.length, 0);
  });

  it('is not made by plain http once that is off, nor to a name without an address', async () => {
    const off = createPost({ ...rules, http: false, resolve: createResolve([dns.server]) });
    assert.match(JSON.stringify(await off(public_.url, message, quickly(), 0)), /Plain http/);
    assert.match(JSON.stringify(await post()('http://nobody.example/', message, quickly(), 0)), /leads to no address/);
  });

  it('speaks TLS only with who has a certificate for the name', async () => {
    const outcome = await post()(`https://127.0.0.2:${public_.port}/`, message, quickly(), 0);
    assert.equal(outcome.is, 'later');
  });

  it('is given up when no answer comes, and reads no more of one than it needs', async () => {
    const listen = async (onData: (socket: import('node:net').Socket) => void): Promise<number> => {
      const server = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => onData(socket));
      }).listen(0, '127.0.0.2');
      tcp.push(server);
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    };
    const silent = await listen(() => {});
    const began = performance.now();
    const late = await post()(`http://127.0.0.2:${silent}/`, message, AbortSignal.timeout(300), 0);
    assert.deepEqual(late, { is: 'later', error: 'The server did not answer in time.' });
    assert.ok(performance.now() - began < 5_000);

    let sent = 0;
    const endless = await listen((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const block = 'x'.repeat(16_384);
      const more = () => {
        while (!socket.destroyed) {
          sent += block.length;
          if (!socket.write(`4000\r\n${block}\r\n`)) return void socket.once('drain', more);
        }
      };
      more();
    });
    assert.deepEqual(await post()(`http://127.0.0.2:${endless}/`, message, quickly(), 0), {
      is: 'delivered',
      status: 200,
    });
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);

    const broken = await listen((socket) => socket.end('nonsense\r\n\r\n'));
    assert.equal((await post()(`http://127.0.0.2:${broken}/`, message, quickly(), 0)).is, 'later');
    const closed = await listen((socket) => socket.destroy());
    assert.match(
      JSON.stringify(await post()(`http://127.0.0.2:${closed}/`, message, quickly(), 0)),
      /closed the connection/,
    );
    const headers = await listen((socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`));
    assert.equal((await post()(`http://127.0.0.2:${headers}/`, message, quickly(), 0)).is, 'later');
  });

  it('reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2026-01-31T12:00:00Z');
    assert.equal(readRetryAfter('120', now), 120_000);
    assert.equal(readRetryAfter('Sat, 31 Jan 2026 12:01:00 GMT', now), 60_000);
    assert.equal(readRetryAfter('Sat, 31 Jan 2026 11:00:00 GMT', now), 0);
    for (const odd of [undefined, 'soon', '-5', '']) assert.equal(readRetryAfter(odd, now), undefined);
  });
});
