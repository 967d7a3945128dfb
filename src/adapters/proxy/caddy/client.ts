/**
 * Caddy's admin API: the parts of the running configuration as JSON under
 * `/config/…`. The version of what was read comes as an `ETag` in the trailer of
 * the answer, which `fetch` does not hand out; hence `node:http`. A change that
 * says `If-Match` is refused with 412 when that part has changed since.
 * Source: https://caddyserver.com/docs/api
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { ProviderError } from '../../../kit/errors.ts';
import { refuseGivenUp } from '../../../kit/provider-call.ts';

export const provider = 'proxy/caddy';

export interface CaddyReply {
  status: number;
  /** Null when the answer named none. */
  etag: string | null;
  /** The JSON of the answer; undefined when it was empty. */
  value: unknown;
}

export interface CaddyClient {
  get(path: string, signal: AbortSignal): Promise<CaddyReply>;
  /** Changes one part. Errors: what `get` has, and `unknown_outcome` when the answer was lost. 412 is an answer. */
  change(
    method: 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: { ifMatch: string; value?: unknown },
    signal: AbortSignal,
  ): Promise<CaddyReply>;
}

/**
 * For a moment after a change the servers of the old configuration may still take a
 * connection: Caddy has told them to stop, and answers before they have (its `App.Stop`).
 */
const settledMs = 100;
const timeoutMs = 15_000;
// A route is less than two kilobytes: enough for many thousands of them.
const mostBytes = 64 * 1024 * 1024;

/** A request that got no answer; `sent` says whether Caddy may have heard it. */
class NoAnswer extends Error {
  readonly sent: boolean;

  constructor(sent: boolean, cause: unknown) {
    super('no answer', { cause });
    this.sent = sent;
  }
}

const readBody = async (reply: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const send = (
  url: URL,
  options: { method: string; headers: Record<string, string>; body?: string | undefined },
  signal: AbortSignal,
): Promise<{ status: number; etag: string | null; body: string }> =>
  new Promise((resolve, reject) => {
    let sent = false;
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method: options.method,
      headers: options.headers,
      // Caddy closes the connection after every change; one kept open would be found dead by the next.
      agent: false,
      signal,
    });
    request.on('socket', (socket) =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        sent = true;
      }),
    );
    request.on('error', (error) => reject(new NoAnswer(sent, error)));
    request.on('response', (reply) => {
      readBody(reply).then(
        // The trailer is there only once the body has been read.
        (body) => resolve({ status: reply.statusCode ?? 0, etag: reply.trailers.etag ?? null, body }),
        (error) => {
          request.destroy();
          reject(new NoAnswer(true, error));
        },
      );
    });
    request.end(options.body);
  });

/**
 * Caddy opens its admin API anew with every change, and a connection that comes
 * in that moment is reset, at times while it is still being made. Reading is
 * harmless, and so is a change that was never sent: both are tried a few times.
 */
const askAgain = async <T>(ask: () => Promise<T>, changes: boolean, signal: AbortSignal): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const { sent, cause } = error as NoAnswer;
      const wasReset = (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';
      if (!wasReset || (changes && sent) || attempt === 5) throw error;
      await wait(attempt * 20, undefined, { signal }).catch(() => {});
    }
  }
};

const parse = (body: string): unknown => {
  if (body.trim() === '') return undefined;
  return JSON.parse(body);
};

/** What Caddy says is wrong. It quotes the configuration, in which there is nothing secret of ours. */
const complaint = (value: unknown): string => {
  const { error } = (value ?? {}) as { error?: unknown };
  return typeof error === 'string' ? `: ${error.slice(0, 500)}` : '';
};

export const createCaddyClient = ({ adminUrl }: { adminUrl: string }): CaddyClient => {
  const base = new URL(adminUrl);

  const call = async (
    method: 'GET' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    { ifMatch, value }: { ifMatch?: string; value?: unknown },
    signal: AbortSignal,
  ): Promise<CaddyReply> => {
    refuseGivenUp(provider, signal);
    const url = new URL(base);
    url.pathname = path;
    const body = value === undefined ? undefined : JSON.stringify(value);
    const headers: Record<string, string> = {
      ...(body === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }),
      ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
    };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const ask = () => send(url, { method, headers, body }, limit);
    let reply: Awaited<ReturnType<typeof send>>;
    try {
      reply = await askAgain(ask, method !== 'GET', limit);
    } catch (error) {
      if (method !== 'GET' && (error as NoAnswer).sent) {
        throw new ProviderError(provider, 'unknown_outcome', 'Caddy did not answer; the change may have been made', {
          cause: (error as Error).cause,
        });
      }
      throw new ProviderError(provider, 'unavailable', 'The admin API of Caddy does not answer', {
        cause: (error as Error).cause,
      });
    }
    const { status, etag } = reply;
    let parsed: unknown;
    try {
      parsed = parse(reply.body);
    } catch (error) {
      const kind = method === 'GET' ? 'unavailable' : 'unknown_outcome';
      throw new ProviderError(provider, kind, 'What answers is not the admin API of Caddy', { cause: error });
    }
    if (status === 401 || status === 403) {
      throw new ProviderError(provider, 'auth', `The admin API of Caddy refuses us (${status})${complaint(parsed)}`);
    }
    // A configuration that it cannot load is 400 or 500, by version.
    if (status >= 500 && !/^: loading new config/.test(complaint(parsed))) {
      throw new ProviderError(provider, 'unavailable', `Caddy failed (${status})${complaint(parsed)}`);
    }
    return { status, etag, value: parsed };
  };

  return {
    get: (path, signal) => call('GET', path, {}, signal),
    change: async (method, path, options, signal) => {
      const reply = await call(method, path, options, signal);
      if (reply.status === 200) await wait(settledMs, undefined, { signal }).catch(() => {});
      if (reply.status === 200 || reply.status === 412) return reply;
      throw new ProviderError(
        provider,
        'invalid',
        `Caddy refuses the configuration and keeps the one that it has (${reply.status})${complaint(reply.value)}`,
      );
    },
  };
};
