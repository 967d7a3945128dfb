/**
 * Posts to an address that somebody else chose. The host is resolved once, every
 * address is checked, and the connection is made to the very one that was checked, so
 * that a name which changes what it says gains nothing. Redirects are not followed,
 * and of an answer no more is read than its status.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import type { Outcome } from '../../deliveries/delivery.ts';
import { literalOf } from './webhook.ts';

const connectMs = 5_000;
const answerLimit = 64 * 1024;

export interface PostDeps {
  resolve: (hostname: string, signal: AbortSignal) => Promise<string[]>;
  isAllowed: (address: string) => boolean;
  /** Whether plain http is spoken. */
  http: boolean;
}

const codes: Record<string, string> = {
  ECONNREFUSED: 'The server refused the connection.',
  ECONNRESET: 'The server closed the connection before it answered.',
  EHOSTUNREACH: 'The server cannot be reached.',
  ENETUNREACH: 'The server cannot be reached.',
  ETIMEDOUT: 'The server did not answer in time.',
  CERT_HAS_EXPIRED: 'The certificate of the server has expired.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate of the server is self-signed.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate of the server is signed by nobody that is trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The certificate of the server is signed by nobody that is trusted.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the server is for another name.',
};

const sentenceOf = (error: unknown, signal: AbortSignal): string => {
  if (signal.aborted) return 'The server did not answer in time.';
  const code = String((error as NodeJS.ErrnoException)?.code ?? '');
  return codes[code] ?? `The connection failed${/^[A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : ''}.`;
};

/** Seconds, or a date, as milliseconds from `now`. */
export const readRetryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const at = / GMT\s*$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};

const judge = (status: number, headers: IncomingMessage['headers'], now: number): Outcome => {
  if (status >= 200 && status < 300) return { is: 'delivered', status };
  if (status === 410) {
    return { is: 'never', gone: true, status, error: 'The server answered 410 Gone: it wants no more events.' };
  }
  const afterMs = readRetryAfter(headers['retry-after'], now);
  const isRedirect = status >= 300 && status < 400;
  const error = isRedirect
    ? `The server answered ${status}: redirects are not followed, so give the url that it leads to.`
    : `The server answered ${status}.`;
  return { is: 'later', status, error, ...(afterMs === undefined ? {} : { afterMs }) };
};

/** Where to connect to. Errors: a sentence. */
const addressOf = async (url: URL, deps: PostDeps, signal: AbortSignal): Promise<string | { refused: string }> => {
  const literal = literalOf(url);
  let addresses: string[];
  try {
    addresses = literal === null ? await deps.resolve(url.hostname, signal) : [literal];
  } catch {
    addresses = [];
  }
  const [first] = addresses;
  if (first === undefined) return { refused: `The name ${url.hostname} leads to no address.` };
  const forbidden = addresses.find((address) => !deps.isAllowed(address));
  if (forbidden === undefined) return first;
  return { refused: `Nothing is sent to ${url.hostname}: it leads to ${forbidden}, which is not a public address.` };
};

export const createPost =
  (deps: PostDeps) =>
  async (
    target: string,
    message: { headers: Record<string, string>; body: string },
    signal: AbortSignal,
    now: number,
  ): Promise<Outcome> => {
    const url = new URL(target);
    // The setting may be another since the url was taken.
    if (url.protocol === 'http:' && !deps.http)
      return { is: 'later', error: 'Plain http is not spoken any more: use https.' };
    const address = await addressOf(url, deps, signal);
    if (typeof address !== 'string') return { is: 'later', error: address.refused };

    const family = isIPv6(address) ? 6 : 4;
    const lookup: LookupFunction = (_hostname, options, done) =>
      options.all ? done(null, [{ address, family }]) : done(null, address, family);
    const body = Buffer.from(message.body);
    const options: RequestOptions = {
      method: 'POST',
      agent: false,
      lookup,
      signal,
      maxHeaderSize: 16 * 1024,
      headers: { ...message.headers, 'content-length': body.length },
    };

    return new Promise<Outcome>((resolve) => {
      const fail = (error: unknown) => resolve({ is: 'later', error: sentenceOf(error, signal) });
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
      const late = setTimeout(
        () => request.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })),
        connectMs,
      );
      request.once('socket', (socket) => {
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(late));
      });
      request.once('response', (response) => {
        const outcome = judge(response.statusCode ?? 0, response.headers, now);
        let read = 0;
        // Read to its end, so that the other side sees its answer taken; an endless one is cut off.
        response.on('data', (chunk: Buffer) => {
          read += chunk.length;
          if (read > answerLimit) request.destroy();
        });
        response.once('close', () => resolve(outcome));
        response.on('error', () => resolve(outcome));
      });
      request.once('error', fail);
      request.once('close', () => clearTimeout(late));
      request.end(body);
    });
  };

export type Post = ReturnType<typeof createPost>;
