/**
 * What this client throws at run time, beside what an `AbortSignal` of the caller
 * was aborted with. The message is always a sentence that a customer may read.
 */
import type { components } from './contract.ts';

type Problem = components['schemas']['Problem'];
type Operation = components['schemas']['Operation'];

export abstract class ProvisorError extends Error {
  /** A word for programs: the API's own `code`, or one of this client's. */
  abstract readonly code: string;
  /** Whether the same call may succeed later without a change. */
  abstract readonly retryable: boolean;
}

/** Provisor understood the call and refused it, or failed at it. */
export class ApiError extends ProvisorError {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: Problem['code'];
  readonly retryable: boolean;
  /** What the operator finds in the log. */
  readonly requestId: string;
  /** Seconds. */
  readonly retryAfter: number | null;
  /** Facts beside the sentence; which ones there are depends on the code. */
  readonly details: Record<string, unknown>;
  /** Where the request does not fit the contract. */
  readonly violations: readonly { path: string; message: string }[];

  constructor(status: number, problem: Problem, retryAfter: number | null) {
    super(problem.error);
    this.status = status;
    this.code = problem.code;
    this.retryable = problem.retryable;
    this.requestId = problem.request_id;
    this.retryAfter = retryAfter;
    this.details = problem.details ?? {};
    this.violations = problem.errors ?? [];
  }
}

/** An operation that was waited for ended otherwise than it should have. */
export class OperationFailed extends ProvisorError {
  override readonly name = 'OperationFailed';
  readonly code: string;
  readonly retryable: boolean;
  readonly operation: Operation;

  constructor(operation: Operation) {
    super(operation.error?.message ?? operation.message);
    this.code = operation.error?.code ?? operation.state;
    this.retryable = operation.retryable;
    this.operation = operation;
  }
}

/** No answer came: nobody listens, the connection broke, or it took too long. It may have been done all the same. */
export class Unreachable extends ProvisorError {
  override readonly name = 'Unreachable';
  readonly code = 'unreachable';
  readonly retryable = true;

  /** @param cause for the log; it may name hosts and ports */
  constructor(cause: unknown) {
    super('The hosting service cannot be reached right now. Please try again in a moment.', { cause });
  }
}

/** Something answered, and not as Provisor does: another server, or a proxy's error page in between. */
export class UnexpectedAnswer extends ProvisorError {
  override readonly name = 'UnexpectedAnswer';
  readonly code = 'unexpected_answer';
  readonly retryable: boolean;
  readonly status: number;
  /** What was wrong with it, for the log. */
  readonly reason: string;

  constructor(status: number, reason: string) {
    super('The hosting service gave an answer that makes no sense. Please try again later.');
    this.status = status;
    this.reason = reason;
    // A gateway's own 5xx passes; a page where JSON should be does not.
    this.retryable = status >= 500;
  }
}
