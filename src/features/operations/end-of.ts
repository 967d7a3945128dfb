/** Waiting for the end of what a request began, the same for every resource. */
import type { Input, OperationId } from '../../contract/handler.ts';
import { AppError } from '../../kit/errors.ts';
import { isAtRest, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';

/** The operation once it is at rest, if the caller waits for it and it comes in time; else as it was. */
export const endOf = async (
  operations: Operations,
  operation: Operation,
  { waitSeconds, signal }: Pick<Input<OperationId>, 'waitSeconds' | 'signal'>,
): Promise<Operation> =>
  waitSeconds === 0 || isAtRest(operation.state)
    ? operation
    : ((await operations.waitForRest(operation.id, waitSeconds * 1000, signal)) ?? operation);

/** Throws `operation_failed` (409) with the operation's own sentence, when it has failed. */
export const refuseFailed = (operations: Operations, operation: Operation): void => {
  if (operation.state !== 'failed') return;
  throw new AppError('conflict', 'operation_failed', operation.error?.message ?? 'It could not be done.', {
    retryable: operations.isRetryable(operation),
    details: { operation_id: operation.id, ...(operation.error ? { reason: operation.error.code } : {}) },
  });
};
