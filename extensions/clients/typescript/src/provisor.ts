/**
 * Speaks to one Provisor as one panel. Every call of the contract is there, by
 * its path and with its types; answers are data, refusals are thrown.
 */
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './contract.ts';
import { OperationFailed } from './errors.ts';
import { createTransport } from './transport.ts';

export { ApiError, OperationFailed, ProvisorError, UnexpectedAnswer, Unreachable } from './errors.ts';
export type { components, paths };

/** A type of the contract: `Schema<'Site'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** The calls of the contract: `api.GET('/v1/sites/{service_id}', …)`. */
export type Api = Client<paths, 'application/json'>;

export interface ProvisorSettings {
  /** Of the server, without `/v1`. */
  baseUrl: string;
  /** Of this panel: `pvr_…`. */
  key: string;
  /** How long one attempt may take. @default 30 */
  timeoutSeconds?: number;
  /** How long a call is tried again, where that is safe, while nobody answers or something is in the way. @default 30 */
  patienceSeconds?: number;
  /** @default the global one */
  fetch?: (request: Request, init: { signal: AbortSignal }) => Promise<Response>;
}

export interface Waiting {
  signal?: AbortSignal;
  /** @default until it ends */
  timeoutSeconds?: number;
}

type Answer = { data?: unknown; response: Response };
type DataOf<A extends Answer> = Exclude<A['data'], undefined>;
type Page<Item> = { data: Item[]; next_cursor: string | null };

const pollSeconds = 20;

const checked = ({ baseUrl, key }: ProvisorSettings): string => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError('The address must look like https://provisor.example.com.');
  }
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError('The key is empty, or has characters that no key has.');
  return baseUrl.replace(/\/+$/, '');
};

/** Errors: `TypeError` for an address or a key that cannot be one. */
export const createProvisor = (settings: ProvisorSettings) => {
  const baseUrl = checked(settings);
  const { key, timeoutSeconds = 30, patienceSeconds = 30, fetch = globalThis.fetch } = settings;
  const api: Api = createClient<paths, 'application/json'>({
    baseUrl,
    fetch: createTransport({ key, timeoutSeconds, patienceSeconds, fetch: (request, init) => fetch(request, init) }),
  });

  /**
   * Sends a call and returns its data. A POST gets an `Idempotency-Key`, the same for
   * every attempt; give one of your own to make a repeat of yours safe too. Errors:
   * `ApiError`, `Unreachable`, `UnexpectedAnswer`, or what `signal` was aborted with.
   */
  const call = async <A extends Answer>(send: (api: Api) => Promise<A>): Promise<DataOf<A>> =>
    (await send(api)).data as DataOf<A>;

  /**
   * Waits for the end of an operation. Null, and none in an answer, is one that ended
   * before. Errors: `OperationFailed`; what `signal` was aborted with, a `TimeoutError`
   * when the time is over; those of a call.
   */
  const wait = async (
    operation: Pick<Schema<'Operation'>, 'id'> | null,
    { signal, timeoutSeconds: limit }: Waiting = {},
  ): Promise<Schema<'Operation'> | null> => {
    if (operation === null) return null;
    const signals = [signal, limit === undefined ? undefined : AbortSignal.timeout(limit * 1000)];
    const until = AbortSignal.any(signals.filter((one) => one !== undefined));
    for (;;) {
      until.throwIfAborted();
      const seen = await call(({ GET }) =>
        GET('/v1/operations/{operation_id}', {
          params: { path: { operation_id: operation.id }, query: { wait: pollSeconds } },
          signal: until,
        }),
      );
      if (seen.finished_at === null && seen.state !== 'stuck') continue;
      if (seen.state !== 'done') throw new OperationFailed(seen);
      return seen;
    }
  };

  /** Everything of a list, page by page as it is needed. */
  async function* all<Item>(
    send: (api: Api, cursor: { cursor?: string }) => Promise<{ data?: Page<Item> | undefined; response: Response }>,
  ): AsyncGenerator<Item, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const page: Page<Item> = await call((open) => send(open, cursor ? { cursor } : {}));
      yield* page.data;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  return { call, wait, all };
};

export type Provisor = ReturnType<typeof createProvisor>;
