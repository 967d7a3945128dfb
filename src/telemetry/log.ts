import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Log } from '../kit/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

// Fields that could hold a secret, wherever they stand in what is logged.
const secretFields = ['password', 'secret', 'token', 'pepper', 'authorization', 'cookie', 'key_text'];
const redact = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** JSON lines; on a terminal, lines for people. */
export const createLog = (level: LogLevel, stream: NodeJS.WriteStream & { fd: number } = process.stdout): Log => {
  const options = { level, base: null, redact: { paths: redact, censor: '[secret]' } };
  return stream.isTTY
    ? pino(
        options,
        pretty({ destination: stream.fd, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }),
      )
    : pino(options, stream);
};
