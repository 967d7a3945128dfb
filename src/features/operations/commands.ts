import { type Command, Option } from 'commander';
import { parseOperationId } from '../../cli/arguments.ts';
import { followedSentence, followOperation } from '../../cli/follow-operation.ts';
import { type ListOptions, moreLine, withListOptions } from '../../cli/list-options.ts';
import type { RunCommand } from '../../cli/output.ts';
import { type Cell, facts, plain, table } from '../../cli/table.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import type { Database } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { formatDuration, fromNow } from '../../kit/duration.ts';
import { instant } from '../../kit/instant.ts';
import { isEnded, type Operation, type OperationState, operationStates } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Panels } from '../panels/panels.ts';
import { operationView } from './operation-view.ts';

export interface OperationTools {
  operations: Operations;
  panels: Pick<Panels, 'list' | 'require'>;
  db: Pick<Database, 'now'>;
}

type StepRecord = Awaited<ReturnType<Operations['steps']>>[number];

const instantOrNull = (at: number | null): string | null => (at === null ? null : instant(at));

/** An operation with all that is for the operator. */
const operatorView = (operation: Operation, panel: string, steps: StepRecord[], retryable: boolean) => ({
  ...operationView(operation, retryable),
  panel,
  stuck_in: operation.stuckIn,
  attempts: operation.attempts,
  owner: operation.owner,
  due_at: instantOrNull(operation.dueAt),
  deadline_at: instant(operation.deadlineAt),
  actor: operation.actor,
  request_id: operation.requestId,
  params: operation.params,
  error: operation.error,
  steps: steps.map((step) => ({
    number: step.seq + 1,
    direction: step.direction,
    name: step.name,
    state: step.state,
    error: step.error,
    began_at: instant(step.beganAt),
    ended_at: instantOrNull(step.endedAt),
  })),
});

const stepRow = (step: StepRecord): Cell[] => [
  step.seq + 1,
  step.direction === 'undo' ? `${step.name} (taken back)` : step.name,
  step.state,
  step.endedAt === null ? null : formatDuration(step.endedAt - step.beganAt),
];

const stepErrors = (steps: StepRecord[]): string[] =>
  steps.flatMap((step) => (step.error === null ? [] : [`  ${step.name}: ${plain(step.error)}`]));

/** What an operator can do about an operation as it is. */
const advice = (operation: Operation, retryable: boolean): string[] => {
  if (operation.state === 'stuck') return [`It goes on with: provisor operations retry ${operation.id}`];
  if (operation.state === 'failed' && retryable) return [`Try it anew: provisor operations retry ${operation.id}`];
  return [];
};

const describe = (
  operation: Operation,
  panel: string,
  steps: StepRecord[],
  retryable: boolean,
  now: number,
): string => {
  const lines: [string, Cell][] = [
    ['Kind', operation.kind],
    ['Service', `${operation.service.serviceId} of panel ${panel}`],
    ['State', operation.state],
    ['Progress', `${operation.percent} %`],
    ['Says', operation.message],
    ['Asked for', `${instant(operation.createdAt)} (${fromNow(operation.createdAt, now)}) by ${operation.actor}`],
  ];
  if (operation.finishedAt !== null) {
    lines.push(['Ended', `${instant(operation.finishedAt)} (${fromNow(operation.finishedAt, now)})`]);
  }
  if (operation.attempts > 0) lines.push(['Failed tries', `${operation.attempts} of ${operation.stepName}`]);
  if (!isEnded(operation.state)) {
    if (operation.owner !== null) lines.push(['Worker', operation.owner]);
    else if (operation.dueAt !== null) lines.push(['Next try', fromNow(operation.dueAt, now)]);
    lines.push(['Given up', fromNow(operation.deadlineAt, now)]);
  }
  if (operation.cancelRequested) lines.push(['Cancelled', 'yes: it is stopped and taken back']);
  if (operation.error) {
    lines.push(['Error', `${operation.error.code}: ${operation.error.message}`]);
    if (operation.error.detail !== undefined) lines.push(['Detail', operation.error.detail]);
  }
  const blocks = [`Operation ${operation.id}\n${facts(lines)}`];
  if (steps.length > 0) blocks.push(table(['#', 'step', 'state', 'took'], steps.map(stepRow)));
  const errors = stepErrors(steps);
  if (errors.length > 0) blocks.push(`Last errors of the steps:\n${errors.join('\n')}`);
  return [...blocks, ...advice(operation, retryable)].join('\n\n');
};

