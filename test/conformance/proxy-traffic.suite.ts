/** What visitors meet at a reverse proxy that serves them: the second half of proxy.suite.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { visitorPages } from '../../src/kit/visitor-page.ts';
import type { ReverseProxy, Route } from '../../src/ports/proxy.ts';
import { type Asked, startUpstream, type TestUpstream, visitAt } from '../support/upstream.ts';
import type { ProxyWorld } from './proxy-world.ts';

interface Bench {
  world: ProxyWorld;
  proxy: ReverseProxy;
  site: TestUpstream;
  routeFor(id: string, more?: Partial<Route>): Route;
  leavesNothing(): Promise<void>;
}

const never = new AbortController().signal;

export const proxyTraffic = (bench: () => Bench): void => {
  describe('visitors', () => {
    /** What `work` is given when there are visitors at all. */
    const served =
      (work: (given: Bench & { port: number; visit: (host: string) => ReturnType<typeof visitAt> }) => Promise<void>) =>
      async (t: TestContext) => {
        const given = bench();
        const { traffic } = given.world;
        if (!traffic) return t.diagnostic('nobody serves visitors here');
        await work({ ...given, port: traffic.port, visit: (host) => visitAt(traffic.port, host) });
        await given.leavesNothing();
      };

    it(
      'reach the site that their host name is on, and no other',
      served(async ({ proxy, routeFor, visit, site }) => {
        const other = await startUpstream('the other site');
        const nobody = await visit('nobody.test');
        await proxy.putRoute(routeFor('one', { hostnames: ['one.test', 'www.one.test'] }), never);
        await proxy.putRoute(routeFor('two', { upstream: other.upstream }), never);
        for (const [host, name] of [
          ['one.test', 'the site'],
          ['www.one.test', 'the site'],
          ['ONE.test:1234', 'the site'],
          ['two.test', 'the other site'],
        ] as const) {
          const { status, body } = await visit(host);
          assert.equal(status, 200, host);
          const asked = JSON.parse(body) as Asked;
          assert.equal(asked.site, name, host);
          assert.equal(asked.headers.host, host);
        }
        const { status, body } = await visit('x.one.test');
        assert.deepEqual([status, body], [nobody.status, nobody.body.replaceAll('nobody.test', 'x.one.test')]);
        await proxy.putRoute(
          routeFor('two', { upstream: { ...site.upstream, hostHeader: 'inner.test' } as Route['upstream'] }),
          never,
        );
        assert.equal((JSON.parse((await visit('two.test')).body) as Asked).headers.host, 'inner.test');
        await proxy.deleteRoute('one', never);
        const gone = await visit('one.test');
        assert.deepEqual([gone.status, gone.body], [nobody.status, nobody.body.replaceAll('nobody.test', 'one.test')]);
        await proxy.deleteRoute('two', never);
        await other.stop();
      }),
    );

    it(
      'are not believed about who they are',
      served(async ({ proxy, routeFor, port }) => {
        await proxy.putRoute(routeFor('who'), never);
        const { body } = await visitAt(port, 'who.test', {
          path: '/a%2Fb/../c?x=%20y&z={http.request.host}$host',
          method: 'POST',
          body: 'said',
          headers: {
            'X-Forwarded-For': '203.0.113.9',
            'X-Forwarded-Host': 'evil.test',
            'X-Forwarded-Proto': 'https',
            'X-Real-IP': '203.0.113.9',
            Forwarded: 'for=203.0.113.9',
          },
        });
        const { headers, method, url, body: sent } = JSON.parse(body) as Asked;
        assert.deepEqual([method, sent], ['POST', 'said']);
        assert.equal(url, '/a%2Fb/../c?x=%20y&z={http.request.host}$host');
        assert.equal(headers['x-forwarded-for'], '127.0.0.1');
        assert.equal(headers['x-forwarded-host'], 'who.test');
        assert.equal(headers['x-forwarded-proto'], 'http');
        assert.equal(headers['x-real-ip'], undefined);
        assert.equal(headers.forwarded, undefined);
        await proxy.deleteRoute('who', never);
      }),
    );

    it(
      'see a page that says why: 503, and when to come back',
      served(async ({ proxy, routeFor, visit, port }) => {
        for (const page of ['suspended', 'stopped'] as const) {
          await proxy.putRoute(routeFor('paged', { page }), never);
          const shown = await visit('paged.test');
          assert.equal(shown.status, 503);
          assert.equal(shown.headers['retry-after'], String(visitorPages[page].retryAfter));
          assert.equal(shown.headers['cache-control'], 'no-store');
          assert.equal(shown.headers['content-type'], 'text/html; charset=utf-8');
          assert.match(String(shown.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
          assert.ok(shown.body.includes(visitorPages[page].title) && shown.body.includes('paged.test'), shown.body);
          assert.ok(shown.body.includes('body{margin:0;'));
          const head = await visitAt(port, 'paged.test', { method: 'HEAD', path: '/deep/in?side' });
          assert.deepEqual([head.status, head.body], [503, '']);
          const upload = await visitAt(port, 'paged.test', {
            method: 'POST',
            path: '/x.php',
            body: 'x'.repeat(70_000),
          });
          assert.equal(upload.status, 503);
        }
        await proxy.putRoute(routeFor('paged'), never);
        assert.equal((await visit('paged.test')).status, 200);
        await proxy.deleteRoute('paged', never);
      }),
    );

    it(
      'find no route while it is switched off',
      served(async ({ proxy, routeFor, visit }) => {
        const before = await visit('switched.test');
        await proxy.putRoute(routeFor('switched', { hostnames: ['switched.test', '*.switched.test'] }), never);
        for (const enabled of [false, true, false]) {
          await proxy.setEnabled('switched', enabled, never);
          for (const host of ['switched.test', 'x.switched.test']) {
            const { status, body } = await visit(host);
            if (enabled) assert.equal(status, 200, host);
            else assert.deepEqual([status, body], [before.status, before.body.replaceAll('switched.test', host)]);
          }
        }
        await proxy.deleteRoute('switched', never);
      }),
    );

    it(
      'are led by a wildcard, unless a route has the whole name',
      served(async ({ world, proxy, routeFor, visit }) => {
        const other = await startUpstream('the other site');
        const siteOf = async (host: string) => {
          const { status, body } = await visit(host);
          return status === 200 ? (JSON.parse(body) as Asked).site : status;
        };
        const nobody = (await visit('nobody.test')).status;
        const whole = routeFor('whole', { hostnames: ['a.wild.test', '*.a.wild.test'], upstream: other.upstream });
        const wild = routeFor('wild', { hostnames: ['*.wild.test'] });
        for (const order of [
          [whole, wild],
          [wild, whole],
        ]) {
          for (const route of order) await proxy.putRoute(route, never);
          assert.equal(await siteOf('a.wild.test'), 'the other site');
          assert.equal(await siteOf('x.a.wild.test'), 'the other site');
          assert.equal(await siteOf('b.wild.test'), 'the site');
          assert.equal(await siteOf('wild.test'), nobody);
          if (world.traffic!.oneLabel) assert.equal(await siteOf('b.b.wild.test'), nobody);
          for (const { id } of order) await proxy.deleteRoute(id, never);
        }
        await other.stop();
      }),
    );

    it(
      'get a streamed answer as it comes, and send bodies of any length',
      served(async ({ proxy, routeFor, port, site }) => {
        await proxy.putRoute(routeFor('stream'), never);
        const long = 'x'.repeat(5_000_000);
        const echoed = await visitAt(port, 'stream.test', { method: 'PUT', body: long });
        assert.equal((JSON.parse(echoed.body) as Asked).body.length, long.length);

        const heard = Promise.withResolvers<void>();
        site.answer((_incoming, response) => {
          response.write('first ');
          void heard.promise.then(() => response.end('last'));
        });
        const asking = request({ host: '127.0.0.1', port, headers: { Host: 'stream.test' }, agent: false }).end();
        const [reply] = await once(asking, 'response');
        let body = '';
        for await (const chunk of reply) {
          body += chunk;
          // Only now does the site say the rest: nothing on the way may have waited for it.
          heard.resolve();
        }
        assert.equal(body, 'first last');

        site.answer((incoming, response) => {
          response.writeHead(200);
          incoming.on('data', (chunk) => response.write(`heard ${chunk} `)).on('end', () => response.end('all'));
        });
        const talking = request({
          host: '127.0.0.1',
          port,
          method: 'POST',
          headers: { Host: 'stream.test', 'Transfer-Encoding': 'chunked' },
          agent: false,
        });
        talking.write('one');
        const [answer] = await once(talking, 'response');
        let said = '';
        for await (const chunk of answer) {
          said += chunk;
          if (said === 'heard one ') talking.end('two');
        }
        assert.equal(said, 'heard one heard two all');
        site.answer(null);
        await proxy.deleteRoute('stream', never);
      }),
    );

    it('can change to another protocol on the way, as websockets do', async (t) => {
      const { world, proxy, routeFor, leavesNothing } = bench();
      if (!world.traffic) return t.diagnostic('nobody serves visitors here');
      if (!world.traffic.upgrades) return t.diagnostic('not promised by this proxy');
      await proxy.putRoute(routeFor('upgrade'), never);
      const socket: Socket = connect(world.traffic.port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: upgrade.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.setEncoding('latin1');
      let heard = '';
      for await (const chunk of socket) {
        heard += chunk;
        if (heard.includes('\r\n\r\n') && !heard.includes('ping')) socket.write('ping');
        if (heard.endsWith('ping')) break;
      }
      assert.match(heard, /^HTTP\/1\.1 101 /);
      socket.destroy();
      await proxy.deleteRoute('upgrade', never);
      await leavesNothing();
    });
  });
};
