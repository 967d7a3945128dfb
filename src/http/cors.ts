/**
 * Which pages of other origins may call from a browser: none, unless they are named. Keys are sent in a header and never
 * as cookies, so credentials are never allowed.
 */
import type { Request, Response } from 'express';

const methods = 'GET, POST, PUT, DELETE';
const sent = 'Authorization, Content-Type, Idempotency-Key, Prefer';
const shown = 'Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';

export const createCors = (origins: readonly string[]) => {
  const allowed = new Set(origins);

  /** Marks the answer for a page that may read it. True when the request was only the browser's question, which is then answered. */
  return (req: Request, res: Response): boolean => {
    if (allowed.size === 0) return false;
    res.vary('Origin');
    const { origin } = req.headers;
    if (origin === undefined || !allowed.has(origin)) return false;
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', shown);
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false;
    res.setHeader('Access-Control-Allow-Methods', methods);
    res.setHeader('Access-Control-Allow-Headers', sent);
    res.setHeader('Access-Control-Max-Age', '600');
    res.status(204).end();
    return true;
  };
};
