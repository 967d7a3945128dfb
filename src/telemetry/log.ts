import { createRequire } from 'node:module';
import { pino } from 'pino';
import { ambient } from '../kit/ambient.ts';
import type { Log } from '../kit/log.ts';
import { createScrub } from '../kit/secrets.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

// Fields that could hold a secret, wherever they stand in what is logged.
const secretFields = ['password', 'secret', 'token', 'pepper', 'authorization', 'cookie', 'key_text'];
const redact = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** What the line belongs to; what it says itself wins. */
const belongsTo = (): Record<string, string> => {
  const { request, operation, traceparent } = ambient() ?? {};
  return {
    ...(request ? { request } : {}),
    ...(operation ? { operation } : {}),
    ...(traceparent ? { trace: traceparent.slice(3, 35) } : {}),
  };
};

export interface LogOptions {
  stream?: NodeJS.WriteStream & { fd: number };
  /** Blanked out wherever they stand. */
  secrets?: readonly string[];
}

/** Loaded only where it is used: a service has no terminal. */
const loadPretty = () => createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');

/** JSON lines; on a terminal, lines for people. */
export const createLog = (level: LogLevel, { stream = process.stdout, secrets = [] }: LogOptions = {}): Log => {
  const options = {
    level,
    base: null,
    redact: { paths: redact, censor: '[secret]' },
    mixin: belongsTo,
    hooks: { streamWrite: createScrub(secrets) },
  };
  return stream.isTTY
    ? pino(
        options,
        loadPretty()({ destination: stream.fd, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }),
      )
    : pino(options, stream);
};
