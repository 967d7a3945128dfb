/**
 * Nginx Proxy Manager. It numbers its proxy hosts itself and cannot be told a
 * name of ours; but it keeps what stands in `meta` beside its own remarks. So our
 * route stands there whole, and a host is ours when it has one.
 *
 * It reaches no unix socket, and knows no page for a suspended site. For that we
 * give it a `location` of a fixed text, with nothing of a customer in it, in the
 * field that it has for an administrator's own lines (`advanced_config`).
 */
import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import { createTurns } from '../../../kit/turns.ts';
import { renderVisitorPage, visitorPages } from '../../../kit/visitor-page.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ReverseProxy, Route, RoutePage } from '../../../ports/proxy.ts';
import { checkRoute, checkRouteId, readRoute, takenHostname } from '../../../ports/route.ts';
import { createNpmClient, type NpmReply, provider } from './client.ts';
import {
  type Certificate,
  certificateSchema,
  certificatesSchema,
  type Host,
  hostSchema,
  hostsSchema,
} from './schema.ts';

export interface NginxProxyManagerOptions {
  url: string;
  identity: string;
  secret: string;
  /** Told to Let's Encrypt by versions that want to be told one. */
  letsencryptEmail?: string | undefined;
  /** The address of a site, with `*` in the place of its host name. */
  siteUrl: string;
}

interface Ours {
  host: Host;
  route: Route;
}

/** Lines for nginx that answer every request with the page. They are the same for every site. */
const pageLines = (page: Exclude<RoutePage, 'site'>): string => {
  const { status, headers, body } = renderVisitorPage(visitorPages[page]);
  const quote = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const { 'Content-Type': type, ...others } = headers;
  return [
    'location / {',
    `  default_type ${quote(type!)};`,
    ...Object.entries(others).map(([name, value]) => `  add_header ${name} ${quote(value)} always;`),
    `  return ${status} ${quote(body)};`,
    '}',
  ].join('\n');
};

const sameNames = (one: readonly string[], other: readonly string[]): boolean =>
  [...one].sort().join() === [...other].sort().join();

