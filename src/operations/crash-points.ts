/**
 * The places at which it matters whether a process dies. Tests pass a function
 * that ends the process at one of them; otherwise there is none, and nothing that
 * an environment or a request holds can bring one in.
 */
import type { Operation } from './operation.ts';
import type { Direction } from './step-store.ts';

/** Before and after each commit, and before and after each call to a provider. */
export const crashPoints = [
  'submit:committing',
  'submit:committed',
  'claim:committing',
  'claim:committed',
  'call:before',
  'call:after',
  'step:committing',
  'step:committed',
  'setback:committing',
  'setback:committed',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

/** Told of every point as it is passed, with the operation, and the step under way where there is one. */
export type AtPoint = (
  point: CrashPoint,
  of: { operationId: string; kind: string; fence: number; step: string | null; direction: Direction },
) => void | Promise<void>;

/** Where an operation is, and of which step a point is told. */
export const placeOf = (operation: Operation, step: string | null): Parameters<AtPoint>[1] => ({
  operationId: operation.id,
  kind: operation.kind,
  fence: operation.fence,
  step,
  direction: operation.state === 'undoing' ? 'undo' : 'do',
});
