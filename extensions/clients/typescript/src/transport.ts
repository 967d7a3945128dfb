/**
 * Carries one call to Provisor: gives up in time, makes an `Idempotency-Key` and
 * keeps it, and sends again what may be sent again. What comes back is an answer
 * of Provisor's, or thrown.
 */
import { ApiError, type ProvisorError, UnexpectedAnswer, Unreachable } from './errors.ts';

export interface TransportSettings {
  key: string;
  /** How long one attempt may take; a call that asks the server to wait gets five more than that. */
  timeoutSeconds: number;
  /** How long a call is tried again in all. 0 sends it once. */
  patienceSeconds: number;
  fetch: (request: Request, init: { signal: AbortSignal }) => Promise<Response>;
}

/** A POST that the contract gives no Idempotency-Key, because its answer holds a secret. */
const keyless =
  /\/v1\/(sites\/[^/]+\/(login-link|password)|support|support\/verify|support\/[^/]+\/rotate|webhooks|webhooks\/[^/]+\/rotate)$/;
/** Of those, what does the same when it is sent twice: `service_id` is the key, or nothing is changed. */
const repeatable = /\/v1\/support(\/verify)?$/;
/** Passes by itself; a customer's missing DNS record is "retryable" too, and does not. */
const passing = new Set(['operation_in_progress', 'idempotency_in_progress']);

const answerSeconds = 5;
const firstPauseMs = 250;
const mostPauseMs = 4_000;

/** Whether the contract takes an Idempotency-Key for a POST to this path. */
export const takesKey = (path: string): boolean => !keyless.test(path);

/** Whether sending it twice does what sending it once does. */
export const isRepeatable = ({ method, headers, url }: Pick<Request, 'method' | 'headers' | 'url'>): boolean =>
  method !== 'POST' || headers.has('Idempotency-Key') || repeatable.test(new URL(url).pathname);

const isPassing = (error: ProvisorError): boolean => {
  if (error instanceof ApiError) return [429, 502, 503, 504].includes(error.status) || passing.has(error.code);
  return error.retryable;
};

const secondsIn = (text: string | null): number | null =>
  text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;

/** What the server was asked to wait, by `Prefer` or by the query. */
const askedToWait = ({ headers, url }: Request): number =>
  secondsIn(/\bwait=(\d+)/.exec(headers.get('Prefer') ?? '')?.[1] ?? new URL(url).searchParams.get('wait')) ?? 0;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

const isJson = (response: Response): boolean =>
  /^application\/json\b/i.test(response.headers.get('Content-Type') ?? '');

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isProblem = (value: unknown): value is ConstructorParameters<typeof ApiError>[1] => {
  const { error, code, retryable, request_id: id } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof error === 'string' && typeof code === 'string' && typeof retryable === 'boolean' && typeof id === 'string'
  );
};

/** The answer, when it is one. Reads JSON whole, so that it cannot break off later; leaves a stream as it is. */
const judged = async (response: Response): Promise<Response> => {
  const { status } = response;
  if (response.ok && !isJson(response)) {
    if (/^text\/(dns|event-stream|plain)\b/i.test(response.headers.get('Content-Type') ?? '')) return response;
    throw new UnexpectedAnswer(status, 'The answer is of no kind that Provisor sends.');
  }
  const text = await response.text();
  const body = parsed(text);
  if (!response.ok) {
    if (isProblem(body)) throw new ApiError(status, body, secondsIn(response.headers.get('Retry-After')));
    throw new UnexpectedAnswer(status, 'The answer is no error of Provisor’s.');
  }
  if (typeof body !== 'object' || body === null) throw new UnexpectedAnswer(status, 'The answer is no JSON object.');
  return new Response(text, { status, headers: response.headers });
};

export const createTransport = ({ key, timeoutSeconds, patienceSeconds, fetch }: TransportSettings) => {
  const sendOnce = async (request: Request): Promise<Response> => {
    const asked = askedToWait(request);
    const seconds = asked === 0 ? timeoutSeconds : Math.max(timeoutSeconds, asked + answerSeconds);
    // Beside the request and not in it: Node lets go of a request's own signal while the fetch goes on.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('No answer in time.', 'TimeoutError')), seconds * 1000);
    const signal = AbortSignal.any([request.signal, late.signal]);
    try {
      return await judged(await fetch(request.clone(), { signal }));
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      if (error instanceof ApiError || error instanceof UnexpectedAnswer) throw error;
      throw new Unreachable(error);
    } finally {
      // A stream of events may go on for as long as it likes.
      clearTimeout(timer);
    }
  };

  /** Errors: `ApiError`, `Unreachable`, `UnexpectedAnswer`, and what the caller's signal was aborted with. */
  return async (wish: Request): Promise<Response> => {
    const request = new Request(wish, { redirect: 'manual' });
    request.headers.set('Authorization', `Bearer ${key}`);
    const { pathname } = new URL(request.url);
    if (request.method === 'POST' && takesKey(pathname) && !request.headers.has('Idempotency-Key')) {
      request.headers.set('Idempotency-Key', crypto.randomUUID());
    }
    const until = performance.now() + patienceSeconds * 1000;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await sendOnce(request);
      } catch (error) {
        const known = error instanceof ApiError || error instanceof Unreachable || error instanceof UnexpectedAnswer;
        if (!known || !isPassing(error) || !isRepeatable(request)) throw error;
        const asked = error instanceof ApiError && error.retryAfter !== null ? error.retryAfter * 1000 : 0;
        // Callers that fail together must not come back together.
        const own = Math.min(mostPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2);
        const ms = Math.max(asked, own);
        if (performance.now() + ms >= until) throw error;
        await pause(ms, request.signal);
      }
    }
  };
};
