/** What an operation's row says while a step is under way. */
import type { AnyDefinition } from './definition.ts';
import type { Operation } from './operation.ts';
import type { OperationPatch } from './operation-store.ts';
import type { Direction } from './step-store.ts';

type Progress = Required<Pick<OperationPatch, 'step' | 'message'>> & Pick<OperationPatch, 'step_name' | 'percent'>;

export const progressOf = ({ steps }: AnyDefinition, direction: Direction, index: number): Progress => {
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
export const likely = (definition: AnyDefinition, direction: Direction, index: number): OperationPatch => {
  const step = definition.steps[index];
  const begins = direction === 'do' && step !== undefined && !step.when;
  return begins ? progressOf(definition, direction, index) : { step: index };
};

/** Whether the row says it already. */
export const saysSo = (operation: Operation, progress: Progress): boolean =>
  progress.step === operation.step &&
  progress.step_name === operation.stepName &&
  progress.message === operation.message &&
  (progress.percent === undefined || progress.percent === operation.percent);
