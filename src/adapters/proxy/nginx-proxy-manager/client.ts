/**
 * The API of Nginx Proxy Manager: a token for a day, then JSON. Every refusal is
 * a 400 with a sentence: wrong credentials, a token that has expired, a name in
 * use, a host that is enabled already; a token that it cannot read is a 500. So
 * the sentence decides.
 * Source: its `backend/schema` and `backend/internal`.
 */
import axios, { AxiosError, type AxiosResponse } from 'axios';
import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import { neverConnected, refuseGivenUp } from '../../../kit/provider-call.ts';

export const provider = 'proxy/nginx-proxy-manager';

export interface NpmReply {
  status: number;
  value: unknown;
  /** What it says is wrong; empty when nothing is. */
  said: string;
}

export interface NpmClient {
  /** Errors: `auth`, `rate_limited`, `unavailable`, and for all but GET `unknown_outcome`. 4xx are answers. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body: unknown, signal: AbortSignal): Promise<NpmReply>;
}

const timeoutMs = 20_000;

const errorSchema = z.object({ error: z.object({ message: z.string() }) });
const tokenSchema = z.object({ token: z.string().min(1) });

const saidIn = (value: unknown): string => {
  const parsed = errorSchema.safeParse(value);
  return parsed.success ? parsed.data.error.message.slice(0, 500) : '';
};

const isOldToken = ({ status, said }: NpmReply): boolean =>
  (status === 400 && /token has expired/i.test(said)) || status === 401 || (status === 500 && /jwt|token/i.test(said));

export const createNpmClient = (options: { url: string; identity: string; secret: string }): NpmClient => {
  const { url, identity, secret } = options;
  const http = axios.create({
    baseURL: `${url.replace(/\/+$/, '')}/api`,
    timeout: timeoutMs,
    maxRedirects: 0,
    maxContentLength: 64 * 1024 * 1024,
    proxy: false,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
  });
  let token: string | null = null;

  const send = async (
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal,
    headers: Record<string, string>,
  ): Promise<NpmReply> => {
    refuseGivenUp(provider, signal);
    const isRead = method === 'GET' || path === '/tokens';
    const lost = isRead ? ('unavailable' as const) : ('unknown_outcome' as const);
    let reply: AxiosResponse<string>;
    try {
      reply = await http.request({
        method,
        url: path,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(body === undefined ? {} : { data: body }),
      });
    } catch (error) {
      // The error of the package holds the request, with our credentials in it: only its code may go on.
      const code = error instanceof AxiosError ? (error.code ?? '') : '';
      const kind = neverConnected.has(code) ? 'unavailable' : lost;
      throw new ProviderError(provider, kind, `Nginx Proxy Manager did not answer${code ? ` (${code})` : ''}`);
    }
    let value: unknown;
    try {
      value = JSON.parse(reply.data);
    } catch {
      throw new ProviderError(provider, lost, 'What answers is not Nginx Proxy Manager');
    }
    return { status: reply.status, value, said: saidIn(value) };
  };

  const signIn = async (signal: AbortSignal): Promise<string> => {
    const reply = await send('POST', '/tokens', { identity, secret }, signal, {});
    if (reply.status >= 400 && reply.status < 500) {
      throw new ProviderError(
        provider,
        'auth',
        'Nginx Proxy Manager refuses PROVISOR_NPM_IDENTITY or PROVISOR_NPM_SECRET',
      );
    }
    const parsed = tokenSchema.safeParse(reply.value);
    if (!parsed.success) throw new ProviderError(provider, 'unavailable', 'What answers is not Nginx Proxy Manager');
    return parsed.data.token;
  };

  return {
    call: async (method, path, body, signal) => {
      for (let attempt = 1; ; attempt++) {
        token ??= await signIn(signal);
        const used = token;
        const reply = await send(method, path, body, signal, { Authorization: `Bearer ${used}` });
        // It looks at the token before anything else, so nothing was done.
        if (isOldToken(reply) && attempt === 1) {
          if (token === used) token = null;
          continue;
        }
        if (isOldToken(reply) || reply.status === 403) {
          throw new ProviderError(provider, 'auth', 'Nginx Proxy Manager does not let this user do that');
        }
        if (reply.status === 429) {
          throw new ProviderError(provider, 'rate_limited', 'Nginx Proxy Manager wants us to be slower');
        }
        if (reply.status >= 500) {
          const kind = method === 'GET' ? 'unavailable' : 'unknown_outcome';
          throw new ProviderError(provider, kind, `Nginx Proxy Manager failed (${reply.status}): ${reply.said}`);
        }
        return reply;
      }
    },
  };
};
