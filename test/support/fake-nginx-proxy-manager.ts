/**
 * A fake of Nginx Proxy Manager's API, written by hand: there is no nginx behind
 * it. It answers as the real one was read to, with its oddities: every refusal is
 * a 400, a token that it cannot read a 500, a host that nginx refuses a 201, a
 * host that is enabled already a 400, properties that it does not know a 400; and
 * a certificate stays behind when its host goes.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Row = Record<string, unknown> & { id: number };

export interface FakeNginxProxyManager {
  port: number;
  identity: string;
  secret: string;
  hosts: Map<number, Row>;
  certificates: Map<number, Row>;
  /** Every token handed out so far is too old from now on, or not one that can be read. */
  spoilTokens(how: 'expired' | 'malformed'): void;
  /** What nginx says of hosts with this name. */
  refuse(hostname: string | null): void;
  /** Older versions say 0 and 1. */
  useNumbers(on: boolean): void;
  /** Adds a host as an administrator would. */
  addHost(domainNames: string[], meta?: object): number;
  stop(): Promise<void>;
}

const known = new Set(
  'domain_names forward_scheme forward_host forward_port certificate_id ssl_forced hsts_enabled hsts_subdomains http2_support block_exploits caching_enabled allow_websocket_upgrade access_list_id advanced_config enabled meta locations'.split(
    ' ',
  ),
);
const flags = ['ssl_forced', 'allow_websocket_upgrade', 'enabled'];

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const startFakeNginxProxyManager = async (): Promise<FakeNginxProxyManager> => {
  const identity = 'admin@example.com';
  const secret = 'secret-of-the-manager';
  const hosts = new Map<number, Row>();
  const certificates = new Map<number, Row>();
  const tokens = new Map<string, 'good' | 'expired' | 'malformed'>();
  let lastId = 0;
  let refused: string | null = null;
  let numbers = false;

  const shown = (row: Row) =>
    numbers ? { ...row, ...Object.fromEntries(flags.map((flag) => [flag, row[flag] ? 1 : 0])) } : row;

  const requireToken = (request: IncomingMessage) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal(403, 'Permission Denied');
    const state = tokens.get(token) ?? 'malformed';
    if (state === 'malformed') throw new Refusal(500, 'jwt malformed');
    if (state === 'expired') throw new Refusal(400, 'Token has expired');
  };

  const requireFree = (names: string[], except?: number) => {
    for (const name of names) {
      for (const host of hosts.values()) {
        if (host.id !== except && (host.domain_names as string[]).includes(name)) {
          throw new Refusal(400, `${name} is already in use`);
        }
      }
    }
  };

  const requireKnown = (body: Record<string, unknown>) => {
    if (Object.keys(body).some((name) => !known.has(name)))
      throw new Refusal(400, 'data must NOT have additional properties');
    if (flags.some((flag) => body[flag] !== undefined && typeof body[flag] !== 'boolean')) {
      throw new Refusal(400, 'data must be boolean');
    }
  };

  /** What it does after every change: nginx is asked, and what it says goes into `meta`. */
  const configure = (host: Row) => {
    const isRefused = refused !== null && (host.domain_names as string[]).includes(refused);
    host.meta = {
      ...(host.meta as object),
      nginx_online: !isRefused,
      nginx_err: isRefused ? 'nginx: [emerg] no' : null,
    };
  };

  const get = (rows: Map<number, Row>, id: number): Row => {
    const row = rows.get(id);
    if (!row) throw new Refusal(404, `Not Found - ${id}`);
    return row;
  };

  const answer = async (request: IncomingMessage): Promise<[status: number, value: unknown]> => {
    const hasBody = Number(request.headers['content-length'] ?? 0) > 0;
    const body = (hasBody ? await json(request) : {}) as Record<string, unknown>;
    const [, path = '', idText, verb] =
      /^\/api\/([a-z-]+(?:\/[a-z-]+)?)(?:\/(\d+))?(?:\/([a-z]+))?$/.exec(request.url ?? '') ?? [];
    const id = Number(idText);
    const call = `${request.method} ${path}${idText ? '/:id' : ''}${verb ? `/${verb}` : ''}`;
    if (call === 'POST tokens') {
      if (body.identity !== identity || body.secret !== secret) throw new Refusal(400, 'Invalid email or password');
      const token = `token-${tokens.size + 1}`;
      tokens.set(token, 'good');
      return [200, { token, expires: '2030-01-01T00:00:00.000Z' }];
    }
    requireToken(request);
    switch (call) {
      case 'GET nginx/proxy-hosts':
        return [200, [...hosts.values()].map(shown)];
      case 'POST nginx/proxy-hosts': {
        requireKnown(body);
        requireFree(body.domain_names as string[]);
        const host: Row = {
          certificate_id: 0,
          ssl_forced: false,
          enabled: true,
          advanced_config: '',
          ...body,
          id: ++lastId,
        };
        hosts.set(host.id, host);
        const asRead = structuredClone(host);
        configure(host);
        return [201, shown(asRead)];
      }
      case 'GET nginx/proxy-hosts/:id':
        return [200, shown(get(hosts, id))];
      case 'PUT nginx/proxy-hosts/:id': {
        requireKnown(body);
        const host = get(hosts, id);
        requireFree((body.domain_names ?? []) as string[], id);
        Object.assign(host, body);
        if (host.enabled) configure(host);
        return [200, shown(host)];
      }
      case 'DELETE nginx/proxy-hosts/:id':
        get(hosts, id);
        hosts.delete(id);
        return [200, true];
      case 'POST nginx/proxy-hosts/:id/enable':
      case 'POST nginx/proxy-hosts/:id/disable': {
        const host = get(hosts, id);
        const enabled = verb === 'enable';
        if (host.enabled === enabled) throw new Refusal(400, `Host is already ${verb}d`);
        host.enabled = enabled;
        if (enabled) configure(host);
        return [200, true];
      }
      case 'GET nginx/certificates':
        return [200, [...certificates.values()]];
      case 'POST nginx/certificates': {
        const names = body.domain_names as string[];
        const certificate: Row = { id: ++lastId, nice_name: names.join(', '), ...body };
        certificates.set(certificate.id, certificate);
        return [201, certificate];
      }
      case 'DELETE nginx/certificates/:id':
        get(certificates, id);
        certificates.delete(id);
        return [200, true];
      default:
        throw new Refusal(404, `Not Found - ${call}`);
    }
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const send = (status: number, value: unknown) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    answer(request).then(
      ([status, value]) => send(status, value),
      (error) => {
        const status = error instanceof Refusal ? error.status : 500;
        send(status, { error: { code: status, message: error.message } });
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    identity,
    secret,
    hosts,
    certificates,
    spoilTokens: (how) => {
      for (const token of tokens.keys()) tokens.set(token, how);
    },
    refuse: (hostname) => {
      refused = hostname;
    },
    useNumbers: (on) => {
      numbers = on;
    },
    addHost: (domainNames, meta = {}) => {
      const host: Row = {
        id: ++lastId,
        domain_names: domainNames,
        enabled: true,
        certificate_id: 0,
        ssl_forced: false,
        meta,
      };
      hosts.set(host.id, host);
      return host.id;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
