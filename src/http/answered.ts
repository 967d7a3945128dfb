/**
 * What is told of an answer once it is sent: a count, a span, and a line of the
 * log. Changes and our own faults are told at `info`. Whatever only reads is told
 * at `debug`: panels poll, and their lines would bury the others.
 */
import type { Request, Response } from 'express';
import type { ContractOperation } from '../contract/document.ts';
import type { Log } from '../kit/log.ts';
import type { Span, Telemetry } from '../kit/telemetry.ts';

/** Asked every few seconds by machines: neither logged nor traced. */
export const probes: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

/** In the place of a status, for a caller who left before the answer. */
const left = 499;

export const tellAnswer = (
  { telemetry, log }: { telemetry: Telemetry; log: Log },
  req: Request,
  res: Response,
  { span, ms }: { span: Span; ms: number },
): void => {
  const { operation, requestId, waits, streams } = res.locals as {
    operation?: ContractOperation;
    requestId: string;
    waits?: boolean;
    streams?: boolean;
  };
  const call = operation?.operationId ?? 'none';
  // A stream ends when its reader leaves.
  const status = res.writableFinished || (streams && res.headersSent) ? res.statusCode : left;
  telemetry.answered(call, status, waits ? null : ms);
  if (span.traceparent !== null) {
    span.rename(call);
    span.set({
      'http.request.method': req.method,
      'http.route': operation?.path ?? '',
      'http.response.status_code': status,
      'provisor.request': requestId,
    });
    span.end(status >= 500 ? String(status) : undefined);
  }
  if (probes.has(req.url)) return;
  const told = (req.method === 'GET' || req.method === 'HEAD') && status < 500 ? 'debug' : 'info';
  if (log.isLevelEnabled?.(told) === false) return;
  log[told]({ request: requestId, call, method: req.method, status, ms: Math.round(ms) }, 'Answered');
};
