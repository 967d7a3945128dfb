/** The one place where an error becomes a status and a body. */
import type { ErrorRequestHandler, Response } from 'express';
import { isDatabaseDown, isRetryable } from '../database/errors.ts';
import { AppError, type ErrorKind } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { RateLimited } from './rate-limit.ts';

const statusOf: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unprocessable: 422,
  limit: 409,
  throttled: 429,
  unavailable: 503,
};

/** Refusals that are about HTTP itself and not about anything that a feature knows. */
export class HttpError extends Error {
  readonly status: 404 | 405 | 413 | 415;
  readonly code: string;
  readonly headers: Record<string, string>;
  constructor(status: HttpError['status'], code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export interface Problem {
  status: number;
  code: string;
  message: string;
  retryable: boolean;
  headers?: Record<string, string>;
  errors?: { path: string; message: string }[];
  details?: Record<string, unknown>;
}

const ofApp = (error: AppError): Problem => ({
  status: statusOf[error.kind],
  code: error.code,
  message: error.message,
  retryable: error.retryable,
  headers: {
    ...(error.retryAfter === undefined ? {} : { 'Retry-After': String(error.retryAfter) }),
    ...(error.kind === 'unauthenticated' ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(error instanceof RateLimited ? error.headers : {}),
  },
  ...(error.details ? { details: error.details } : {}),
});

/** What the validator throws: it names its status, and where the request does not fit. */
interface ValidatorError {
  status: number;
  message: string;
  errors?: { path?: string; message: string }[];
}

const isValidatorError = (error: unknown): error is ValidatorError =>
  error instanceof Error && 'status' in error && 'errors' in error && typeof error.status === 'number';

/** The validator's terse terms, as somebody who reads them for the first time would put it. */
const wordings: [term: RegExp, words: string][] = [
  [/^must NOT have additional properties$/, 'is not known here'],
  [/^Unknown query parameter .*$/, 'is not known here'],
  [/^must have required property .*$/, 'is missing'],
  [/^must match format "email"$/, 'must be an e-mail address'],
  [/^must match format "ipv[46]"$/, 'must be an IP address'],
  [/^must NOT have more than (\d+) characters$/, 'must have at most $1 characters'],
  [/^must NOT have fewer than 1 characters$/, 'must not be empty'],
  [/^must NOT have fewer than (\d+) characters$/, 'must have at least $1 characters'],
  [/^must match pattern "(.*)"$/s, 'does not have the form that is asked for ($1)'],
];

const inWords = (message: string): string => {
  for (const [term, words] of wordings) if (term.test(message)) return message.replace(term, words);
  return message;
};

const ofValidator = (error: ValidatorError): Problem => {
  if (error.status === 415) {
    return {
      status: 415,
      code: 'unsupported_media_type',
      message: 'Send the body as application/json.',
      retryable: false,
    };
  }
  const errors = (error.errors ?? []).map(({ path, message }) => ({ path: path ?? '', message }));
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return {
    status: 400,
    code: 'invalid_request',
    message: first
      ? `The request is not valid: ${first.path.replace(/^\//, '').replaceAll('/', '.')} ${inWords(first.message)}${more}.`
      : 'The request is not valid.',
    retryable: false,
    errors,
  };
};

/** What the body parser throws. */
const ofBodyParser = ({ type, limit }: { type: unknown; limit?: unknown }): Problem | null => {
  switch (type) {
    case 'entity.too.large':
      return {
        status: 413,
        code: 'payload_too_large',
        message: `The body is too large: ${Math.floor(Number(limit) / 1024)} kB at most.`,
        retryable: false,
      };
    case 'entity.parse.failed':
      return { status: 400, code: 'invalid_json', message: 'The body is not valid JSON.', retryable: false };
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return {
        status: 415,
        code: 'unsupported_media_type',
        message: 'Send the body as plain UTF-8 JSON.',
        retryable: false,
      };
    default:
      return null;
  }
};

/** Total: what is not known is a 500 without any internals. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof AppError) return ofApp(error);
  if (error instanceof HttpError) {
    return { status: error.status, code: error.code, message: error.message, retryable: false, headers: error.headers };
  }
  const parser = typeof error === 'object' && error !== null && 'type' in error ? ofBodyParser(error) : null;
  if (parser) return parser;
  if (isDatabaseDown(error) || isRetryable(error)) {
    return {
      status: 503,
      code: 'database_unavailable',
      message: 'The service cannot reach its database at the moment. Try again soon.',
      retryable: true,
      headers: { 'Retry-After': '5' },
    };
  }
  if (isValidatorError(error) && error.status < 500) return ofValidator(error);
  return { status: 500, code: 'internal_error', message: 'Something went wrong on our side.', retryable: true };
};

/** Sends an error in the one shape that all errors have. */
export const sendProblem = (res: Response, problem: Problem, requestId: string): void => {
  for (const [name, value] of Object.entries(problem.headers ?? {})) res.setHeader(name, value);
  res.status(problem.status).json({
    success: false,
    error: problem.message,
    code: problem.code,
    retryable: problem.retryable,
    request_id: requestId,
    ...(problem.errors ? { errors: problem.errors } : {}),
    ...(problem.details ? { details: problem.details } : {}),
  });
};

export const errorHandler =
  ({ log }: { log: Log }): ErrorRequestHandler =>
  (error, _req, res, _next) => {
    const requestId = String(res.locals.requestId);
    const problem = problemOf(error);
    if (problem.status === 500) log.error({ request: requestId, err: error }, 'A request failed');
    else if (problem.status === 503) log.warn({ request: requestId, err: error }, 'A request could not be served');
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const suspended: number | null = res.locals.operation?.suspendedStatus ?? null;
    if (problem.code === 'service_suspended' && suspended !== null) problem.status = suspended;
    sendProblem(res, problem, requestId);
  };
