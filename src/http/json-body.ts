/** The body of a request: JSON that everything behind this takes alike. */
import express, { type Request, type Response } from 'express';
import { AppError } from '../kit/errors.ts';

/** Bytes that a body may have where the contract says nothing else. */
const usualLimit = 65_536;
/** Far more than the contract has. Bodies are hashed and compared by functions that call themselves. */
const maxDepth = 64;

/** The parser would take UTF-7 and UTF-16 too, which nothing before us reads as we would (RFC 8259 has UTF-8 only). */
const requireUtf8 = (_req: unknown, _res: unknown, _body: Buffer, charset: string): void => {
  if (charset !== 'utf-8') throw Object.assign(new Error(`The charset ${charset}`), { type: 'charset.unsupported' });
};

const jsonTypes = ['application/json', 'application/*+json'];

const parserOf = (limit: number) => express.json({ limit, strict: true, type: jsonTypes, verify: requireUtf8 });

const parsers = new Map([[usualLimit, parserOf(usualLimit)]]);

/** Half a surrogate pair and 1e999 are JSON, but no database and no hash takes them. */
const isSound = (value: unknown, depth = 0): boolean => {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return (
    depth < maxDepth && Object.entries(value).every(([key, inner]) => key.isWellFormed() && isSound(inner, depth + 1))
  );
};

/** What zlib throws, which the parser passes on with a status and no type. */
const isUnpacking = (error: unknown): boolean =>
  error instanceof Error && 'status' in error && error.status === 400 && !('type' in error);

/** Its client has hung up. What the parser says then differs, and of a packed body it says nothing, ever. */
const isCutOff = (req: Request): boolean => req.destroyed && !req.complete;

/** A body was announced and is not there: the parser passes over the one of a client that has hung up meanwhile. */
const isUnread = (req: Request): boolean => req.body === undefined && Boolean(req.is(jsonTypes));

/** Puts the body, of `limit` bytes at most, into `req.body`. Errors: the parser's, `invalid_json`, `invalid_request`. */
export const readJson = (req: Request, res: Response, limit: number = usualLimit): Promise<void> =>
  new Promise((resolve, reject) => {
    const parse = parsers.get(limit) ?? parserOf(limit);
    parsers.set(limit, parse);
    // Without its body it would be another wish, and somebody's limits to one customer would be lost with it.
    const endedEarly = () =>
      reject(new AppError('invalid', 'invalid_request', 'The body ended too early.', { retryable: true }));
    req.once('close', () => {
      if (isCutOff(req)) endedEarly();
    });
    parse(req, res, (error?: unknown) => {
      if (isCutOff(req)) endedEarly();
      else if (isUnpacking(error)) {
        reject(new AppError('invalid', 'invalid_request', 'The body is not packed as its Content-Encoding says.'));
      } else if (error) reject(error);
      else if (isUnread(req)) endedEarly();
      else if (isSound(req.body)) resolve();
      else {
        const why = 'a text is not Unicode, a number is too large, or it is nested too deeply';
        reject(new AppError('invalid', 'invalid_json', `The body cannot be used: ${why}.`));
      }
    });
  });
