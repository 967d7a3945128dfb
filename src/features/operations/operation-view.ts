import type { Schema } from '../../contract/handler.ts';
import { instant } from '../../kit/instant.ts';
import type { ShownOperation } from '../../operations/beside-service.ts';
import type { Operation } from '../../operations/operation.ts';

/** An operation as callers see it. What is for the operator stays here. */
export const operationView = (operation: ShownOperation, retryable: boolean): Schema<'Operation'> => ({
  id: operation.id,
  kind: operation.kind,
  service_id: operation.service.serviceId,
  state: operation.state,
  step: operation.stepName,
  percent: operation.percent,
  message: operation.message,
  retryable,
  cancel_requested: operation.cancelRequested,
  error: operation.error ? { code: operation.error.code, message: operation.error.message } : null,
  created_at: instant(operation.createdAt),
  finished_at: operation.finishedAt === null ? null : instant(operation.finishedAt),
});

/** Headers of an answer that speaks of work under way. */
export const watchHeaders = (operation: Operation): Record<string, string> => ({
  Location: `/v1/operations/${operation.id}`,
  'Retry-After': '2',
});
