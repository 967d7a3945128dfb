/** What an operation's row says while a step is under way. */
import type { AnyDefinition } from './definition.ts';
import type { Operation } from './operation.ts';
import { type Progress, withProgress } from './operation-store.ts';
import type { Direction } from './step-store.ts';

type Saying = Required<Pick<Progress, 'step' | 'message'>> & Pick<Progress, 'step_name' | 'percent'>;

export const progressOf = ({ steps }: AnyDefinition, direction: Direction, index: number): Saying => {
  const { name, say } = steps[index]!;
  return {
    step: index,
    step_name: name,
    message: direction === 'do' ? say : `Taking back: ${say.toLowerCase()}`,
    ...(direction === 'do' ? { percent: Math.floor((index / steps.length) * 100) } : {}),
  };
};

/**
 * For the write that goes before a step: what most likely follows, so that it need not be written once more. Where it
 * comes otherwise, the state and the sentence of what comes are written over it in the same transaction; an operation
 * that is handed back says what comes next.
 */
export const likely = (definition: AnyDefinition, direction: Direction, index: number): Progress => {
  const step = definition.steps[index];
  const begins = direction === 'do' && step !== undefined && !step.when;
  return begins ? progressOf(definition, direction, index) : { step: index };
};

/**
 * What the row of a run holds once a step has succeeded and `patch` is written, where it goes forward and nobody wants
 * it cancelled: a run is the only one that writes it, so it need not be read. What the patch does not say of the
 * progress counts as not said.
 */
export const afterStep = (claimed: Operation, patch: Progress, dueAt: number): Operation =>
  withProgress({ ...claimed, dueAt, cancelRequested: false, stepName: null, percent: 0, message: '' }, patch);

/** Whether the row says it already. */
export const saysSo = (operation: Operation, progress: Saying): boolean =>
  progress.step === operation.step &&
  progress.step_name === operation.stepName &&
  progress.message === operation.message &&
  (progress.percent === undefined || progress.percent === operation.percent);
