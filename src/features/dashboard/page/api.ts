/** Calls of the API. The key is in this closure and nowhere else; it ends with the page. */
import type { components } from '../../../contract/api.gen.ts';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
export type Site = Schema<'Site'>;
export type Operation = Schema<'Operation'>;
export type Whoami = Schema<'Whoami'>;
export type Scope = Schema<'Scope'>;

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** What the server said, in its own sentence, with the id that finds it in the log. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  constructor(status: number, code: string, sentence: string, requestId: string | null) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/** How long an answer may take before the page says that it does not come. */
const patienceMs = 20_000;

const refusalOf = async (answer: Response): Promise<Refusal> => {
  const requestId = answer.headers.get('x-request-id');
  const problem = (await answer.json().catch(() => null)) as Partial<Schema<'Problem'>> | null;
  const sentence = problem?.error ?? `The server answered ${answer.status} and no more.`;
  return new Refusal(answer.status, problem?.code ?? 'unknown', sentence, problem?.request_id ?? requestId);
};

export const createApi = (key: string, { onKeyRefused }: { onKeyRefused: (refusal: Refusal) => void }) => {
  const send = async (path: string, options: RequestInit, signal: AbortSignal): Promise<Response> => {
    const headers = { ...(options.headers as Record<string, string>), Authorization: `Bearer ${key}` };
    let answer: Response;
    try {
      answer = await fetch(path, { ...options, headers, signal, cache: 'no-store', credentials: 'omit' });
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      if ((error as Error).name === 'TimeoutError') {
        throw new Refusal(0, 'no_answer', `The server has not answered for ${patienceMs / 1000} seconds.`, null);
      }
      throw new Refusal(0, 'unreachable', 'The server cannot be reached.', null);
    }
    if (answer.ok) return answer;
    const refusal = await refusalOf(answer);
    if (refusal.status === 401) onKeyRefused(refusal);
    throw refusal;
  };

  const json = async <Body>(path: string, options: RequestInit, signal?: AbortSignal): Promise<Body> => {
    const limit = AbortSignal.timeout(patienceMs);
    const answer = await send(path, options, signal ? AbortSignal.any([signal, limit]) : limit);
    return (answer.status === 204 ? undefined : await answer.json()) as Body;
  };

  return {
    get: <Body>(path: string, signal?: AbortSignal) => json<Body>(path, {}, signal),
    post: <Body>(path: string, body: object = {}) =>
      json<Body>(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
      }),
    remove: <Body>(path: string) => json<Body>(path, { method: 'DELETE' }),
    /** An answer that does not end by itself. */
    open: (path: string, signal: AbortSignal) => send(path, { headers: { Accept: 'text/event-stream' } }, signal),
  };
};

export type Api = ReturnType<typeof createApi>;

/** A path with its variable parts. */
export const at = (strings: TemplateStringsArray, ...parts: string[]): string =>
  String.raw({ raw: strings }, ...parts.map(encodeURIComponent));

/** A query of what is not empty. */
export const query = (wishes: Record<string, string | number | null | undefined>): string => {
  const set = Object.entries(wishes).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`;
};
