/**
 * A live Provisor, and a way to it that loses, delays and garbles answers when
 * it is told to. PHPUnit plays against both; `POST /stage/…` is how it tells.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProviderError } from '../../src/kit/errors.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import type { DnsProvider, RRsetChange } from '../../src/ports/dns.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { type Breakable, breakable } from '../support/breakable.ts';
import { databases } from '../support/databases.ts';
import { a, ns, startHierarchy } from '../support/dns-hierarchy.ts';
import { startDns } from '../support/dns-server.ts';

type Method = keyof ComputeProvider;

interface Fault {
  match: string;
  how: 'loses the answer' | 'is slow' | 'answers garbage' | 'answers a page' | 'answers null' | 'answers';
  times: number;
  answer: { status?: number; body?: unknown };
}

interface Call {
  call: string;
  key: string | null;
  body: string;
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
};

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** Keeps calls of the provider waiting, or refuses them. */
const createGates = (compute: Breakable) => {
  const closed = new Map<Method, PromiseWithResolvers<void>>();
  const touched = new Set<Method>();
  const release = () => {
    for (const gate of closed.values()) gate.resolve();
    closed.clear();
  };
  return {
    hold: (method: Method) => {
      const gate = Promise.withResolvers<void>();
      closed.set(method, gate);
      touched.add(method);
      compute.before(method, async (signal) => {
        const stopped = new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
        await Promise.race([gate.promise, stopped]);
      });
    },
    refuse: (method: Method) => {
      touched.add(method);
      compute.before(method, async () => {
        throw new ProviderError('local', 'invalid', 'the template is missing');
      });
    },
    release,
    reset: () => {
      release();
      for (const method of touched) compute.before(method, null);
      touched.clear();
    },
  };
};

/** Keeps changes of records waiting. */
const createDnsGate = () => {
  let gate: PromiseWithResolvers<void> | null = null;
  return {
    around: (adapter: Adapter<DnsProvider>): Adapter<DnsProvider> => ({
      ...adapter,
      port: new Proxy(adapter.port, {
        get: (target, name: keyof DnsProvider) => {
          if (name !== 'applyChanges') return target[name];
          return async (...args: Parameters<DnsProvider['applyChanges']>) => {
            await gate?.promise;
            return target.applyChanges(...args);
          };
        },
      }),
    }),
    close: () => {
      gate ??= Promise.withResolvers<void>();
    },
    open: () => {
      gate?.resolve();
      gate = null;
    },
  };
};

export const ourNameservers = ['ns1.nameservers.net', 'ns2.nameservers.net'];

const answerInstead = (fault: Fault, response: ServerResponse): void => {
  switch (fault.how) {
    case 'answers garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"service_id": [1, {"state"');
      return;
    case 'answers a page':
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502 Bad Gateway</h1>');
      return;
    case 'answers null':
      response.writeHead(200, { 'content-type': 'application/json' }).end('null');
      return;
    case 'answers':
      json(response, fault.answer.status ?? 200, fault.answer.body);
      return;
    case 'is slow':
      // The caller gives up; only its going away ends this.
      return;
    case 'loses the answer':
      response.destroy();
  }
};

export interface Stage {
  app: TestApp;
  url: string;
  stop(): Promise<void>;
}

export const startStage = async (): Promise<Stage> => {
  let compute: Breakable | undefined;
  const [net, dns] = [await startHierarchy(), await startDns()];
  const dnsGate = createDnsGate();
  /** What the TLD has of a domain; all that it was not told of is delegated to us. */
  const delegated = new Map<string, string[]>();
  net.root.answer = () => ({ authorities: ns('com', 'a.gtld.net'), additionals: [a('a.gtld.net', net.tld.address)] });
  net.tld.answer = (name) => {
    const hosts = delegated.get(name) ?? ourNameservers;
    return hosts.length === 0 ? { rcode: 'NXDOMAIN' } : { authorities: ns(name, ...hosts) };
  };
  const app = await startApp(databases[0]!, {
    environment: {
      PROVISOR_ROOT_SERVERS: net.environment.PROVISOR_ROOT_SERVERS,
      PROVISOR_RESOLVERS: dns.server,
      PROVISOR_NAMESERVERS: ourNameservers.join(),
      PROVISOR_PUBLIC_IP: '203.0.113.10',
      PROVISOR_ZONE_DELEGATION: 'required',
      PROVISOR_ZONE_CHALLENGE: 'required',
      PROVISOR_ZONES_PER_CUSTOMER: '3',
    },
    replacements: {
      adapters: (configured) => {
        compute = breakable(configured.compute);
        return { ...configured, compute: compute.adapter, dns: dnsGate.around(configured.dns) };
      },
    },
  });
  const gates = createGates(compute!);
  let faults: Fault[] = [];
  let calls: Call[] = [];
  let releaseAt: string | null = null;

  const orders: Record<string, (order: never) => unknown> = {
    fault: (fault: Fault) => void faults.push(fault),
    hold: ({ method }: { method: Method }) => gates.hold(method),
    refuse: ({ method }: { method: Method }) => gates.refuse(method),
    'hold-dns': () => dnsGate.close(),
    release: () => {
      gates.release();
      dnsGate.open();
    },
    dns: ({ name, type, values }: { name: string; type: 'A' | 'CNAME' | 'TXT'; values: string[] }) =>
      dns.set(name, type, ...values),
    delegate: ({ domain, hosts }: { domain: string; hosts: string[] }) => void delegated.set(domain, hosts),
    'behind-our-back': ({ zone, change }: { zone: string; change: RRsetChange }) =>
      app.serving.provisor.providers.dns.applyChanges(`${zone}.`, [change], AbortSignal.timeout(5_000)),
    'release-at': ({ match }: { match: string }) => {
      releaseAt = match;
    },
    reset: () => {
      faults = [];
      calls = [];
      releaseAt = null;
      gates.reset();
      dnsGate.open();
    },
    calls: () => ({ calls }),
    visit: async ({ hostname }: { hostname: string }) => ({ status: (await app.visit(hostname)).status }),
  };

  const forward = async (request: IncomingMessage, body: string): Promise<Response> => {
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    return fetch(app.serving.url + request.url, {
      method: request.method!,
      headers: headers as Record<string, string>,
      ...(body === '' ? {} : { body }),
    });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const order = /^\/stage\/([a-z-]+)$/.exec(request.url ?? '')?.[1];
    if (order !== undefined) return json(response, 200, (await orders[order]?.(JSON.parse(body) as never)) ?? {});
    const call = `${request.method} ${request.url}`;
    calls.push({ call, key: (request.headers['idempotency-key'] as string | undefined) ?? null, body });
    if (releaseAt !== null && call.startsWith(releaseAt)) gates.release();
    const fault = faults.find(({ match, times }) => times > 0 && call.startsWith(match));
    if (fault) fault.times -= 1;
    if (fault && fault.how !== 'loses the answer') return answerInstead(fault, response);
    const answer = await forward(request, body);
    const text = await answer.text();
    if (fault) return answerInstead(fault, response);
    const kept = ['content-type', 'retry-after', 'location'];
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => kept.includes(name)));
    response.writeHead(answer.status, headers).end(text);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) json(response, 599, { stage: String(error) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    app,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      gates.reset();
      dnsGate.open();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await app.stop();
      await net.stop();
      await dns.stop();
    },
  };
};
