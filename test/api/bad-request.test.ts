import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expectProblem, sendAsIs, sendBytes } from '../support/answers.ts';
import { type Answer, activeSite, newServiceId, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { countTraces } from '../support/traces.ts';

const json = { 'Content-Type': 'application/json' };
const wish = JSON.stringify({ service_id: 'never', email: 'never@example.com', plan: 'basic' });

for (const database of databases) {
  describe(`A request that is not one of ours, on ${database.name}`, () => {
    let app: TestApp;
    let base: string;
    let serviceId: string;
    let earlier: Record<string, number>;

    before(async () => {
      app = await startApp(database);
      base = app.serving.url;
      serviceId = (await activeSite(app.panel)).service_id;
      earlier = await countTraces(app);
    });
    after(() => app.stop());

    const send = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
      sendAsIs(base, {
        method,
        path,
        headers: { Authorization: `Bearer ${app.panel.key}`, ...headers },
        body: body ?? '',
      });
    const post = (body: string | Buffer, headers: Record<string, string> = json): Promise<Answer> =>
      send('POST', '/v1/sites', headers, body);
    /** Head and body as they stand, with our key. */
    const bytes = (first: string, more = '', body = ''): Promise<Answer> =>
      sendBytes(
        base,
        `${first}\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${app.panel.key}\r\n${more}\r\n${body}`,
      );

    it('is told that there is nothing at an unknown address', async () => {
      const paths = ['/v1', '/v1/', '/v1/nothing', '/v1/sites/a/b/c/d', '/V1/sites', '/v1/whoami;x=1', '/v1\\sites'];
      for (const path of [...paths, '/.env', '/v1/../package.json', '/docs/../openapi.yaml', '/v1/sites%2Fx']) {
        for (const method of ['GET', 'POST']) expectProblem(await send(method, path), 404, 'not_found');
      }
    });

    it('is told which methods an address takes', async () => {
      for (const [method, path, allowed] of [
        ['PATCH', '/v1/sites', 'GET, POST'],
        ['DELETE', '/v1/sites', 'GET, POST'],
        ['PUT', `/v1/sites/${serviceId}`, 'GET, DELETE'],
        ['GET', `/v1/sites/${serviceId}/suspend`, 'POST'],
        ['GET', '/create-site', 'POST'],
        ['OPTIONS', '/v1/plans/basic', 'GET, PUT, DELETE'],
        ['TRACE', '/health', 'GET'],
        ['PROPFIND', '/status', 'GET'],
      ] as const) {
        const answer = expectProblem(await send(method, path), 405, 'method_not_allowed');
        assert.equal(answer.headers.allow, allowed);
      }
    });

    it('finds an address with a slash at its end too', async () => {
      for (const path of ['/v1/sites/', `/v1/sites/${serviceId}/`, '/v1/whoami/', '/health/']) {
        assert.equal((await send('GET', path)).status, 200, path);
      }
    });

    it('is refused when the path names no possible id', async () => {
      const bad = [
        '%00',
        'a%0d%0aX-Evil:%201',
        '%20',
        'a%2Fb',
        '%2e%2e%2fplans',
        '%E2%82%AC',
        '%C3%A9',
        'x'.repeat(65),
      ];
      for (const id of bad) {
        expectProblem(await send('GET', `/v1/sites/${id}`), 400, 'invalid_request');
        expectProblem(await send('DELETE', `/v1/sites/${id}`), 400, 'invalid_request');
        // In words, and not as the pattern that they stand for.
        assert.doesNotMatch((await send('GET', `/v1/sites/${id}`)).text, /A-Za-z/);
        expectProblem(await send('POST', `/v1/sites/${id}/suspend`), 400, 'invalid_request');
      }
      for (const id of ['__proto__', 'Basic', 'a%20b']) {
        expectProblem(await send('GET', `/v1/plans/${id}`), 400, 'invalid_request');
      }
      for (const id of ['x', '1', '01jd3a9z6v5q8w2e4r6t8y0p1m', "'%20OR%201=1"]) {
        expectProblem(await send('GET', `/v1/operations/${id}`), 400, 'invalid_request');
      }
      expectProblem(await send('POST', `/v1/sites/${serviceId}/actions/destroy`), 400, 'invalid_request');
      expectProblem(
        await send('POST', '/action/destroy', json, `{"service_id":"${serviceId}"}`),
        400,
        'invalid_request',
      );
    });

    it('is refused when the path cannot be decoded or is endless', async () => {
      for (const id of ['%', '%f', '%zz', '%ff', '%c3%28', '%u0041', 'x'.repeat(8_000)]) {
        expectProblem(await send('GET', `/v1/sites/${id}`), 404, 'not_found');
      }
      expectProblem(await send('GET', `/v1/sites/${'x'.repeat(20_000)}`), 431, 'invalid_request');
    });

    it('takes dots in a path for an id, never for a way up', async () => {
      for (const id of ['..', '%2e%2e', '.']) {
        expectProblem(await send('GET', `/v1/sites/${id}`), 400, 'invalid_request');
      }
      expectProblem(await send('GET', '/v1/sites/...'), 404, 'not_found');
    });

    it('is refused when the query is not in the contract', async () => {
      for (const [query, path] of [
        ['unknown=1', 'unknown'],
        ['__proto__=1', '__proto__'],
        ['constructor=1', 'constructor'],
        ['limit=1&limit=2', 'limit'],
        ['limit[]=1', 'limit'],
        ['state=active&state=stopped', 'state'],
        ['state=sleeping', 'state'],
        ['customer_id=a%20b', 'customer_id'],
        ['customer_id=', 'customer_id'],
        ...['0', '201', '-1', '1.5', 'abc', '', 'NaN', 'true', '1e999', 'Infinity', '9007199254740993'].map(
          (limit) => [`limit=${limit}`, 'limit'] as const,
        ),
      ] as const) {
        const { body } = expectProblem(await send('GET', `/v1/sites?${query}`), 400, 'invalid_request');
        assert.equal(body.errors[0].path, `/query/${path}`, query);
      }
      for (const wait of ['-1', '26', 'x', '1e999']) {
        expectProblem(
          await send('GET', `/v1/operations/01JD3A9Z6V5Q8W2E4R6T8Y0P1M?wait=${wait}`),
          400,
          'invalid_request',
        );
      }
      expectProblem(await send('GET', '/status'), 400, 'invalid_request');
      expectProblem(await send('GET', '/status?service_id=a&service_id=b'), 400, 'invalid_request');
    });

    it('is refused when the cursor is not one of ours', async () => {
      const made = (text: string) => Buffer.from(text).toString('base64url');
      const bad = [
        'zzz',
        '!',
        '%00',
        '%ff',
        made(''),
        made('a b'),
        made('é'),
        `${made('basic')}=`,
        made('x'.repeat(250)),
      ];
      for (const cursor of bad) {
        for (const list of [
          '/v1/sites',
          '/v1/plans',
          '/v1/operations',
          '/v1/usage',
          `/v1/sites/${serviceId}/operations`,
        ]) {
          expectProblem(await send('GET', `${list}?cursor=${cursor}`), 400, 'invalid_request');
        }
      }
    });

    it('is refused when the body is not JSON', async () => {
      for (const text of ['{', '{"a":}', "{'a':1}", 'null', '"text"', '5', 'true', `${wish}x`, '<xml/>', '\u0000']) {
        expectProblem(await post(text), 400, 'invalid_json');
      }
      expectProblem(await post(''), 400, 'invalid_request');
    });

    it('is refused when the body is larger than 64 kB, packed or not', async () => {
      const large = wish.replace('never@', `${'n'.repeat(1 << 20)}@`);
      expectProblem(await post(large), 413, 'payload_too_large');
      for (const [encoding, body] of [
        ['gzip', gzipSync(large)],
        ['br', brotliCompressSync(large)],
      ] as const) {
        expectProblem(await post(body, { ...json, 'Content-Encoding': encoding }), 413, 'payload_too_large');
      }
    });

    it('is refused when the body is of another type', async () => {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'text/html',
        'application/xml',
        'nonsense',
      ]) {
        expectProblem(await post(wish, { 'Content-Type': type }), 415, 'unsupported_media_type');
      }
      expectProblem(await post(wish, {}), 415, 'unsupported_media_type');
    });

    it('is refused when the body is in an odd charset or packing', async () => {
      for (const charset of ['iso-8859-1', 'windows-1252', 'klingon', 'utf-7', 'utf-16', 'utf-16le', 'utf-32']) {
        const answer = await post(wish, { 'Content-Type': `application/json; charset=${charset}` });
        expectProblem(answer, 415, 'unsupported_media_type');
      }
      expectProblem(await post(wish, { ...json, 'Content-Encoding': 'rot13' }), 415, 'unsupported_media_type');
      for (const encoding of ['gzip', 'deflate', 'br']) {
        expectProblem(await post(wish, { ...json, 'Content-Encoding': encoding }), 400, 'invalid_request');
      }
      const cut = gzipSync(wish).subarray(0, 20);
      expectProblem(await post(cut, { ...json, 'Content-Encoding': 'gzip' }), 400, 'invalid_request');
      const notUtf8 = Buffer.concat([
        Buffer.from('{"service_id":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(wish.slice(15)),
      ]);
      expectProblem(await post(notUtf8), 400, 'invalid_request');
    });

    it('is refused when its headers are not in the contract', async () => {
      const site = `/v1/sites/${serviceId}/unsuspend`;
      for (const key of ['', 'k'.repeat(256)]) {
        expectProblem(await send('POST', site, { 'Idempotency-Key': key }), 400, 'invalid_request');
      }
      for (const key of ['\xe9', 'a\tb', '\xc3\xa9']) {
        const answer = await bytes(`POST ${site} HTTP/1.1`, `Content-Length: 0\r\nIdempotency-Key: ${key}\r\n`);
        expectProblem(answer, 400, 'invalid_request');
      }
      expectProblem(await send('POST', site, { Prefer: 'x'.repeat(201) }), 400, 'invalid_request');
    });

    it('is taken as it is when Prefer makes no sense', async () => {
      const nonsense = [
        'wait',
        'wait=',
        'wait=abc',
        'wait=-1',
        'wait=0.5',
        'wait=99999999',
        'respond-async',
        '"',
        ';;',
        ',',
      ];
      for (const prefer of nonsense) {
        const { status, body } = await send('POST', `/v1/sites/${serviceId}/unsuspend`, { Prefer: prefer });
        assert.deepEqual([status, body?.state], [200, 'active'], prefer);
      }
    });

    it('cannot put a line into the answer', async () => {
      for (const path of [
        '/v1/sites/a%0d%0aSet-Cookie:%20a=b',
        '/nothing%0d%0aSet-Cookie:%20a=b',
        '/v1/sites?a%0d%0aSet-Cookie:b=1',
      ]) {
        const answer = await bytes(`GET ${path} HTTP/1.1`);
        assert.equal(answer.headers['set-cookie'], undefined);
        assert.ok(answer.status === 400 || answer.status === 404);
      }
    });

    it('is refused in the same shape when it is not even HTTP', async () => {
      for (const [first, more = ''] of [
        ['GET /v1/whoami HTTP/1.1', 'Prefer: wait=1\rX-Evil: 1\r\n'],
        ['GET /v1/whoami HTTP/1.1', 'Prefer: \u0000\r\n'],
        ['GET /v1/whoami HTTP/1.1', 'No colon here\r\n'],
        ['GET /v1/whoami HTTP/1.1', ' Folded: 1\r\n'],
        ['POST /v1/sites HTTP/1.1', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
        ['POST /v1/sites HTTP/1.1', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
        ['POST /v1/sites HTTP/1.1', 'Content-Length: -1\r\n'],
        ['GET /v1/sites/\xe9 HTTP/1.1'],
        ['GET /v1/whoami HTTP/9.9'],
        ['BREW /v1/sites HTTP/1.1'],
        ['nonsense'],
      ] as const) {
        expectProblem(await bytes(first, more), 400, 'invalid_request');
      }
      expectProblem(
        await bytes('GET /v1/whoami HTTP/1.1', `X-Long: ${'x'.repeat(20_000)}\r\n`),
        431,
        'invalid_request',
      );
    });

    it('is refused when the body ends before its length', async () => {
      // The other half never comes: the sender closes its side.
      const head = `POST /v1/sites HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.panel.key}\r\n`;
      const answer = await sendBytes(
        base,
        `${head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n${wish}`,
        {
          thenEnd: true,
        },
      );
      assert.ok(answer.text === '' || answer.status === 400, answer.text);
    });

    it('leaves nothing behind', async () => {
      assert.deepEqual(await countTraces(app), earlier);
      assert.deepEqual(app.logged, []);
    });
  });

  describe(`A request that looks odd but is fine, on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      app = await startApp(database);
    });
    after(() => app.stop());

    it('is taken with every way of saying JSON in UTF-8', async () => {
      const base = app.serving.url;
      const text = () => JSON.stringify({ service_id: newServiceId(), email: 'a@example.com', plan: 'basic' });
      for (const [headers, body] of [
        [{ 'Content-Type': 'application/json; charset=utf-8' }, text()],
        [{ 'Content-Type': 'application/json;charset="UTF-8"' }, text()],
        [{ 'Content-Type': 'APPLICATION/JSON' }, text()],
        [{ ...json, 'Content-Encoding': 'gzip' }, gzipSync(text())],
        [json, `\ufeff${text()}`],
        [{ ...json, Accept: 'text/html' }, text()],
        [{ ...json, 'X-HTTP-Method-Override': 'DELETE' }, text()],
      ] as const) {
        const answer = await sendAsIs(base, {
          method: 'POST',
          path: '/v1/sites',
          headers: { Authorization: `Bearer ${app.panel.key}`, ...headers },
          body,
        });
        assert.equal(answer.status, 202, answer.text);
      }
    });

    it('needs no body where the contract asks for none', async () => {
      const { service_id: id } = await activeSite(app.panel);
      const head = `Host: x\r\nConnection: close\r\nAuthorization: Bearer ${app.panel.key}\r\nPrefer: wait=20\r\n`;
      for (const length of ['', 'Content-Length: 0\r\n', 'Content-Length: 0\r\nContent-Type: application/json\r\n']) {
        const answer = await sendBytes(
          app.serving.url,
          `POST /v1/sites/${id}/suspend HTTP/1.1\r\n${head}${length}\r\n`,
        );
        assert.deepEqual([answer.status, answer.body?.state], [200, 'suspended']);
      }
    });
  });
}
