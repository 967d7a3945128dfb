/**
 * What every reverse proxy promises (src/ports/proxy.ts), asked of each in the same
 * words. An adapter brings a world: the provider, real or a fake, and what a test
 * has to do to it from behind.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { ReverseProxy, Route } from '../../src/ports/proxy.ts';
import { type Asked, startUpstream, type TestUpstream, visitAt } from '../support/upstream.ts';
import { proxyTraffic } from './proxy-traffic.suite.ts';
import type { ProxyWorld } from './proxy-world.ts';

const never = new AbortController().signal;

/** Ids and names that would do harm wherever they were pasted into a command, a path or a configuration. */
export const hostile = [
  'a;rm -rf',
  'a\nb',
  'a\r\nb',
  'a"b',
  "a'b",
  '..',
  '../up',
  'a/../b',
  '$host',
  '$(id)',
  '`id`',
  'a b',
  'a{b}',
  '{http.request.host}',
  'a\\b',
  'a#b',
  'a|b',
  'a&b',
  '\0',
  'a\0b',
  '',
  'A.TEST',
  'dot.test.',
  'a..test',
  '*',
  'a.*.test',
  '**.test',
  '~^.*$',
];

const fails =
  (...kinds: ProviderErrorKind[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ProviderError, String(error));
    assert.ok(kinds.includes(error.kind), `${error.kind}: ${error.message}`);
    return true;
  };