const panelNames = async (panels: Pick<Panels, 'list'>): Promise<Map<string, string>> =>
  new Map((await panels.list()).map(({ id, name }) => [id, name]));

const callerFor = ({ service }: Operation): Caller => ({ panelId: service.panelId, actor: 'cli', requestId: null });

/** `provisor operations …`. */
export const operationCommands = (program: Command, run: RunCommand<OperationTools>): void => {
  const group = program.command('operations').description('what is done to the infrastructure, and what became of it');

  withListOptions(group.command('list').description('the operations, newest first'))
    .addOption(new Option('--state <state>', 'only in this state').choices(operationStates))
    .option('--panel <name>', 'only of this panel (default: of all)')
    .action((options: ListOptions & { state?: OperationState; panel?: string }) =>
      run(async ({ operations, panels, db }, output) => {
        const { limit, after } = pageWish(options);
        const filter = {
          ...(options.state ? { state: options.state } : {}),
          ...(options.panel === undefined ? {} : { panelId: (await panels.require(options.panel)).id }),
        };
        const before = after === undefined ? {} : { before: after };
        const found = await operations.list(filter, { limit: limit + 1, ...before });
        const names = await panelNames(panels);
        const panelOf = ({ service }: Operation) => names.get(service.panelId) ?? service.panelId;
        const page = pageOf(
          found,
          limit,
          ({ id }) => id,
          (operation) => ({
            ...operationView(operation, operations.isRetryable(operation)),
            panel: panelOf(operation),
          }),
        );
        const now = await db.now();
        output.answer(page, () =>
          found.length === 0
            ? 'There are no such operations.'
            : table(
                ['operation', 'panel', 'service', 'kind', 'state', '%', 'asked for', 'says'],
                found
                  .slice(0, limit)
                  .map((operation) => [
                    operation.id,
                    panelOf(operation),
                    operation.service.serviceId,
                    operation.kind,
                    operation.state,
                    operation.percent,
                    fromNow(operation.createdAt, now),
                    operation.message,
                  ]),
              ) + moreLine(page.next_cursor),
        );
      }),
    );

  const one = (name: string, description: string) =>
    group.command(name).description(description).argument('<id>', 'the operation', parseOperationId);

  one('show', 'one operation with its steps and errors').action((id: string) =>
    run(async ({ operations, panels, db }, output) => {
      const operation = await operations.find(undefined, id);
      const names = await panelNames(panels);
      const panel = names.get(operation.service.panelId) ?? operation.service.panelId;
      const steps = await operations.steps(id);
      const retryable = operations.isRetryable(operation);
      const now = await db.now();
      output.answer(operatorView(operation, panel, steps, retryable), () =>
        describe(operation, panel, steps, retryable, now),
      );
    }),
  );

  one('retry', 'let a waiting or stuck operation go on now, or do a failed one anew').action((id: string) =>
    run(async ({ operations }, output) => {
      const caller = callerFor(await operations.find(undefined, id));
      const operation = await operations.retry(caller, id);
      const how = operation.id === id ? `Operation ${id} goes on` : `Operation ${operation.id} does it anew`;
      output.answer(
        operationView(operation, operations.isRetryable(operation)),
        () => `${how}. Watch it with: provisor operations watch ${operation.id}`,
      );
    }),
  );

  one('cancel', 'stop an operation and take back what it did').action((id: string) =>
    run(async ({ operations }, output) => {
      const caller = callerFor(await operations.find(undefined, id));
      const operation = await operations.cancel(caller, id);
      output.answer(
        operationView(operation, operations.isRetryable(operation)),
        () =>
          `Operation ${id} is stopped and what it did is taken back. Watch it with: provisor operations watch ${id}`,
      );
    }),
  );

  one('watch', 'show the progress of an operation until it rests').action((id: string) =>
    run(async ({ operations }, output) => {
      const followed = await followOperation(operations, output, id, { staysUntaken: true });
      const { operation } = followed;
      output.answer(operationView(operation, operations.isRetryable(operation)), () => followedSentence(followed));
    }),
  );
};
