import axios, { isAxiosError } from 'axios';
import { z } from 'zod';
import type { Clock } from '../../../kit/clock.ts';
import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import { neverConnected, refuseGivenUp } from '../../../kit/provider-call.ts';
import { failure, kindOfReason, oneLine, provider } from './failure.ts';
import { createAgent, type Trust } from './pinned-agent.ts';

/**
 * The API of Proxmox VE over HTTPS. It answers `{data: …}`; what went wrong is
 * in the reason phrase of the status line, and for parameters in `errors`.
 */
export interface ProxmoxApi {
  /** Reads. Errors: by the reason phrase; `unavailable` when there was no answer that makes sense. */
  get<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    signal: AbortSignal,
    query?: Record<string, string | number>,
  ): Promise<z.infer<Schema>>;
  /** Changes something; the UPID of the task that does it, or null when it was done at once. Errors: as `get`; `unknown_outcome` when the answer was lost. */
  change(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    fields: Record<string, string | number>,
    signal: AbortSignal,
  ): Promise<string | null>;
}

export interface ApiOptions {
  /** `https://host:8006`. */
  url: string;
  /** `user@realm!name`. */
  tokenId: string;
  tokenSecret: string;
  trust: Trust;
  clock: Clock;
}

/** How long one request may take. */
export const requestTimeoutMs = 20_000;

const largestReply = 32 * 1024 * 1024;

const envelope = z.object({ data: z.unknown() });
const problems = z.object({ errors: z.record(z.string(), z.unknown()).optional() }).catch({});
const changed = z
  .string()
  .startsWith('UPID:')
  .nullish()
  .or(z.unknown().transform(() => null));

const kindOfStatus = (status: number, reason: string, isChange: boolean): ProviderErrorKind => {
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return 'rate_limited';
  // pveproxy's own codes for the node behind it: 595 no connection, 596 lost before the answer, 599 all else.
  if (status === 595) return 'unavailable';
  if (status === 502 || status === 504 || status === 596 || status === 599) {
    return isChange ? 'unknown_outcome' : 'unavailable';
  }
  if (status === 503) return 'unavailable';
  const kind = kindOfReason(reason);
  return kind === 'invalid' && status >= 500 && !isChange ? 'unavailable' : kind;
};

const formOf = (fields: Record<string, string | number>): URLSearchParams => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  return form;
};

export const createApi = ({ url, tokenId, tokenSecret, trust, clock }: ApiOptions): ProxmoxApi => {
  const http = axios.create({
    baseURL: `${url.replace(/\/+$/, '')}/api2/json`,
    headers: { Authorization: `PVEAPIToken=${tokenId}=${tokenSecret}` },
    httpsAgent: createAgent(trust),
    maxRedirects: 0,
    maxContentLength: largestReply,
    // The environment's proxies are not for the way to the infrastructure.
    proxy: false,
    validateStatus: () => true,
  });

  /** What an axios error means. The error itself holds the token and goes no further. */
  const failureOf = (error: unknown, what: string, isChange: boolean, timedOut: boolean): ProviderError => {
    if (error instanceof ProviderError) return error;
    const code = isAxiosError(error) ? (error.code ?? '') : '';
    if (code === 'WRONG_CERTIFICATE') {
      return failure('auth', 'The server of Proxmox has another certificate than the pinned one');
    }
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)) {
      return failure('auth', `The certificate of Proxmox is not trusted (${code})`);
    }
    if (neverConnected.has(code)) return failure('unavailable', `Proxmox cannot be reached (${code})`);
    const why = timedOut ? 'no answer in time' : code || 'no answer';
    return isChange ? failure('unknown_outcome', `${what}: ${why}`) : failure('unavailable', `${what}: ${why}`);
  };

  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    fields: Record<string, string | number>,
    signal: AbortSignal,
  ): Promise<unknown> => {
    refuseGivenUp(provider, signal);
    const isChange = method !== 'GET';
    const what = `${method} ${path}`;
    const tooLong = new AbortController();
    const timer = clock.after(requestTimeoutMs, () => tooLong.abort());
    try {
      const inBody = method === 'POST' || method === 'PUT';
      const reply = await http.request({
        method,
        url: path,
        signal: AbortSignal.any([signal, tooLong.signal]),
        ...(inBody ? { data: formOf(fields) } : { params: fields }),
      });
      if (reply.status >= 200 && reply.status < 300) {
        const parsed = envelope.safeParse(reply.data);
        if (parsed.success) return parsed.data.data;
        throw failure(isChange ? 'unknown_outcome' : 'unavailable', `${what}: the answer is not one of Proxmox`);
      }
      const { errors = {} } = problems.parse(reply.data);
      const details = Object.entries(errors).map(([name, text]) => `${name}: ${String(text)}`);
      const reason = oneLine([reply.statusText, ...details].join(' '));
      throw failure(kindOfStatus(reply.status, reason, isChange), `${what}: ${reply.status} ${reason}`);
    } catch (error) {
      throw failureOf(error, what, isChange, tooLong.signal.aborted);
    } finally {
      timer.cancel();
    }
  };

  return {
    get: async (path, schema, signal, query = {}) => {
      const parsed = schema.safeParse(await ask('GET', path, query, signal));
      if (parsed.success) return parsed.data;
      throw failure('unavailable', `GET ${path}: the answer is not as it is documented`);
    },
    change: async (method, path, fields, signal) => {
      const parsed = changed.safeParse(await ask(method, path, fields, signal));
      if (parsed.success) return parsed.data ?? null;
      throw failure('unknown_outcome', `${method} ${path}: the answer is not as it is documented`);
    },
  };
};
