import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { load } from 'js-yaml';
import { expectProblem, sendAsIs } from '../support/answers.ts';
import { type Answer, startApp, type TestApp } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { type CutableApp, startCutableApp } from '../support/outage.ts';

const contract = load(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8'));

for (const database of databases) {
  describe(`What the server says of itself, on ${database.name}`, () => {
    let app: TestApp;

    before(async () => {
      app = await startApp(database);
    });
    after(() => app.stop());

    const send = (method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
      sendAsIs(app.serving.url, { method, path, headers });

    it('is healthy and ready, to anyone who asks', async () => {
      const health = await send('GET', '/health');
      assert.equal(health.status, 200);
      assert.equal(health.body.status, 'ok');
      assert.ok(Math.abs(Date.parse(health.body.timestamp) - Date.now()) < 10_000);
      const ready = await send('GET', '/ready');
      assert.deepEqual(
        [ready.status, ready.body],
        [200, { status: 'ready', checks: { database: 'ok', workers: 'ok' } }],
      );
    });

    it('serves the contract that it keeps', async () => {
      const { status, headers, body } = await send('GET', '/openapi.json');
      assert.equal(status, 200);
      assert.match(headers['content-type'] ?? '', /^application\/json/);
      assert.deepEqual(body, contract);
    });

    it('serves a page of it that loads nothing from elsewhere', async () => {
      const page = await send('GET', '/docs');
      assert.equal(page.status, 200);
      assert.match(page.headers['content-type'] ?? '', /^text\/html; charset=utf-8/);
      const policy = page.headers['content-security-policy'] ?? '';
      for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
        assert.ok(policy.includes(rule), policy);
      }
      assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
      assert.doesNotMatch(page.text, /https?:\/\/|["'(]\/\//, 'an absolute URL');
      assert.doesNotMatch(page.text, /<script(?![^>]*\bsrc=)|\son\w+=|style=/, 'something inline');

      const assets = [...page.text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, path]) => path ?? '');
      assert.ok(assets.length >= 4, String(assets));
      for (const path of assets) {
        assert.match(path, /^\/[^/]/);
        const asset = await send('GET', path);
        assert.equal(asset.status, 200, path);
        assert.ok(asset.text.length > 0);
        assert.equal(asset.headers['x-content-type-options'], 'nosniff');
        const type = path.endsWith('.js') ? /^text\/javascript/ : path.endsWith('.css') ? /^text\/css/ : /json/;
        assert.match(asset.headers['content-type'] ?? '', type);
        // What we wrote ourselves calls nobody either; libraries are held back by the policy.
        if (path === '/docs/docs.js') assert.doesNotMatch(asset.text, /https?:\/\/|["'(]\/\//);
      }
    });

    it('serves no other file beside the page', async () => {
      for (const name of [
        'nothing.js',
        'docs.ts',
        'index.html',
        '%2e%2e%2fpackage.json',
        '..%2f..%2fpackage.json',
        '%00',
      ]) {
        expectProblem(await send('GET', `/docs/${name}`), 400, 'invalid_request');
      }
      for (const path of ['/docs/../package.json', '/docs/docs.js/more', '/docs/docs.js.map/x', '/package.json']) {
        expectProblem(await send('GET', path), 404, 'not_found');
      }
    });

    it('answers HEAD like GET, without the body', async () => {
      const key = { Authorization: `Bearer ${app.panel.key}` };
      for (const path of ['/health', '/ready', '/openapi.json', '/docs', '/docs/docs.js', '/v1/whoami', '/v1/sites']) {
        const [head, get] = [await send('HEAD', path, key), await send('GET', path, key)];
        assert.deepEqual([head.status, head.text], [200, ''], path);
        for (const header of ['content-type', 'content-length', 'cache-control', 'content-security-policy']) {
          assert.equal(head.headers[header], get.headers[header], `${path} ${header}`);
        }
      }
      assert.deepEqual(
        [(await send('HEAD', '/v1/whoami')).status, (await send('HEAD', '/nothing')).status],
        [401, 404],
      );
    });

    it('gives every answer a name, and lets none be kept or taken for something else', async () => {
      const key = { Authorization: `Bearer ${app.panel.key}` };
      const ids = new Set<string>();
      for (const [path, headers] of [
        ['/health', {}],
        ['/docs', {}],
        ['/v1/whoami', key],
        ['/v1/whoami', {}],
        ['/v1/sites', key],
        ['/nothing', {}],
        ['/v1/sites?limit=0', key],
      ] as [string, Record<string, string>][]) {
        const answer = await send('GET', path, { ...headers, 'X-Request-Id': 'mine' });
        assert.match(answer.headers['x-request-id'] ?? '', /^[0-9A-HJKMNP-TV-Z]{26}$/);
        ids.add(answer.headers['x-request-id'] ?? '');
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
        assert.equal(answer.headers['cache-control'], 'no-store');
        for (const header of ['x-powered-by', 'server', 'etag', 'access-control-allow-origin', 'set-cookie']) {
          assert.equal(answer.headers[header], undefined, header);
        }
      }
      assert.equal(ids.size, 7);
    });
  });

  describe(`A server whose database is away, on ${database.name}`, () => {
    let app: CutableApp;

    before(async () => {
      app = await startCutableApp(database);
    });
    after(() => app.stop());

    it('is healthy but not ready, until it is back', async () => {
      const send = (path: string) => sendAsIs(app.serving.url, { method: 'GET', path });
      assert.equal((await send('/ready')).status, 200);
      await app.cut();
      assert.equal((await send('/health')).status, 200);
      assert.equal((await send('/docs')).status, 200);
      const { status, headers, body } = await send('/ready');
      assert.equal(status, 503);
      assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/);
      assert.deepEqual(body, { status: 'unavailable', checks: { database: 'unavailable', workers: 'ok' } });
      await app.restore();
      assert.equal((await send('/ready')).status, 200);
    });
  });
}