export const proxyConformance = (name: string, open: () => Promise<ProxyWorld>): void => {
  describe(`reverse proxy ${name}`, () => {
    let world: ProxyWorld;
    let proxy: ReverseProxy;
    let site: TestUpstream;
    let begun: string;
    before(async () => {
      world = await open();
      ({ proxy } = world);
      site = await startUpstream('the site');
      begun = await world.dump();
    });
    // So that what one promise leaves behind does not break the next.
    afterEach(async () => {
      for (const { id } of await proxy.listRoutes(never)) await proxy.deleteRoute(id, never);
      await world.clearForeign();
    });
    after(async () => {
      await site?.stop();
      await world?.stop();
    });

    const routeFor = (id: string, more: Partial<Route> = {}): Route => ({
      id,
      hostnames: [`${id}.test`],
      upstream: site.upstream,
      page: 'site',
      enabled: true,
      redirectHttps: true,
      tls: 'auto',
      ...more,
    });

    const changes = (of: ReverseProxy, route: Route): [string, (signal: AbortSignal) => Promise<unknown>][] => [
      ['putRoute', (signal) => of.putRoute(route, signal)],
      ['setEnabled', (signal) => of.setEnabled(route.id, false, signal)],
      ['deleteRoute', (signal) => of.deleteRoute(route.id, signal)],
    ];
    const calls = (of: ReverseProxy, route: Route): [string, (signal: AbortSignal) => Promise<unknown>][] => [
      ['listRoutes', (signal) => of.listRoutes(signal)],
      ['getRoute', (signal) => of.getRoute(route.id, signal)],
      ['ensureCertificate', (signal) => of.ensureCertificate(route.id, signal)],
      ...changes(of, route),
    ];

    /** Whatever was made since the suite began is gone again, byte for byte. */
    const leavesNothing = async () => assert.equal(await world.dump(), begun);

    it('keeps what it is given: put, replaced, switched and deleted, each twice', async () => {
      const first = routeFor('kept', { hostnames: ['kept.test', 'www.kept.test'] });
      const wishes: Route[] = [
        first,
        { ...first, hostnames: ['www.kept.test', 'new.test'], page: 'suspended' },
        { ...first, hostnames: ['new.test'], page: 'stopped', enabled: false },
        { ...first, hostnames: ['*.kept.test'], redirectHttps: false, tls: 'off' },
        { ...first, hostnames: ['kept.test', '*.kept.test'] },
        {
          ...first,
          upstream: {
            scheme: 'http',
            host: '127.0.0.1',
            port: 9,
            ...(world.hostHeaders ? { hostHeader: 'inner.test:81' } : {}),
          },
        },
      ];
      for (const wish of wishes) {
        for (const _attempt of [1, 2]) {
          await proxy.putRoute(wish, never);
          assert.deepEqual(await proxy.getRoute('kept', never), wish);
          assert.deepEqual(await world.other.listRoutes(never), [wish]);
        }
      }
      for (const enabled of [false, false, true, true]) {
        await proxy.setEnabled('kept', enabled, never);
        assert.deepEqual(await proxy.getRoute('kept', never), { ...wishes.at(-1), enabled });
      }
      for (const _attempt of [1, 2]) await proxy.ensureCertificate('kept', never);
      for (const _attempt of [1, 2]) {
        await proxy.deleteRoute('kept', never);
        assert.equal(await proxy.getRoute('kept', never), null);
      }
      assert.deepEqual(await proxy.listRoutes(never), []);
      await leavesNothing();
    });

    it('says of a missing route that it is missing', async () => {
      await assert.rejects(proxy.setEnabled('nowhere', true, never), fails('not_found'));
      await assert.rejects(proxy.ensureCertificate('nowhere', never), fails('not_found'));
      assert.equal(await proxy.getRoute('nowhere', never), null);
      await leavesNothing();
    });

    it('gives a host name to one route only, and leaves the refused one as it was', async () => {
      const first = routeFor('first', { hostnames: ['first.test', '*.first.test'] });
      const second = routeFor('second');
      await proxy.putRoute(first, never);
      await proxy.putRoute(second, never);
      const dump = await world.dump();
      for (const taken of ['first.test', '*.first.test']) {
        const grabbing = { ...second, hostnames: ['fresh.test', taken] };
        await assert.rejects(proxy.putRoute(grabbing, never), fails('conflict'));
        await assert.rejects(world.other.putRoute({ ...grabbing, id: 'third' }, never), fails('conflict'));
      }
      assert.equal(await world.dump(), dump);
      assert.deepEqual(await proxy.getRoute('second', never), second);
      assert.equal(await proxy.getRoute('third', never), null);
      await proxy.deleteRoute('first', never);
      await proxy.putRoute({ ...second, hostnames: ['first.test'] }, never);
      await proxy.deleteRoute('second', never);
      await leavesNothing();
    });

    it('keeps a name for a route that is switched off', async () => {
      await proxy.putRoute(routeFor('off', { enabled: false }), never);
      await assert.rejects(proxy.putRoute(routeFor('grab', { hostnames: ['off.test'] }), never), fails('conflict'));
      await proxy.deleteRoute('off', never);
      await leavesNothing();
    });

    it('refuses hostile ids and names, and changes nothing', async () => {
      for (const text of hostile) {
        await assert.rejects(proxy.putRoute(routeFor('hostile', { id: text }), never), fails('invalid'), text);
        await assert.rejects(proxy.putRoute(routeFor('hostile', { hostnames: [text] }), never), fails('invalid'), text);
        await assert.rejects(
          proxy
            .putRoute(routeFor('hostile', { upstream: { scheme: 'http', host: text, port: 80 } }), never)
            .then(() => {
              // A host may be upper-case, or what merely cannot be found: it must then be kept as it is.
              if (!/^[\w.:-]+$/.test(text)) return;
              return proxy.deleteRoute('hostile', never).then(() => {
                throw new ProviderError(proxy.id, 'invalid', 'harmless');
              });
            }),
          fails('invalid', 'unavailable'),
          text,
        );
        const hostHeader = `x${text}`;
        if (!/^[\w.:[\]-]+$/.test(hostHeader)) {
          const upstream = { ...site.upstream, hostHeader };
          await assert.rejects(proxy.putRoute(routeFor('hostile', { upstream }), never), fails('invalid'), text);
        }
      }
      await leavesNothing();
    });

    it('leaves what is foreign and has our name alone', async (t) => {
      if (!world.occupy) return t.diagnostic(`${name} names things itself: none can have our name`);
      await world.occupy('theirs');
      const dump = await world.dump();
      const route = routeFor('theirs');
      await assert.rejects(proxy.putRoute(route, never), fails('conflict'));
      await assert.rejects(proxy.setEnabled('theirs', false, never), fails('conflict', 'not_found'));
      await assert.rejects(proxy.deleteRoute('theirs', never), fails('conflict'));
      assert.deepEqual(await proxy.listRoutes(never), []);
      assert.equal(await world.dump(), dump);
      await world.clearForeign();
      await leavesNothing();
    });

    it('takes no name from what is foreign', async (t) => {
      if (!world.claim) return t.diagnostic(`${name} holds nothing but our routes`);
      await world.claim('claimed.test');
      const dump = await world.dump();
      const grabbing = routeFor('grabbing', { hostnames: ['grabbing.test', 'claimed.test'] });
      await assert.rejects(proxy.putRoute(grabbing, never), fails('conflict'));
      assert.equal(await world.dump(), dump);
      await proxy.putRoute(routeFor('beside'), never);
      await proxy.deleteRoute('beside', never);
      assert.equal(await world.dump(), dump);
      await world.clearForeign();
      await leavesNothing();
    });

    it('loses none of 16 routes that two of us put at once, and none of what is left when 8 go', async () => {
      const routes = Array.from({ length: 16 }, (_, at) => routeFor(`many-${at}`));
      const of = (at: number) => (at % 2 === 0 ? proxy : world.other);
      await Promise.all(routes.map((route, at) => of(at).putRoute(route, never)));
      const listed = async () =>
        (await proxy.listRoutes(never)).sort((a, b) => a.hostnames[0]!.localeCompare(b.hostnames[0]!));
      const sorted = (all: Route[]) => all.sort((a, b) => a.hostnames[0]!.localeCompare(b.hostnames[0]!));
      assert.deepEqual(await listed(), sorted([...routes]));
      await Promise.all(routes.slice(0, 8).map((route, at) => of(at).deleteRoute(route.id, never)));
      assert.deepEqual(await listed(), sorted(routes.slice(8)));
      await Promise.all(routes.slice(8).map((route, at) => of(at).deleteRoute(route.id, never)));
      await leavesNothing();
    });

    it('gives a name that two routes want at once to one of them', async () => {
      const wishes = ['left', 'right'].map((id) => routeFor(id, { hostnames: ['wanted.test'] }));
      const results = await Promise.allSettled([
        proxy.putRoute(wishes[0]!, never),
        world.other.putRoute(wishes[1]!, never),
      ]);
      const lost = results.filter((result) => result.status === 'rejected');
      assert.equal(lost.length, 1, JSON.stringify(results));
      fails('conflict')(lost[0]!.reason);
      assert.equal((await proxy.listRoutes(never)).length, 1);
      for (const { id } of wishes) await proxy.deleteRoute(id, never);
      await leavesNothing();
    });

    it('begins nothing once it has been given up', async () => {
      await proxy.putRoute(routeFor('given-up'), never);
      const dump = await world.dump();
      for (const [method, call] of calls(proxy, routeFor('given-up', { page: 'stopped' }))) {
        await assert.rejects(call(AbortSignal.abort()), fails('unavailable'), method);
      }
      assert.equal(await world.dump(), dump);
      await proxy.deleteRoute('given-up', never);
      await leavesNothing();
    });

    describe('with a provider that fails', () => {
      const told = (error: unknown, ...kinds: ProviderErrorKind[]) => {
        fails(...kinds)(error);
        for (const secret of world.secrets) {
          assert.ok(!`${(error as Error).message} ${(error as Error).stack}`.includes(secret), 'a secret is told');
        }
        return true;
      };

      it('says that it cannot be reached when it is down', async (t) => {
        if (!world.spoil) return t.diagnostic(`${name} lives in our process`);
        const way = await world.spoil('down');
        for (const [method, call] of calls(way.proxy, routeFor('down'))) {
          await assert.rejects(call(never), (error) => told(error, 'unavailable'), method);
        }
        await way.mend();
        await leavesNothing();
      });

      it('believes no nonsense', async (t) => {
        if (!world.spoil) return t.diagnostic(`${name} lives in our process`);
        const way = await world.spoil('garbage');
        for (const [method, call] of calls(way.proxy, routeFor('garbage'))) {
          await assert.rejects(call(never), (error) => told(error, 'unavailable', 'unknown_outcome'), method);
        }
        await way.mend();
        await leavesNothing();
      });

      it('stops waiting when it is given up', async (t) => {
        if (!world.spoil) return t.diagnostic(`${name} lives in our process`);
        const way = await world.spoil('silent');
        for (const [method, call] of calls(way.proxy, routeFor('silent'))) {
          const giveUp = new AbortController();
          const ended = assert.rejects(
            call(giveUp.signal),
            (error) => told(error, 'unavailable', 'unknown_outcome'),
            method,
          );
          await way.swallowed();
          giveUp.abort();
          await ended;
          await way.mend();
          await world.spoil('silent');
        }
        await way.mend();
        await leavesNothing();
      });

      it('lets nobody wait in line who has given up', async (t) => {
        if (!world.spoil) return t.diagnostic(`${name} lives in our process`);
        const way = await world.spoil('silent');
        const giveUp = new AbortController();
        // More than any adapter does at a time, so that the next has to wait.
        const busy = Array.from({ length: 8 }, (_, at) =>
          assert.rejects(way.proxy.putRoute(routeFor(`busy-${at}`), giveUp.signal), (error) =>
            told(error, 'unavailable', 'unknown_outcome'),
          ),
        );
        await way.swallowed();
        const impatient = new AbortController();
        const inLine = way.proxy.putRoute(routeFor('in-line'), impatient.signal);
        let isBusy = true;
        void Promise.race(busy).then(() => {
          isBusy = false;
        });
        impatient.abort();
        await assert.rejects(inLine, (error) => told(error, 'unavailable'));
        assert.ok(isBusy, 'it was told only once the others had ended');
        giveUp.abort();
        await Promise.all(busy);
        await way.mend();
        await leavesNothing();
      });

      it('finds its own after a lost answer', async (t) => {
        if (!world.spoil) return t.diagnostic(`${name} lives in our process`);
        const route = routeFor('lost');
        const ends: [string, Route | null][] = [
          ['putRoute', route],
          ['setEnabled', { ...route, enabled: false }],
          ['deleteRoute', null],
        ];
        for (const [method, wished] of ends) {
          const way = await world.spoil('losing');
          const call = Object.fromEntries(changes(way.proxy, route))[method]!;
          // It may also have looked for itself what became of the call.
          await call(never).catch((error) => told(error, 'unknown_outcome'));
          await way.swallowed();
          await way.mend();
          await Object.fromEntries(changes(proxy, route))[method]!(never).catch((error) =>
            // A switch that landed is no longer needed; nothing else may fail.
            assert.fail(`${method} again: ${error.message}`),
          );
          assert.deepEqual(await proxy.listRoutes(never), wished ? [wished] : [], method);
        }
        await leavesNothing();
      });
    });

    it('holds a unix socket as upstream, or says that it cannot', async () => {
      const upstream = { scheme: 'unix', path: `${world.socketDir ?? '/run'}/a site.sock` } as const;
      const route = routeFor('socket', { upstream });
      if (world.socketDir === null) {
        await assert.rejects(proxy.putRoute(route, never), fails('invalid'));
        return leavesNothing();
      }
      const inSocket = await startUpstream('behind a socket', upstream.path);
      try {
        await proxy.putRoute(route, never);
        assert.deepEqual(await proxy.getRoute('socket', never), route);
        if (world.traffic) {
          const visit = await visitAt(world.traffic.port, 'socket.test');
          assert.equal((JSON.parse(visit.body) as Asked).site, 'behind a socket');
        }
        await proxy.deleteRoute('socket', never);
      } finally {
        await inSocket.stop();
      }
      await leavesNothing();
    });

    proxyTraffic(() => ({ world, proxy, site, routeFor, leavesNothing }));
  });
};
