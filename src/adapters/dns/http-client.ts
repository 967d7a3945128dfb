import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import { ProviderError, type ProviderErrorKind } from '../../kit/errors.ts';
import { neverConnected, refuseGivenUp } from '../../kit/provider-call.ts';

/** One HTTP call to a provider, and what its failures mean. Answers are text from strangers until a schema has read them. */

const longestMs = 15_000;
// A zone of 50,000 records is some 20 MB of JSON.
export const mostBytes = 64 * 1024 * 1024;

const neverSent = new Set([
  ...neverConnected,
  'ERR_INVALID_URL',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** The failure of a call that brought no answer, by the code of the socket's error. A change may have been carried out all the same. */
export const noAnswer = (provider: string, code: string | undefined, changes: boolean): ProviderError =>
  changes && !neverSent.has(code ?? '')
    ? new ProviderError(provider, 'unknown_outcome', `The answer was lost (${code ?? 'no reason given'})`)
    : new ProviderError(provider, 'unavailable', `No answer (${code ?? 'no reason given'})`);

/** The failure of a call that was answered, but not in a form that we know. */
export const oddAnswer = (provider: string, changes: boolean): ProviderError =>
  new ProviderError(provider, changes ? 'unknown_outcome' : 'unavailable', 'The answer makes no sense');

/** What an HTTP status says, unless a provider means something else by it. */
export const kindOfStatus = (status: number, changes: boolean): ProviderErrorKind => {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'rate_limited';
  if (status >= 400 && status < 500 && status !== 408) return 'invalid';
  // A proxy in front says 502 and 504 of a call that it has passed on.
  return changes && status !== 503 ? 'unknown_outcome' : 'unavailable';
};

/** Seconds of a `Retry-After` header, when it is a number. */
export const secondsOf = (retryAfter: unknown): number | undefined =>
  /^\d{1,6}$/.test(String(retryAfter)) ? Number(retryAfter) : undefined;

/** Ends with `signal`, and by itself after a while. Errors: `unavailable` when it has ended already. */
export const limitedSignal = (provider: string, signal: AbortSignal): AbortSignal => {
  refuseGivenUp(provider, signal);
  return AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
};

/** The text as JSON of the schema's form. Errors: {@link oddAnswer}. */
export const readJson = <Schema extends z.ZodType>(
  provider: string,
  schema: Schema,
  text: string,
  changes: boolean,
): z.infer<Schema> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw oddAnswer(provider, changes);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw oddAnswer(provider, changes);
  return parsed.data;
};

export interface HttpCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the base URL; already encoded. */
  path: string;
  body?: unknown;
  /** Whether the call may change something there. */
  changes: boolean;
}

export interface HttpReply {
  status: number;
  text: string;
  retryAfter: number | undefined;
}

/**
 * Calls `baseUrl` with these headers. Every status is an answer; no redirect is
 * followed, nothing is repeated. Errors: `unavailable`, `unknown_outcome`.
 */
export const createHttpClient = (provider: string, baseUrl: string, headers: Record<string, string> = {}) => {
  const client = axios.create({
    baseURL: baseUrl.replace(/\/+$/, ''),
    headers,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
    maxRedirects: 0,
    maxContentLength: mostBytes,
    maxBodyLength: mostBytes,
    // What is called is what is configured.
    proxy: false,
    // A kept connection that the server has just closed makes a refusal look like a lost answer.
    httpAgent: new HttpAgent({ keepAlive: false }),
    httpsAgent: new HttpsAgent({ keepAlive: false }),
  });

  return async ({ method, path, body, changes }: HttpCall, signal: AbortSignal): Promise<HttpReply> => {
    const limited = limitedSignal(provider, signal);
    let reply: AxiosResponse<unknown>;
    try {
      reply = await client.request({ method, url: path, data: body, signal: limited });
    } catch (error) {
      // The error itself holds the request with its credentials: only its code goes on.
      const code = error instanceof AxiosError ? error.code : undefined;
      throw noAnswer(provider, limited.aborted ? 'given up' : code, changes);
    }
    return { status: reply.status, text: String(reply.data), retryAfter: secondsOf(reply.headers['retry-after']) };
  };
};
