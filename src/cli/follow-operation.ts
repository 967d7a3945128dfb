/** Looks after an operation that a server carries out, until it rests. */
import { type Clock, systemClock } from '../kit/clock.ts';
import { AppError } from '../kit/errors.ts';
import { isAtRest, type Operation } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';

type Watched = Pick<Operations, 'find' | 'list' | 'subscribe'>;

export const untakenSentence = 'In line. No running server has taken it yet; it goes on when one runs.';

/** How long a server that runs may need to take work at most. */
const patienceMs = 5_000;

export interface WatchOptions {
  operations: Watched;
  progress: Progress;
  /** Ends the watching, not the operation. */
  signal: AbortSignal;
  clock?: Clock;
  /** Called once when no server has taken it in time. True ends the watching. */
  untaken(): boolean;
}

/** Whether a server is at it, or at the operation that it waits for. */
const isTaken = async ({ list }: Watched, operation: Operation): Promise<boolean> => {
  if (operation.state === 'queued') return false;
  if (operation.state !== 'pending') return true;
  const ahead = await list({ panelId: operation.service.panelId, service: operation.service }, { limit: 2 });
  return ahead.some(({ owner }) => owner !== null);
};

/** The operation at rest, or as it was when the watching ended. Errors: `not_found`. */
export const watchOperation = async (id: string, options: WatchOptions): Promise<Operation> => {
  const { operations, progress, signal, clock = systemClock, untaken } = options;
  let look = () => {};
  let looked = true;
  const wake = () => {
    looked = false;
    look();
  };
  let patient = true;
  const patience = clock.after(patienceMs, () => {
    patient = false;
    wake();
  });
  const unsubscribe = operations.subscribe(id, wake);
  signal.addEventListener('abort', wake, { once: true });
  let told = false;
  try {
    for (;;) {
      looked = true;
      const operation = await operations.find(undefined, id);
      if (isAtRest(operation.state) || signal.aborted) return operation;
      const waits = !patient && !(await isTaken(operations, operation));
      if (waits && !told) {
        told = true;
        if (untaken()) return operation;
      }
      progress.show(operation.percent, waits ? untakenSentence : operation.message);
      if (looked) {
        await new Promise<void>((resolve) => {
          look = resolve;
        });
      }
    }
  } finally {
    patience.cancel();
    unsubscribe();
    signal.removeEventListener('abort', wake);
  }
};

/** Errors: `operation_failed`, when it came to a bad end or waits for an operator. */
const refuseBadEnd = (operations: Pick<Operations, 'isRetryable'>, operation: Operation): void => {
  if (operation.state !== 'failed' && operation.state !== 'stuck') return;
  const { error, state } = operation;
  const reason = error?.message ?? operation.message;
  throw new AppError(
    'conflict',
    'operation_failed',
    state === 'stuck' ? `It waits for an operator: ${reason}` : reason,
    {
      retryable: operations.isRetryable(operation),
      details: { operation_id: operation.id, state, ...(error ? { reason: error.code } : {}) },
    },
  );
};

/**
 * Shows the progress of an operation until it rests, the operator interrupts, or
 * no server has taken it within seconds and `staysUntaken` is not set. The
 * operation is not touched. Errors: `operation_failed`.
 */
export const followOperation = async (
  operations: Watched & Pick<Operations, 'isRetryable'>,
  output: Output,
  id: string,
  { staysUntaken = false }: { staysUntaken?: boolean } = {},
): Promise<{ operation: Operation; ended: 'at-rest' | 'untaken' | 'interrupted' }> => {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const progress = output.progress();
  let isUntaken = false;
  try {
    const operation = await watchOperation(id, {
      operations,
      progress,
      signal: interrupt.signal,
      untaken: () => {
        isUntaken = !staysUntaken;
        return isUntaken;
      },
    });
    progress.end();
    refuseBadEnd(operations, operation);
    if (isAtRest(operation.state)) return { operation, ended: 'at-rest' };
    if (isUntaken) return { operation, ended: 'untaken' };
    output.exitWith(130);
    return { operation, ended: 'interrupted' };
  } finally {
    progress.end();
    process.removeListener('SIGINT', onInterrupt);
  }
};

/** What became of a followed operation, as a sentence. */
export const followedSentence = ({ operation, ended }: Awaited<ReturnType<typeof followOperation>>): string => {
  if (ended === 'untaken') return untakenSentence;
  if (ended === 'interrupted') return `It goes on. Look again with: provisor operations watch ${operation.id}`;
  return `${operation.message}.`;
};