export const createNginxProxyManager = (options: NginxProxyManagerOptions): Adapter<ReverseProxy> => {
  const { url, letsencryptEmail, siteUrl } = options;
  const client = createNpmClient(options);
  const isHttps = siteUrl.startsWith('https:');

  const parse = <T extends z.ZodType>(schema: T, { value, status, said }: NpmReply, kind: 'read' | 'change') => {
    const parsed = schema.safeParse(value);
    if (status < 300 && parsed.success) return parsed.data as z.infer<T>;
    if (status >= 400) {
      throw /is already in use/.test(said)
        ? new ProviderError(provider, 'conflict', `Nginx Proxy Manager: ${said}`)
        : new ProviderError(provider, 'invalid', `Nginx Proxy Manager refuses this (${status}): ${said}`);
    }
    throw new ProviderError(
      provider,
      kind === 'read' ? 'unavailable' : 'unknown_outcome',
      'What answers is not Nginx Proxy Manager',
    );
  };

  const hosts = async (signal: AbortSignal): Promise<Host[]> =>
    parse(hostsSchema, await client.call('GET', '/nginx/proxy-hosts', undefined, signal), 'read');

  const oursAmong = (all: readonly Host[]): Ours[] =>
    all.flatMap((host) => {
      const route = readRoute(host.meta.provisor);
      return route ? [{ host, route: { ...route, enabled: host.enabled } }] : [];
    });

  // It looks for a name and then takes it, in two steps: two calls at once could both have it.
  const turns = createTurns(provider);
  const inTurn = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => turns(url, signal, work);

  const target = (route: Route) => {
    const { upstream } = route;
    if (upstream.scheme === 'unix') {
      throw new ProviderError(provider, 'invalid', 'Nginx Proxy Manager cannot reach a site on a unix socket');
    }
    if (upstream.hostHeader !== undefined) {
      throw new ProviderError(provider, 'invalid', 'Nginx Proxy Manager cannot ask a site by another host name');
    }
    return { forward_scheme: upstream.scheme, forward_host: upstream.host, forward_port: upstream.port };
  };

  const bodyOf = (route: Route) => ({
    domain_names: route.hostnames,
    ...target(route),
    allow_websocket_upgrade: true,
    advanced_config: route.page === 'site' ? '' : pageLines(route.page),
    meta: { provisor: route },
  });

  /** It answers 200 and 201 although nginx refused the host. */
  const requireOnline = (host: Host): void => {
    if (host.meta.nginx_online === false) {
      throw new ProviderError(
        provider,
        'invalid',
        `nginx refuses the host: ${(host.meta.nginx_err ?? 'it does not say why').slice(0, 500)}`,
      );
    }
  };

  const read = async (id: number, signal: AbortSignal): Promise<Host> =>
    parse(hostSchema, await client.call('GET', `/nginx/proxy-hosts/${id}`, undefined, signal), 'read');

  const turn = async (host: Host, enabled: boolean, signal: AbortSignal): Promise<void> => {
    const path = `/nginx/proxy-hosts/${host.id}/${enabled ? 'enable' : 'disable'}`;
    const reply = await client.call('POST', path, undefined, signal);
    if (reply.status === 400 && /already (enabled|disabled)/.test(reply.said)) return;
    parse(z.unknown(), reply, 'change');
    if (enabled) requireOnline(await read(host.id, signal));
  };

  const write = async (route: Route, all: readonly Host[], signal: AbortSignal): Promise<void> => {
    const existing = oursAmong(all).find((each) => each.route.id === route.id);
    const body = bodyOf(route);
    if (!existing) {
      const made = parse(hostSchema, await client.call('POST', '/nginx/proxy-hosts', body, signal), 'change');
      // What it answers was read before nginx was asked.
      const host = await read(made.id, signal);
      if (host.meta.nginx_online === false) await remove(host, signal);
      requireOnline(host);
      if (!route.enabled) await turn(host, false, signal);
      return;
    }
    const { host } = existing;
    // Names that it has no certificate for any more must not go on being served with the old one.
    const keeps = sameNames(route.hostnames, host.domain_names);
    const put = { ...body, ...(keeps ? {} : { certificate_id: 0, ssl_forced: false }) };
    const path = `/nginx/proxy-hosts/${host.id}`;
    parse(hostSchema, await client.call('PUT', path, put, signal), 'change');
    if (host.enabled) {
      const now = await read(host.id, signal);
      if (now.meta.nginx_online === false) {
        // As it was before: a host that nginx refuses serves nobody.
        const old = {
          ...bodyOf(existing.route),
          certificate_id: host.certificate_id ?? 0,
          ssl_forced: host.ssl_forced,
        };
        await client.call('PUT', path, old, signal);
        requireOnline(now);
      }
    }
    if (host.enabled !== route.enabled) await turn(host, route.enabled, signal);
    if (!keeps) await removeCertificates(host.domain_names, signal);
  };

  const certificates = async (signal: AbortSignal): Promise<Certificate[]> =>
    parse(certificatesSchema, await client.call('GET', '/nginx/certificates', undefined, signal), 'read');

  /** Those that we had made for these names and that no host uses: it leaves them behind when a host goes. */
  const removeCertificates = async (names: readonly string[], signal: AbortSignal): Promise<void> => {
    if (!isHttps || names.length === 0) return;
    const used = new Set((await hosts(signal)).map(({ certificate_id }) => certificate_id));
    for (const { id, provider: by, domain_names } of await certificates(signal)) {
      if (by !== 'letsencrypt' || used.has(id) || !sameNames(domain_names, names)) continue;
      const reply = await client.call('DELETE', `/nginx/certificates/${id}`, undefined, signal);
      if (reply.status !== 404) parse(z.unknown(), reply, 'change');
    }
  };

  const remove = async (host: Host, signal: AbortSignal): Promise<void> => {
    const reply = await client.call('DELETE', `/nginx/proxy-hosts/${host.id}`, undefined, signal);
    if (reply.status !== 404) parse(z.unknown(), reply, 'change');
    await removeCertificates(host.domain_names, signal);
  };

  const notFound = (id: string) => new ProviderError(provider, 'not_found', `There is no route ${id}`);
  const find = async (id: string, signal: AbortSignal): Promise<Ours | null> => {
    checkRouteId(provider, id);
    return oursAmong(await hosts(signal)).find(({ route }) => route.id === id) ?? null;
  };

  const proxy: ReverseProxy = {
    id: provider,
    listRoutes: async (signal) => oursAmong(await hosts(signal)).map(({ route }) => route),
    getRoute: async (id, signal) => (await find(id, signal))?.route ?? null,
    putRoute: async (route, signal) => {
      const wished = checkRoute(provider, route);
      if (wished.hostnames.length === 0) {
        throw new ProviderError(provider, 'invalid', 'Nginx Proxy Manager holds no host without a name');
      }
      target(wished);
      await inTurn(signal, async () => {
        const all = await hosts(signal);
        const taken = takenHostname(
          wished,
          oursAmong(all).map((each) => each.route),
        );
        if (taken !== null) throw new ProviderError(provider, 'conflict', `The host name ${taken} is on another route`);
        await write(wished, all, signal);
      });
    },
    setEnabled: (id, enabled, signal) =>
      inTurn(signal, async () => {
        const found = await find(id, signal);
        if (!found) throw notFound(id);
        await turn(found.host, enabled, signal);
      }),
    deleteRoute: async (id, signal) => {
      checkRouteId(provider, id);
      await inTurn(signal, async () => {
        // More than one only if two processes made it at once.
        for (const { host, route } of oursAmong(await hosts(signal))) if (route.id === id) await remove(host, signal);
      });
    },
    // It fetches the certificate while we wait, which may take longer than we do; then the next attempt finds it.
    ensureCertificate: (id, signal) =>
      inTurn(signal, async () => {
        const found = await find(id, signal);
        if (!found) throw notFound(id);
        const { host, route } = found;
        if (!isHttps || route.tls === 'off' || !route.enabled) return;
        const forced = route.redirectHttps;
        if (host.certificate_id && host.ssl_forced === forced) return;
        let certificate = (await certificates(signal)).find(
          (each) => each.provider === 'letsencrypt' && sameNames(each.domain_names, route.hostnames),
        );
        if (!certificate) {
          const meta = letsencryptEmail ? { letsencrypt_email: letsencryptEmail, letsencrypt_agree: true } : {};
          const wish = { provider: 'letsencrypt', domain_names: route.hostnames, meta };
          certificate = parse(
            certificateSchema,
            await client.call('POST', '/nginx/certificates', wish, signal),
            'change',
          );
        }
        const put = { ...bodyOf(route), certificate_id: certificate.id, ssl_forced: forced };
        parse(hostSchema, await client.call('PUT', `/nginx/proxy-hosts/${host.id}`, put, signal), 'change');
        requireOnline(await read(host.id, signal));
      }),
    urlFor: (hostname) => siteUrl.replace('*', hostname),
  };
  return { port: proxy };
};
