/**
 * From a request to a handler and back: who asks, which operation, does it fit the
 * contract, was it answered before. Nothing of the business is known here.
 */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { type ContractOperation, type OpenApiDocument, operationsOf } from '../contract/document.ts';
import type { Input, OperationId, Stream } from '../contract/handler.ts';
import { runAs } from '../kit/ambient.ts';
import type { Caller } from '../kit/caller.ts';
import type { Clock } from '../kit/clock.ts';
import { AppError } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import { passOn, type Telemetry } from '../kit/telemetry.ts';
import { probes, tellAnswer } from './answered.ts';
import { networkOf } from './client-address.ts';
import { createContractCheck } from './contract-check.ts';
import { createCors } from './cors.ts';
import { errorHandler } from './errors.ts';
import { type Idempotency, requireKey } from './idempotency.ts';
import { readJson } from './json-body.ts';
import { watchKey } from './key-watch.ts';
import { waitSecondsOf } from './prefer.ts';
import type { RateLimit } from './rate-limit.ts';
import { createRouter, type Match } from './router.ts';
import { openEventStream } from './sse.ts';

/** Who a key belongs to, as far as this layer needs to know. */
export interface Authenticated {
  panelId: string;
  keyId: string;
  scopes: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: each handler was checked against its operation by `Handlers`
type AnyHandler = (input: any) => unknown;

export interface HttpAppOptions {
  document: OpenApiDocument;
  handlers: Record<string, AnyHandler>;
  authenticate: (key: string | undefined) => Promise<Authenticated>;
  /** Told of a good key that was used for what it may not do; what it throws is logged. */
  refused: (identity: Authenticated, operationId: string, requestId: string) => Promise<void>;
  idempotency: Idempotency;
  rateLimit: RateLimit;
  /** Origins whose pages may call from a browser. */
  corsOrigins: readonly string[];
  /** The client's address, from that of the connection and `X-Forwarded-For`. */
  clientAddress: (peer: string | undefined, forwarded: string | undefined) => string;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
  /** Checks our own answers too. On in tests. */
  validateResponses: boolean;
  /** Aborts when this process is about to end: whoever waits gets the answer as it is then. */
  draining: AbortSignal;
}

/**
 * On every answer; a page of ours puts its own policy in place of the strict one. `Strict-Transport-Security` is not
 * here: TLS ends in front of us, and whoever ends it knows whether the name may never be reached without.
 */
const alwaysSent = Object.entries({
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
});

/** Under this name a stored answer keeps its content type where it is not JSON. */
const storedType = 'content-type';

const bearer = (header: string | undefined): string | undefined => /^Bearer ([^\s]+)$/i.exec(header ?? '')?.[1];

/** Throws unless every operation has a handler and every handler an operation. */
const requireMatch = (operations: ContractOperation[], handlers: Record<string, AnyHandler>): void => {
  const wished = new Set(operations.map((operation) => operation.operationId));
  const missing = [...wished].filter((id) => !Object.hasOwn(handlers, id));
  const extra = Object.keys(handlers).filter((id) => !wished.has(id));
  if (missing.length === 0 && extra.length === 0) return;
  throw new Error(
    `The contract and the handlers differ.${missing.length > 0 ? ` Without a handler: ${missing.join(', ')}.` : ''}${extra.length > 0 ? ` Without an operation: ${extra.join(', ')}.` : ''}`,
  );
};

interface AnyReply {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
  type?: string;
}

const jsonType = 'application/json; charset=utf-8';

/**
 * Sends JSON as `res.json` does, without its looks for what is never there: an
 * ETag, a charset to put right, a JSONP callback.
 */
const sendJson = (res: Response, body: unknown): void => {
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', jsonType);
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.end(text);
};

const noQuery = Object.freeze({});

export interface HttpApp {
  app: Express;
  /** Resolves once no request is being carried out any more. Its caller may have left long before that. */
  atRest(): Promise<void>;
}

/** Builds the Express application. Errors: any mismatch between contract and handlers, any fault in the contract. */
export const createHttpApp = async (options: HttpAppOptions): Promise<HttpApp> => {
  const { document, handlers, authenticate, idempotency, rateLimit, clock, log, telemetry, draining } = options;
  const operations = operationsOf(document);
  requireMatch(operations, handlers);
  const route = createRouter(operations);
  // The check of our own answers sees only what goes through `res.json`.
  const send = options.validateResponses ? (res: Response, body: unknown) => res.json(body) : sendJson;
  const cors = createCors(options.corsOrigins);
  const contract = await createContractCheck(document, operations, { validateResponses: options.validateResponses });

  /** Whose calls are counted together. */
  const addressOf = (req: Request): string =>
    networkOf(options.clientAddress(req.socket.remoteAddress, req.headers['x-forwarded-for'] as string | undefined));

  /** Errors: those of the router. Looking for what is not there counts as a call too. */
  const find = (req: Request): Match => {
    try {
      return route(req.method, req.path);
    } catch (error) {
      rateLimit.takeAddress(addressOf(req));
      throw error;
    }
  };

  /** Errors: RateLimited (429), 401 of `authenticate`, `scope_missing` (403). */
  const identify = async (
    operation: ContractOperation,
    req: Request,
    requestId: string,
  ): Promise<Authenticated | null> => {
    const address = addressOf(req);
    if (!operation.unlimited) rateLimit.takeAddress(address);
    if (!operation.secured) return null;
    const identity = await authenticate(bearer(req.headers.authorization)).catch((error: unknown) => {
      const guessed = bearer(req.headers.authorization) !== undefined;
      if (guessed && error instanceof AppError && error.kind === 'unauthenticated') rateLimit.refused(address);
      throw error;
    });
    rateLimit.takeKey(identity.keyId);
    if (operation.scope !== null && !identity.scopes.includes(operation.scope)) {
      await options.refused(identity, operation.operationId, requestId).catch((error: unknown) => {
        log.warn({ request: requestId, err: error }, 'A refusal is not in the audit trail');
      });
      throw new AppError(
        'forbidden',
        'scope_missing',
        `This key may not do that: it lacks the scope ${operation.scope}.`,
      );
    }
    return identity;
  };

  const sendReply = (res: Response, { status, headers, body, type }: AnyReply): void => {
    res.statusCode = status;
    if (headers) for (const name of Object.keys(headers)) res.setHeader(name, headers[name]!);
    if (body === undefined) res.end();
    else if (type !== undefined) res.type(type).send(body);
    else send(res, body);
  };

  const closedSignal = (res: Response): AbortSignal => {
    const closed = new AbortController();
    // It may have gone while it was authenticated.
    if (res.closed) closed.abort();
    else res.once('close', () => closed.abort());
    return AbortSignal.any([closed.signal, draining]);
  };

  /** What a handler is given. What few of them ask for is made when it is asked for. */
  const inputOf = (caller: Caller, req: Request, res: Response): Input<OperationId> => {
    let signal: AbortSignal | undefined;
    return {
      caller,
      path: req.params as never,
      query: (req.url.includes('?') ? req.query : noQuery) as never,
      body: req.body as never,
      get waitSeconds() {
        return waitSecondsOf(req.headers.prefer as string | undefined);
      },
      get prefersJson() {
        return req.accepts(['text/plain', 'application/json']) === 'application/json';
      },
      get signal() {
        signal ??= closedSignal(res);
        return signal;
      },
    };
  };

  const handle = async (match: Match, input: Input<OperationId>, res: Response): Promise<AnyReply | Stream> => {
    const { wait } = input.query as { wait?: unknown };
    const reply = (await handlers[match.operation.operationId]!(input)) as AnyReply | Stream;
    res.locals.streams = 'stream' in reply;
    res.locals.waits = 'stream' in reply || Number(wait) > 0 || input.waitSeconds > 0;
    return reply;
  };

  const answer = async (match: Match, caller: Caller, req: Request, res: Response): Promise<void> => {
    const input = inputOf(caller, req, res);
    const reply = await handle(match, input, res);
    if (!('stream' in reply)) return sendReply(res, reply);
    const events = openEventStream(res, clock);
    const key = watchKey(clock, () => authenticate(bearer(req.headers.authorization)), input.signal);
    try {
      await reply.stream(events.write, key.signal);
    } finally {
      key.stop();
      events.close();
    }
  };

  /** As `answer`, but carried out once only for each key. The answer is stored before it is sent. */
  const answerOnce = async (key: string, match: Match, caller: Caller, req: Request, res: Response): Promise<void> => {
    const request = [match.operation.operationId, req.params, req.body ?? null];
    const stored = await idempotency.begin(caller.panelId, key, request);
    if (stored) {
      res.setHeader('Idempotency-Replayed', 'true');
      const { [storedType]: type, ...headers } = stored.headers;
      if (type !== undefined) return sendReply(res, { ...stored, headers, type });
      return sendReply(res, { ...stored, body: stored.body === '' ? undefined : JSON.parse(stored.body) });
    }
    let reply: AnyReply | Stream;
    try {
      reply = await handle(match, inputOf(caller, req, res), res);
    } catch (error) {
      // A refusal is not stored: the next try under this key looks anew.
      await idempotency.forget(caller.panelId, key).catch((failure: unknown) => {
        log.warn({ request: caller.requestId, err: failure }, 'An Idempotency-Key stays locked for a minute');
      });
      throw error;
    }
    if ('stream' in reply) throw new Error(`${match.operation.operationId} cannot be answered once: it streams`);
    await idempotency.store(caller.panelId, key, {
      status: reply.status,
      headers: { ...reply.headers, ...(reply.type === undefined ? {} : { [storedType]: reply.type }) },
      body: reply.body === undefined ? '' : reply.type === undefined ? JSON.stringify(reply.body) : String(reply.body),
    });
    sendReply(res, reply);
  };

  const serve = async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    const match = find(req);
    res.locals.operation = match.operation;
    const identity = await identify(match.operation, req, String(res.locals.requestId));
    if (match.operation.takesBody) await readJson(req, res, match.operation.bodyLimit);
    await contract.check(match, req, res, next);
    const caller: Caller = {
      panelId: identity?.panelId ?? '',
      actor: identity?.keyId ?? 'nobody',
      requestId: String(res.locals.requestId),
      traceparent: res.locals.traceparent as string | null,
    };
    const key = match.operation.takesIdempotencyKey && identity ? req.headers['idempotency-key'] : undefined;
    if (typeof key !== 'string') return answer(match, caller, req, res);
    requireKey(key);
    return answerOnce(key, match, { ...caller, idempotencyKey: key }, req, res);
  };

  const underWay = new Set<Promise<void>>();
  const carryOut = (work: Promise<void>): void => {
    const done = work.finally(() => underWay.delete(done));
    underWay.add(done);
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);

  app.use((req, res, next) => {
    const requestId = newId();
    const began = clock.monotonic();
    const span = probes.has(req.url)
      ? passOn(null)
      : telemetry.startSpan(req.method, { kind: 'server', parent: req.headers.traceparent as string | undefined });
    res.locals.requestId = requestId;
    res.locals.traceparent = span.traceparent;
    res.setHeader('X-Request-Id', requestId);
    for (const [name, value] of alwaysSent) res.setHeader(name, value);
    if (draining.aborted) res.setHeader('Connection', 'close');
    res.once('close', () => {
      tellAnswer({ telemetry, log }, req, res, { span, ms: clock.monotonic() - began });
    });
    runAs({ request: requestId, traceparent: span.traceparent }, () => {
      if (!cors(req, res)) carryOut(serve(req, res, next).catch(next));
    });
  });
  app.use(errorHandler({ log }));
  return {
    app,
    atRest: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
};
