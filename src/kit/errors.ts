/**
 * The errors that this project throws on purpose. Everything else that is
 * thrown is a bug or an outage and reaches a caller as a bare 500.
 */

/** What went wrong, in the terms that a caller can act on. `http/errors.ts` maps each to a status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'payment_required'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'unprocessable'
  | 'limit'
  | 'throttled'
  | 'unavailable';

export interface AppErrorOptions {
  /** Whether the same call may succeed later without a change by the caller. */
  retryable?: boolean;
  /** Seconds after which a repeat makes sense; sent as `Retry-After`. */
  retryAfter?: number;
  /** Facts for the caller beside the sentence, e.g. the id of the operation in the way. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** A refusal or an outage, told in a sentence that a customer may read. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  /** One of `ErrorCode` in openapi.yaml. */
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.kind = kind;
    this.code = code;
    this.retryable = options.retryable ?? (kind === 'unavailable' || options.retryAfter !== undefined);
    this.retryAfter = options.retryAfter;
    this.details = options.details;
  }
}

/**
 * How a provider failed.
 * - `unavailable`, `rate_limited`: it refused or could not be reached; nothing was done.
 * - `unknown_outcome`: the call may have been carried out, or may still be (a time-out, a lost answer).
 * - `conflict`: an object of the wished name is there and is not ours.
 */
export type ProviderErrorKind =
  | 'invalid'
  | 'auth'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  | 'unavailable'
  | 'unknown_outcome';

const retriesLater: Record<ProviderErrorKind, boolean> = {
  invalid: false,
  auth: false,
  not_found: false,
  conflict: false,
  rate_limited: true,
  unavailable: true,
  unknown_outcome: true,
};

/** The only error that an adapter throws. Its message is for the operator and holds no secret. */
export class ProviderError extends Error {
  /** `<port>/<provider>`, e.g. `dns/powerdns`. */
  readonly provider: string;
  readonly kind: ProviderErrorKind;
  readonly retry: 'later' | 'never';
  /** Seconds that the provider asked us to wait. */
  readonly after: number | undefined;
  /** Why, in a sentence that a customer may read; the message is the operator's. */
  readonly say: string | undefined;

  constructor(
    provider: string,
    kind: ProviderErrorKind,
    message: string,
    options: { retry?: 'later' | 'never'; after?: number; say?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProviderError';
    this.provider = provider;
    this.kind = kind;
    this.retry = options.retry ?? (retriesLater[kind] ? 'later' : 'never');
    this.after = options.after;
    this.say = options.say;
  }
}
