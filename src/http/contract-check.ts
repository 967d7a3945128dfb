/**
 * express-openapi-validator, without its own route lookup: that recompiles a
 * regular expression for every path before the right one, on every request. It is
 * asked once per operation at start, and what it answered is handed to its
 * request check from then on.
 */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { middleware } from 'express-openapi-validator';
import { type ContractOperation, methods, type OpenApiDocument } from '../contract/document.ts';
import { inPatternWords, patternWordsOf } from './pattern-words.ts';
import { createPlainCheck } from './plain-check.ts';
import type { Match } from './router.ts';

interface Metadata {
  expressRoute: string;
  openApiRoute: string;
  pathParams: Record<string, string>;
  schema: unknown;
  serial: number;
}

type Checked = Request & { openapi?: Metadata };

/** Runs one of the validator's middlewares. Errors that come after it called next go to `late`. */
const runOne = (handler: RequestHandler, req: Request, res: Response, late: NextFunction): Promise<void> =>
  new Promise((resolve, reject) => {
    let done = false;
    handler(req, res, (error?: unknown) => {
      if (done) {
        late(error);
        return;
      }
      done = true;
      if (error) reject(error);
      else resolve();
    });
  });

const sample = (operation: ContractOperation): Request => {
  const path = operation.path.replaceAll(/\{[^}]+\}/g, 'x');
  return {
    method: operation.method.toUpperCase(),
    path,
    url: path,
    originalUrl: path,
    baseUrl: '',
    // As such requests come: the validator keeps what it compiled by their content type.
    headers: operation.takesBody ? { 'content-type': 'application/json' } : {},
    query: {},
    params: {},
    body: {},
    app: { enabled: () => false, param: () => undefined },
  } as unknown as Request;
};

/** Texts for people, and the answers. */
const notForRequests = new Set(['description', 'summary', 'example', 'examples', 'responses', 'tags']);

/**
 * A copy of what a request check needs. The validator compiles every operation
 * together with the whole document, so what is left out saves time and memory
 * at every one of them.
 */
const withoutAnswers = (document: OpenApiDocument): OpenApiDocument => {
  const slim = (value: unknown, isNameSpace: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => slim(item, false));
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(([key]) => isNameSpace || !notForRequests.has(key));
    // Under these the keys are names that somebody chose, and `description` may be one of them.
    return Object.fromEntries(
      kept.map(([key, item]) => [key, slim(item, !isNameSpace && (key === 'properties' || key === 'schemas'))]),
    );
  };
  const copy = slim(document, false) as OpenApiDocument;
  for (const item of Object.values(copy.paths)) {
    for (const method of methods) {
      const operation = item[method] as Record<string, unknown> | undefined;
      if (operation) operation.responses = { default: { description: '' } };
    }
  }
  return copy;
};

export interface ContractCheck {
  /** Errors: the validator's, when the request does not fit. */
  check(match: Match, req: Request, res: Response, next: NextFunction): Promise<void>;
}

/** The validator takes `limit=1e999` for a number, and does not hold infinite ones against the limits. */
const refuseInfinite = (query: Request['query']): void => {
  for (const [name, value] of Object.entries(query) as [string, unknown][]) {
    if (typeof value !== 'number' || Number.isFinite(value)) continue;
    throw Object.assign(new Error('An infinite number'), {
      status: 400,
      errors: [{ path: `/query/${name}`, message: 'is too large' }],
    });
  }
};

/**
 * Prepares the check of every operation. Errors: whatever is wrong with the
 * contract, so that a broken reference stops the start and not the first request.
 */
export const createContractCheck = async (
  document: OpenApiDocument,
  operations: ContractOperation[],
  { validateResponses }: { validateResponses: boolean },
): Promise<ContractCheck> => {
  const own = validateResponses ? structuredClone(document) : withoutAnswers(document);
  const handlers = middleware({
    apiSpec: own as never,
    validateApiSpec: false,
    validateSecurity: false,
    fileUploader: false,
    validateRequests: { allowUnknownQueryParameters: false, coerceTypes: false },
    validateResponses,
  });
  const named = (name: string): RequestHandler => {
    const found = handlers.find((handler) => handler.name === name);
    if (!found)
      throw new Error(`express-openapi-validator has no ${name} any more; src/http/contract-check.ts relies on it`);
    return found as RequestHandler;
  };
  const start = named('pathParamsMiddleware');
  const lookup = named('metadataMiddleware');
  const checkRequest = named('requestMiddleware');
  const checkResponse = validateResponses ? named('responseMiddleware') : null;

  const known = new Map<string, Metadata>();
  const noResponse = {} as Response;
  for (const operation of operations) {
    const req: Checked = sample(operation);
    await runOne(start, req, noResponse, () => undefined);
    await runOne(lookup, req, noResponse, () => undefined);
    if (!req.openapi) throw new Error(`openapi.yaml: the validator does not find ${operation.operationId}`);
    known.set(operation.operationId, { ...req.openapi });
    // Compiles the schemas; what the check says of the made-up request does not matter, a fault in the contract does.
    await runOne(checkRequest, req, noResponse, () => undefined).catch((error: unknown) => {
      if (!(error instanceof Error && 'status' in error && (error.status === 400 || error.status === 415))) throw error;
    });
  }

  const patternWords = patternWordsOf(document);
  const plainCheck = createPlainCheck(document, operations);

  return {
    check: async (match, req: Checked, res, next) => {
      const { operation, pathParams } = match;
      const plain = plainCheck(match, req);
      if (plain) {
        req.params = pathParams;
        // Express reads it anew each time it is asked for.
        if (plain.query) Object.defineProperty(req, 'query', { value: plain.query });
        if (!checkResponse) return;
      }
      const metadata = known.get(operation.operationId);
      if (!metadata) throw new Error(`No check was prepared for ${operation.operationId}`);
      req.openapi = { ...metadata, pathParams };
      if (!plain) {
        await runOne(checkRequest, req, res, next).catch((error: unknown) => {
          throw inPatternWords(error, patternWords);
        });
        refuseInfinite(req.query);
      }
      if (checkResponse) await runOne(checkResponse, req, res, next);
    },
  };
};
