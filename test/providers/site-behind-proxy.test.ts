/** A site's life behind a real reverse proxy, with its custom domains: the whole app, with the local compute and DNS, and Caddy or nginx in front. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCaddyProxy } from '../../src/adapters/proxy/caddy/index.ts';
import { createNginxSshProxy } from '../../src/adapters/proxy/nginx-ssh/index.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ReverseProxy } from '../../src/ports/proxy.ts';
import { activeSite, startApp, waiting } from '../support/app.ts';
import { startCaddy } from '../support/caddy.ts';
import { databases } from '../support/databases.ts';
import { startDns } from '../support/dns-server.ts';
import { domainCalls, newName } from '../support/domains.ts';
import { startNginx } from '../support/nginx.ts';
import { freePorts } from '../support/program.ts';
import { visitAt } from '../support/upstream.ts';

interface Front {
  adapter: Adapter<ReverseProxy>;
  sitesPort: number;
  dump(): Promise<string>;
  stop(): Promise<void>;
}

const fronts: Record<string, () => Promise<Front>> = {
  caddy: async () => {
    const caddy = await startCaddy((port) => ({
      sites: {
        listen: [`127.0.0.1:${port}`],
        automatic_https: { disable: true },
        routes: [{ handle: [{ handler: 'static_response', status_code: 404, body: 'nobody' }] }],
      },
    }));
    const siteUrl = `http://*:${caddy.sitesPort}/`;
    const adapter = createCaddyProxy({ adminUrl: caddy.adminUrl, server: 'sites', siteUrl });
    return { adapter, sitesPort: caddy.sitesPort, dump: caddy.config, stop: caddy.stop };
  },
  nginx: async () => {
    const nginx = await startNginx();
    const address = `127.0.0.1:${nginx.sitesPort}`;
    const adapter = createNginxSshProxy({
      ssh: { ...nginx.ssh, host: '127.0.0.1' },
      directory: nginx.directory,
      commands: nginx.commands,
      sites: { listen: [address], tls: null, upstreamCa: '/etc/ssl/certs/ca-certificates.crt' },
      probe: address,
      siteUrl: `http://*:${nginx.sitesPort}/`,
    });
    return { adapter, sitesPort: nginx.sitesPort, dump: nginx.dump, stop: nginx.stop };
  },
};

describe('a site', () => {
  for (const [name, start] of Object.entries(fronts)) {
    it(`lives behind ${name} with its domains, and leaves it as it was`, async (t) => {
      const front = await start();
      t.after(front.stop);
      const dns = await startDns();
      t.after(dns.stop);
      const app = await startApp(databases[0]!, {
        environment: { PROVISOR_RESOLVERS: dns.server, PROVISOR_PUBLIC_IP: '203.0.113.10' },
        replacements: { adapters: (configured) => ({ ...configured, proxy: front.adapter }) },
      });
      t.after(app.stop);
      const domains = domainCalls(() => ({ app, dns }));
      const begun = await front.dump();
      const site = await activeSite(app.panel, { email: 'alice@example.com' });
      // Neither of these is the site's while it is a wish only.
      const wished = newName();
      assert.equal((await domains.add(site.service_id, wished)).status, 202);
      const hostnames: string[] = [
        site.hostname,
        await domains.active(site),
        await domains.active(site, 'xn--bcher-kva.example.com'),
      ];

      const shows = async (status: number, words: RegExp) => {
        for (const hostname of hostnames) {
          const page = await visitAt(front.sitesPort, hostname);
          assert.equal(page.status, status, `${hostname}: ${page.body}`);
          assert.match(page.body, words);
          assert.equal(page.headers['retry-after'] !== undefined, status === 503);
        }
      };
      const call = async (method: 'POST' | 'DELETE', path: string, body?: object) => {
        const answer = await app.panel.call(method, `/v1/sites/${site.service_id}${path}`, body, waiting);
        assert.equal(answer.status, 200, answer.text);
      };

      assert.equal(site.url, `http://${site.hostname}:${front.sitesPort}/`);
      await shows(200, /basic/);
      await call('POST', '/suspend', { reason: 'Invoice 1042 is overdue' });
      await shows(503, /This site is suspended/);
      await call('POST', '/unsuspend');
      await shows(200, /basic/);
      await call('POST', '/proxy', { enabled: false });
      await shows(404, /^nobody$/);
      await call('POST', '/proxy', { enabled: true });
      await shows(200, /basic/);
      // One goes, the others stay.
      const [gone] = hostnames.splice(1, 1);
      assert.equal((await domains.remove(site.service_id, gone!)).status, 200);
      for (const none of [gone!, wished]) assert.equal((await visitAt(front.sitesPort, none)).body, 'nobody');
      dns.set('*.wild.example.com', 'CNAME', site.hostname);
      assert.equal((await domains.add(site.service_id, '*.wild.example.com')).body.state, 'active');
      hostnames.push('a.wild.example.com');
      await shows(200, /basic/);
      await call('POST', '/actions/stop');
      await shows(503, /This site is switched off/);
      await call('DELETE', '');
      await shows(404, /^nobody$/);
      assert.equal(await front.dump(), begun);
      assert.deepEqual(app.logged, []);
    });
  }

  it('has HTTPS by a Caddy that asks us which names may have a certificate', async (t) => {
    const [apiPort] = (await freePorts(1)) as [number];
    const internal = { issuers: [{ module: 'internal' }], on_demand: true };
    const caddy = await startCaddy(
      (port) => ({ sites: { listen: [`127.0.0.1:${port}`], tls_connection_policies: [{}], routes: [] } }),
      {
        tls: {
          automation: {
            policies: [internal],
            on_demand: { ask: `http://127.0.0.1:${apiPort}/certificates/ask` },
          },
        },
        pki: { certificate_authorities: { local: { install_trust: false } } },
      },
    );
    t.after(caddy.stop);
    const dns = await startDns();
    t.after(dns.stop);
    const siteUrl = `https://*:${caddy.sitesPort}/`;
    const adapter = createCaddyProxy({ adminUrl: caddy.adminUrl, server: 'sites', siteUrl });
    const app = await startApp(databases[0]!, {
      environment: { PROVISOR_RESOLVERS: dns.server, PROVISOR_PORT: String(apiPort) },
      replacements: { adapters: (configured) => ({ ...configured, proxy: adapter }) },
    });
    t.after(app.stop);
    const domains = domainCalls(() => ({ app, dns }));

    /** The status of a visit whose certificate holds for the name; null when there is none. */
    const visit = async (servername: string): Promise<number | null> => {
      const ca = await readFile(join(caddy.dir, 'caddy/pki/authorities/local/root.crt'));
      const asking = request({
        ...{ host: '127.0.0.1', port: caddy.sitesPort, servername, ca, headers: { Host: servername }, agent: false },
      }).end();
      try {
        const [reply] = (await once(asking, 'response')) as [IncomingMessage];
        reply.destroy();
        return reply.statusCode ?? 0;
      } catch (error) {
        // The alert by which Caddy ends a handshake for which it has no certificate.
        if (/alert internal error/.test(String(error))) return null;
        throw error;
      }
    };

    const site = await activeSite(app.panel);
    const [custom, wished] = [newName(), newName()];
    assert.equal(await visit(custom), null);
    await domains.active(site, custom);
    assert.equal((await domains.add(site.service_id, wished)).status, 202);
    assert.equal(await visit(site.hostname), 200);
    assert.equal(await visit(custom), 200);
    assert.equal(await visit(wished), null);
    assert.equal(await visit(`nobody.${site.hostname}`), null);
    await app.panel.call('POST', `/v1/sites/${site.service_id}/suspend`, {}, waiting);
    assert.equal(await visit(custom), 503);
    assert.deepEqual(app.logged, []);
  });
});
