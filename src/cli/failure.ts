/** A failure in words that an operator can do something with. */
import { CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { isDatabaseDown } from '../database/errors.ts';
import { AppError, ProviderError } from '../kit/errors.ts';

export interface Failure {
  code: string;
  message: string;
  retryable: boolean;
  /** What to do about it, when we know. */
  hint?: string;
  details?: Record<string, unknown>;
}

/** What commander throws, as a sentence: it writes `error: unknown option '--x'`. */
const sentence = (text: string): string => {
  const words = text
    .replace(/^error: /, '')
    .replace(/^command-argument value ('.*?') is invalid for argument '(.*?)'\./, '$1 is not a valid $2.')
    .replace(/^option '(--[\w-]+).*?' argument ('.*?') is invalid\./, '$2 is not valid for $1.');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.?)]$/.test(words) ? '' : '.'}`;
};

const ofCommander = (error: CommanderError): Failure => ({
  code: 'invalid_request',
  message: sentence(error.message),
  retryable: false,
  hint: 'Add --help to see what there is.',
});

const ofApp = (error: AppError): Failure => {
  const id = error.details?.operation_id;
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    ...(typeof id === 'string' ? { hint: `Look at it with: provisor operations show ${id}` } : {}),
    ...(error.details ? { details: error.details } : {}),
  };
};

/** Sentences of our own are thrown as plain errors; what the system or a library throws has a class or a code. */
const isSentence = (error: Error): boolean => error.constructor === Error && !('code' in error);

/** Total: what is not known is told by its message alone. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof CommanderError) return ofCommander(error);
  if (error instanceof AppError) return ofApp(error);
  if (error instanceof ConfigError) {
    return {
      code: 'configuration_invalid',
      message: error.message,
      retryable: false,
      hint: 'Correct the environment or the file .env.',
    };
  }
  if (error instanceof ProviderError) {
    return {
      code: 'provider_unavailable',
      message: `${error.provider}: ${error.message}`,
      retryable: error.retry === 'later',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isDatabaseDown(error)) {
    return {
      code: 'database_unavailable',
      message: `The database does not answer: ${message}`,
      retryable: true,
      hint: 'provisor doctor looks for the reason.',
    };
  }
  if (error instanceof Error && isSentence(error)) return { code: 'not_possible', message, retryable: false };
  return {
    code: 'internal_error',
    message: `Something went wrong: ${message}`,
    retryable: false,
    hint: 'PROVISOR_LOG_LEVEL=debug shows where.',
  };
};

/** A failure as it is written to stderr. */
export const failureText = ({ code, message, retryable, hint, details }: Failure, json: boolean): string =>
  json
    ? JSON.stringify({ success: false, error: message, code, retryable, ...(details ? { details } : {}) }, null, 2)
    : hint === undefined
      ? message
      : `${message}\n${hint}`;
