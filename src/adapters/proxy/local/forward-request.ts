import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream';
import type { Log } from '../../../kit/log.ts';
import { visitorPages } from '../../../kit/visitor-page.ts';
import type { Upstream } from '../../../ports/compute.ts';
import { sendPage } from './page.ts';

/** Passes one request on to a site and its answer back, both as streams. */

export interface ForwardTimeouts {
  /** Milliseconds until the site must have taken the connection. */
  connectMs: number;
  /** Milliseconds without a byte in either direction. */
  idleMs: number;
}

// A connection of its own for every request: none is ever found closed by the
// site just as a request that cannot be repeated is being sent on it.
const agents = { http: new Agent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) };

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
// How long a body is must be said whatever `Connection` lists, or the rest of
// it would be read as the next request.
const framing = new Set(['content-length', 'host']);
// Said by us alone, as they decide whom the site believes to be talking to.
// `Expect` has been answered by Node already.
const saidByUs = new Set(['host', 'forwarded', 'x-real-ip', 'expect']);

const headerPairs = (rawHeaders: string[]): [string, string][] =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1]!] as [string, string]] : []));

const endToEnd = (message: IncomingMessage): [string, string][] => {
  const listed = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set(listed.filter((name) => !framing.has(name)));
  return headerPairs(message.rawHeaders).filter(([name]) => {
    const key = name.toLowerCase();
    return !hopByHop.has(key) && !dropped.has(key);
  });
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

// Some servers refuse a POST that does not say how long it is.
const emptyBody = ({ method = '' }: IncomingMessage): string[][] =>
  ['POST', 'PUT', 'PATCH'].includes(method) ? [['Content-Length', '0']] : [];

const requestHeaders = (request: IncomingMessage, upstream: Upstream): string[] => {
  const visitorHost = request.headers.host ?? '';
  const passedOn = endToEnd(request).filter(([name]) => {
    const key = name.toLowerCase();
    return !saidByUs.has(key) && !key.startsWith('x-forwarded-');
  });
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return [
    ['Host', upstream.hostHeader ?? visitorHost],
    ...passedOn,
    ['X-Forwarded-For', address],
    ['X-Forwarded-Host', visitorHost],
    ['X-Forwarded-Proto', 'http'],
    // Node frames a GET or DELETE with a body only when it is told to.
    ...(request.headers['transfer-encoding'] === undefined ? [] : [['Transfer-Encoding', 'chunked']]),
    ...(hasBody(request) ? [] : emptyBody(request)),
    ['Connection', 'close'],
  ].flat();
};

const connect = (request: IncomingMessage, upstream: Upstream): ClientRequest => {
  const { method, url: path } = request;
  const common = { method, path, headers: requestHeaders(request, upstream), setHost: false };
  switch (upstream.scheme) {
    case 'unix':
      return requestHttp({ ...common, agent: agents.http, socketPath: upstream.path });
    case 'http':
      return requestHttp({ ...common, agent: agents.http, host: upstream.host, port: upstream.port });
    case 'https': {
      // The certificate is checked against the name that the site is asked by.
      const name = (upstream.hostHeader ?? upstream.host).replace(/:\d+$/, '');
      const servername = isIP(name) ? '' : name;
      return requestHttps({ ...common, agent: agents.https, host: upstream.host, port: upstream.port, servername });
    }
  }
};

class TimedOut extends Error {}

const limitConnecting = (outgoing: ClientRequest, connectMs: number): void => {
  const timer = setTimeout(() => outgoing.destroy(new TimedOut('no connection in time')), connectMs);
  outgoing.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', () => clearTimeout(timer));
    else clearTimeout(timer);
  });
  outgoing.on('close', () => clearTimeout(timer));
};

/** Forwards `request`, which is for `hostname`, to its site. Failures become pages as long as nothing was sent back. */
export const forwardRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  { upstream, hostname, timeouts, log }: { upstream: Upstream; hostname: string; timeouts: ForwardTimeouts; log: Log },
): void => {
  const fail = (error: Error): void => {
    if (response.headersSent) {
      response.destroy();
    } else if (!response.destroyed) {
      log.warn({ err: error, hostname }, 'a site did not answer');
      sendPage(
        request,
        response,
        error instanceof TimedOut ? visitorPages.tooSlow : visitorPages.unreachable,
        hostname,
      );
    }
  };

  const outgoing = connect(request, upstream);
  limitConnecting(outgoing, timeouts.connectMs);
  outgoing.setTimeout(timeouts.idleMs, () => outgoing.destroy(new TimedOut('silent for too long')));
  outgoing.on('error', fail);
  response.on('close', () => {
    outgoing.destroy();
    // The rest of an upload that the site did not wait for, or the connection could not be used again.
    request.resume();
  });

  outgoing.on('response', (incoming) => {
    try {
      response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, endToEnd(incoming).flat());
    } catch (error) {
      fail(error as Error);
      outgoing.destroy();
      return;
    }
    pipeline(incoming, response, (error) => {
      if (error) outgoing.destroy();
    });
  });

  // Not a pipeline: a site that has answered may stop reading the upload, and its answer still counts.
  if (hasBody(request)) request.pipe(outgoing);
  else outgoing.end();
};
