import Cloudflare, { APIConnectionError, APIError, APIUserAbortError } from 'cloudflare';
import type { RecordBatchParams } from 'cloudflare/resources/dns/records';
import { z } from 'zod';
import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import { kindOfStatus, limitedSignal, mostBytes, noAnswer, oddAnswer, readJson, secondsOf } from '../http-client.ts';
import { type CloudflareRecord, type CloudflareZone, complaints, envelope, record, zone } from './schema.ts';

/**
 * Cloudflare's API v4 through its own package. Of that package we take addresses,
 * types and errors; answers are read by our schemas, because it gives back
 * nothing, or an empty list, for `success: false` with status 200.
 */

export const provider = 'dns/cloudflare';

export interface CloudflareOptions {
  url: string;
  token: string;
  accountId: string;
}

/** Codes that we act on. */
export const codes = {
  zoneExists: 1061,
  recordGone: 81044,
  /** Other records, or the same, are there already. */
  recordExists: [81053, 81054, 81057, 81058],
  badToken: [6003, 9109, 10000, 10001],
};

/** A refusal by Cloudflare, with its codes. */
export class Refusal extends ProviderError {
  readonly codes: number[];

  constructor(kind: ProviderErrorKind, told: z.infer<typeof complaints>, after?: number) {
    const reasons = told.map(({ code, message }) => `${message} (${code})`).join('; ');
    super(provider, kind, `Cloudflare refused: ${reasons.slice(0, 300) || 'no reason given'}`, {
      ...(after === undefined ? {} : { after }),
    });
    this.codes = told.map(({ code }) => code);
  }

  says(...wanted: number[]): boolean {
    return this.codes.some((code) => wanted.includes(code));
  }
}

const refusal = (status: number, errors: unknown, changes: boolean, after?: number): Refusal => {
  const told = complaints.safeParse(errors).data ?? [];
  const isBadToken = told.some(({ code }) => codes.badToken.includes(code));
  const kind = isBadToken ? 'auth' : kindOfStatus(status, changes);
  return new Refusal(kind, told.length > 0 ? told : [{ code: status, message: 'status' }], after);
};

const codeOf = (error: unknown): string | undefined => {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return undefined;
};

// The package names all its errors "Error": only their classes tell them apart.
const translate = (error: unknown, given: AbortSignal, changes: boolean): ProviderError => {
  if (given.aborted || error instanceof APIUserAbortError) return noAnswer(provider, 'given up', changes);
  if (error instanceof APIConnectionError || !(error instanceof APIError)) {
    return noAnswer(provider, codeOf(error), changes);
  }
  const { status, errors, headers } = error as APIError<number, Headers>;
  return refusal(status, errors, changes, secondsOf(headers.get('retry-after')));
};

class TooLong extends Error {
  readonly code = 'the answer has no end';
}

/** The package would read on for as long as something comes. */
const textOf = async (response: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new TooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
};

const zonesPerPage = 50;
const recordsPerPage = 5_000;

export const createCloudflareClient = ({ url, token, accountId }: CloudflareOptions) => {
  const api = new Cloudflare({
    baseURL: url,
    apiToken: token,
    // Else the package looks for them in the environment.
    apiKey: null,
    apiEmail: null,
    userServiceKey: null,
    // It would repeat a POST that may have been carried out.
    maxRetries: 0,
    fetchOptions: { redirect: 'manual' },
    logLevel: 'off',
  });

  interface Call {
    changes: boolean;
    signal: AbortSignal;
    send(options: { signal: AbortSignal }): { asResponse(): Promise<Response> };
  }

  /** One call, its answer read. */
  const call = async <Schema extends z.ZodType>(schema: Schema, { changes, signal, send }: Call) => {
    const limited = limitedSignal(provider, signal);
    let text: string;
    try {
      text = await textOf(await send({ signal: limited }).asResponse());
    } catch (error) {
      throw translate(error, limited, changes);
    }
    const { success, errors, result, result_info } = readJson(provider, envelope, text, changes);
    if (!success) throw refusal(errors.length > 0 ? 400 : 500, errors, changes);
    const parsed = schema.safeParse(result);
    if (!parsed.success) throw oddAnswer(provider, changes);
    return { result: parsed.data as z.infer<Schema>, pages: result_info?.total_pages ?? 1 };
  };

  /** All pages, and no more: the package's own iteration always asks for one that is empty. */
  const everyPage = async <Schema extends z.ZodType>(
    schema: Schema,
    signal: AbortSignal,
    send: (page: number, options: { signal: AbortSignal }) => { asResponse(): Promise<Response> },
  ): Promise<z.infer<Schema>[]> => {
    const all: z.infer<Schema>[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const answer = await call(z.array(schema), { changes: false, signal, send: (options) => send(page, options) });
      all.push(...answer.result);
      pages = answer.pages;
    }
    return all;
  };

  return {
    /** The zones of our account, or the one of that name. */
    zones: async (signal: AbortSignal, name?: string): Promise<CloudflareZone[]> => {
      const query = { account: { id: accountId }, per_page: zonesPerPage, ...(name === undefined ? {} : { name }) };
      const zones = await everyPage(zone, signal, (page, options) => api.zones.list({ ...query, page }, options));
      return zones.filter((found) => found.account.id === accountId && (name === undefined || found.name === name));
    },

    createZone: async (name: string, signal: AbortSignal): Promise<CloudflareZone> => {
      const wish = { account: { id: accountId }, name, type: 'full' as const };
      const send: Call['send'] = (options) => api.zones.create(wish, options);
      return (await call(zone, { changes: true, signal, send })).result;
    },

    deleteZone: async (zoneId: string, signal: AbortSignal): Promise<void> => {
      const send: Call['send'] = (options) => api.zones.delete({ zone_id: zoneId }, options);
      await call(z.object({ id: z.string() }), { changes: true, signal, send });
    },

    records: (zoneId: string, signal: AbortSignal): Promise<CloudflareRecord[]> =>
      everyPage(record, signal, (page, options) =>
        api.dns.records.list({ zone_id: zoneId, per_page: recordsPerPage, page }, options),
      ),

    /** All or nothing: deletes, patches and posts in this order, in one transaction of theirs. */
    batch: async (
      zoneId: string,
      work: Pick<RecordBatchParams, 'deletes' | 'patches' | 'posts'>,
      signal: AbortSignal,
    ): Promise<void> => {
      const send: Call['send'] = (options) => api.dns.records.batch({ zone_id: zoneId, ...work }, options);
      await call(z.object({}), { changes: true, signal, send });
    },
  };
};
