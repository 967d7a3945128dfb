/** A site's life behind a real reverse proxy: the whole app, with the local compute and DNS, and Caddy or nginx in front. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCaddyProxy } from '../../src/adapters/proxy/caddy/index.ts';
import { createNginxSshProxy } from '../../src/adapters/proxy/nginx-ssh/index.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ReverseProxy } from '../../src/ports/proxy.ts';
import { activeSite, startApp, waiting } from '../support/app.ts';
import { startCaddy } from '../support/caddy.ts';
import { databases } from '../support/databases.ts';
import { startNginx } from '../support/nginx.ts';
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
    it(`lives behind ${name}, and leaves it as it was`, async (t) => {
      const front = await start();
      t.after(front.stop);
      const app = await startApp(databases[0]!, {
        replacements: { adapters: (configured) => ({ ...configured, proxy: front.adapter }) },
      });
      t.after(app.stop);
      const begun = await front.dump();
      const site = await activeSite(app.panel, { email: 'alice@example.com' });
      // One name so far; a custom domain is one more here.
      const hostnames: string[] = [site.hostname];

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
      await call('POST', '/actions/stop');
      await shows(503, /This site is switched off/);
      await call('DELETE', '');
      await shows(404, /^nobody$/);
      assert.equal(await front.dump(), begun);
      assert.deepEqual(app.logged, []);
    });
  }
});
