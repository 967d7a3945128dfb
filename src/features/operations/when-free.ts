import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import type { Operations } from '../../operations/operations.ts';

/**
 * Makes a call, and again once the operation in its way has ended, for at most
 * `patienceMs`. Errors: those of the call; `operation_in_progress` when patience ends.
 */
export const whenFree = async <T>(
  operations: Operations,
  caller: Pick<Caller, 'panelId'>,
  { patienceMs, signal }: { patienceMs: number; signal: AbortSignal },
  call: () => Promise<T>,
): Promise<T> => {
  const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  let waitedFor = '';
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const busy =
        error instanceof AppError && error.code === 'operation_in_progress' ? error.details?.operation_id : undefined;
      if (typeof busy !== 'string' || busy === waitedFor || until.aborted) throw error;
      waitedFor = busy;
      await operations.find(caller.panelId, busy);
      const rest = await operations.waitForRest(busy, patienceMs, until);
      // One that is stuck waits for an operator, and no patience helps.
      if (until.aborted || rest?.state === 'stuck') throw error;
    }
  }
};
