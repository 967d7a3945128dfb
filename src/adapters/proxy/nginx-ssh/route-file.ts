/**
 * A route as a file for nginx. Its first line holds the whole route, so that it
 * can be read back; what follows is made from it. Pure.
 *
 * Names come here checked (ports/route.ts): none has a character that means
 * something to nginx.
 */
import { ProviderError } from '../../../kit/errors.ts';
import { hashJson } from '../../../kit/hash.ts';
import { renderVisitorPage, visitorPages } from '../../../kit/visitor-page.ts';
import type { Upstream } from '../../../ports/compute.ts';
import type { Route } from '../../../ports/proxy.ts';
import { addressOf, isWildcard, readRoute } from '../../../ports/route.ts';
import { provider } from './connection.ts';

export interface NginxSites {
  /** What `listen` says for plain HTTP, e.g. `80` or `127.0.0.1:8080`. */
  listen: readonly string[];
  /** For HTTPS; null when sites are served by plain HTTP. */
  tls: { listen: readonly string[]; certificate: string; certificateKey: string; port: string } | null;
  /** Certificates of the authorities that an upstream with HTTPS is checked by. */
  upstreamCa: string;
}

const mark = '# provisor ';

/** The header that only we send, to learn which configuration answers. */
export const probeHeader = 'X-Provisor-Probe';

export const fileName = (id: string): string => `${id}.conf`;

/** The route in a first line, with what its configuration answers to a probe; null when it is not ours. */
export const readFirstLine = (name: string, line: string): { route: Route; probe: string } | null => {
  const [, probe = '', json = ''] = /^# provisor ([0-9a-f]{64}) (\{.*\})$/.exec(line) ?? [];
  try {
    const route = readRoute(JSON.parse(json));
    return route && fileName(route.id) === name ? { route, probe } : null;
  } catch {
    return null;
  }
};

const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

// nginx's own wildcards stand for any number of labels.
const serverName = (name: string): string =>
  isWildcard(name) ? quote(`~^[a-z0-9_-]+${name.slice(1).replaceAll('.', '\\.')}$`).replaceAll('\\\\', '\\') : name;

const passTo = (upstream: Upstream): string => {
  if (upstream.scheme !== 'unix') return `${upstream.scheme}://${addressOf(upstream)}`;
  if (!/^[\w./ @+,=-]+$/.test(upstream.path)) {
    throw new ProviderError(provider, 'invalid', 'nginx cannot reach a socket whose path has such characters in it');
  }
  return `http://unix:${upstream.path}`;
};

const forward = ({ upstream }: Route, { upstreamCa }: NginxSites): string[] => [
  `proxy_pass ${quote(passTo(upstream))};`,
  ...(upstream.scheme === 'https'
    ? [
        'proxy_ssl_server_name on;',
        `proxy_ssl_name ${quote((upstream.hostHeader ?? upstream.host).replace(/:\d+$/, ''))};`,
        'proxy_ssl_verify on;',
        'proxy_ssl_verify_depth 3;',
        `proxy_ssl_trusted_certificate ${quote(upstreamCa)};`,
      ]
    : []),
  'proxy_http_version 1.1;',
  `proxy_set_header Host ${upstream.hostHeader === undefined ? '$http_host' : quote(upstream.hostHeader)};`,
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection $provisor_connection;',
  // Who the visitor is, is ours to say; an empty value takes away what he says himself.
  'proxy_set_header X-Forwarded-For $remote_addr;',
  'proxy_set_header X-Forwarded-Host $http_host;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
  'proxy_set_header X-Real-IP "";',
  'proxy_set_header Forwarded "";',
  'proxy_connect_timeout 5s;',
  'proxy_send_timeout 300s;',
  'proxy_read_timeout 300s;',
  // What is streamed must not wait for a buffer to fill.
  'proxy_buffering off;',
  'proxy_request_buffering off;',
];

const page = ({ page: shown, hostnames }: Route): string[] => {
  const { status, headers, body } = renderVisitorPage(visitorPages[shown as 'suspended' | 'stopped'], hostnames[0]);
  const { 'Content-Type': type, ...others } = headers;
  return [
    `default_type ${quote(type!)};`,
    ...Object.entries(others).map(([name, value]) => `add_header ${name} ${quote(value)} always;`),
    `return ${status} ${quote(body)};`,
  ];
};

/** The file of a route. What it answers to a probe changes with everything in it. */
export const renderRoute = (route: Route, sites: NginxSites): { content: string; probe: string } => {
  const tls = route.tls === 'auto' ? sites.tls : null;
  const location = [
    ...(tls && route.redirectHttps ? [`if ($scheme = http) { return 308 https://$host${tls.port}$request_uri; }`] : []),
    ...(route.page === 'site' ? forward(route, sites) : page(route)),
  ];
  const server = (probe: string): string[] => [
    'server {',
    ...[
      ...sites.listen.map((address) => `listen ${address};`),
      ...(tls
        ? [
            ...tls.listen.map((address) => `listen ${address} ssl;`),
            `ssl_certificate ${quote(tls.certificate)};`,
            `ssl_certificate_key ${quote(tls.certificateKey)};`,
          ]
        : []),
      `server_name ${route.hostnames.map(serverName).join(' ')};`,
      'client_max_body_size 0;',
      `if ($http_x_provisor_probe = ${probe}) { return 200 ${probe}; }`,
      'set $provisor_connection "";',
      'if ($http_upgrade) { set $provisor_connection upgrade; }',
      'location / {',
      ...location.map((line) => `    ${line}`),
      '}',
    ].map((line) => `    ${line}`),
    '}',
  ];
  const isServed = route.enabled && route.hostnames.length > 0;
  const probe = hashJson([route, isServed ? server('') : []]);
  const lines = [`${mark}${probe} ${JSON.stringify(route)}`, ...(isServed ? server(probe) : [])];
  return { content: `${lines.join('\n')}\n`, probe };
};
