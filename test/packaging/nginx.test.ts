/** The configuration of nginx that deploy/ ships, in a real one before a real Provisor: what one address may hold. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { freePorts, type Program, programPath, startProgram } from '../support/program.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

/** In the place of what is shipped, so that a test can have so many. */
const most = 5;

describe('nginx in front of the API, as deploy/ has it', () => {
  let dir: string;
  let provisor: ServerProcess;
  let nginx: Program;
  let port: number;
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: false });

  const begin = async (path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> => {
    const call = request({ host: '127.0.0.1', port, path, agent, headers: { ...headers, host: 'api.example.com' } });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return response;
  };
  const authorized = () => ({ authorization: `Bearer ${provisor.key}` });
  const get = async (path: string, headers = {}) => {
    const response = await begin(path, { ...authorized(), ...headers });
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode, headers: response.headers, text };
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nginx-api-'));
    await chmod(dir, 0o755);
    provisor = await startServer(dir, {
      PROVISOR_TRUSTED_PROXIES: '127.0.0.1',
      PROVISOR_RATE_REFUSED_KEYS: '2',
      PROVISOR_CONNECTIONS: '10',
    });
    selfSigned(dir);
    [port] = (await freePorts(1)) as [number];
    let shipped = await readFile(new URL('../../deploy/nginx/api.conf', import.meta.url), 'utf8');
    for (const [from, to] of [
      [/listen 443 ssl/, `listen 127.0.0.1:${port} ssl`],
      [/ssl_certificate \S+;/, `ssl_certificate ${join(dir, 'tls.crt')};`],
      [/ssl_certificate_key \S+;/, `ssl_certificate_key ${join(dir, 'tls.key')};`],
      [/server 127\.0\.0\.1:8080;/, `server ${new URL(provisor.url).host};`],
      [/limit_conn provisor_api \d+;/, `limit_conn provisor_api ${most};`],
    ] as const) {
      assert.match(shipped, from);
      shipped = shipped.replace(from, to);
    }
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const main = [
      'daemon off;',
      userInfo().uid === 0 ? 'user root;' : '',
      `pid ${join(dir, 'nginx.pid')};`,
      'events {}',
      'http {',
      'access_log off;',
      ...temporary.map((name) => `${name}_temp_path ${join(dir, name)};`),
      shipped,
      '}',
    ];
    const file = join(dir, 'nginx.conf');
    await writeFile(file, main.join('\n'));
    nginx = await startProgram(
      programPath('nginx', 'nginx-light'),
      ['-p', dir, '-c', file, '-e', join(dir, 'error.log')],
      { isReady: async () => (await get('/ready')).status === 200 },
    );
  });
  after(async () => {
    agent.destroy();
    await nginx?.stop();
    await provisor?.end('SIGTERM');
    await rm(dir, { recursive: true, force: true });
  });

  it('passes on events as they come, and no more at once of one address than it may hold', async () => {
    const streams = await Promise.all(Array.from({ length: most }, () => begin('/v1/operations/events', authorized())));
    for (const stream of streams) {
      const [first] = await once(stream, 'data');
      assert.match(String(first), /^event: /);
    }
    const refused = await get('/v1/sites');
    assert.equal(refused.status, 429, refused.text);
    assert.match(refused.headers['content-type'] ?? '', /^application\/json/);
    const { error, request_id, ...rest } = JSON.parse(refused.text);
    assert.deepEqual(rest, { success: false, code: 'rate_limited', retryable: true });
    assert.equal(request_id, refused.headers['x-request-id']);
    assert.ok(error.length > 10 && Number(refused.headers['retry-after']) > 0);
    streams[0]?.destroy();
    let again = await get('/v1/sites');
    // nginx takes a moment to see that its client has left.
    while (again.status === 429) again = await get('/v1/sites');
    assert.equal(again.status, 200, again.text);
    for (const stream of streams) stream.destroy();
  });

  it('keeps those who send slowly, or nothing, to itself', async () => {
    const held = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].flatMap((localAddress) =>
      Array.from({ length: most * 2 }, (_, at) => {
        const socket = connectTls({
          host: '127.0.0.1',
          port,
          localAddress,
          rejectUnauthorized: false,
        } as ConnectionOptions);
        socket.on('error', () => {});
        const head = `POST /v1/sites HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer ${provisor.key}\r\n`;
        const half = `${head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"service_id":`;
        // So many slow ones are more than Provisor has connections.
        if (at < most) socket.write(half);
        return socket;
      }),
    );
    await Promise.all(held.map((socket) => once(socket, 'secureConnect')));
    for (let n = 0; n < 20; n += 1) assert.equal((await get('/v1/sites')).status, 200);
    for (const socket of held) socket.destroy();
  });

  it('says whose call it is, whatever the caller says', async () => {
    const guess = () => get('/v1/sites', { authorization: 'Bearer pvr_x_y', 'x-forwarded-for': `10.0.0.${at++}` });
    let at = 1;
    assert.equal((await guess()).status, 401);
    assert.equal((await guess()).status, 401);
    assert.equal((await guess()).status, 429);
  });
});
