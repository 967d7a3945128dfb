import type { Command } from 'commander';
import { parsePlanName, parseWhole, planRanges } from '../../cli/arguments.ts';
import { type ListOptions, moreLine, withListOptions } from '../../cli/list-options.ts';
import type { RunCommand } from '../../cli/output.ts';
import { facts, table } from '../../cli/table.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import type { Caller } from '../../kit/caller.ts';
import type { Plan } from './plan.ts';
import { planView } from './plan-view.ts';
import type { Plans } from './plans.ts';

const operator: Caller = { panelId: '', actor: 'cli', requestId: null };

export interface PlanTools {
  plans: Plans;
}

const text = (plan: Plan): string =>
  `Plan ${plan.name}\n${facts([
    ['Memory', `${plan.memoryMb} MB`],
    ['Disk', `${plan.diskMb} MB`],
    ['Backups', plan.backups],
    ['Domains', plan.domains],
  ])}`;

/** `provisor plans …`. */
export const planCommands = (program: Command, run: RunCommand<PlanTools>): void => {
  const group = program.command('plans').description('what sites are granted');

  withListOptions(group.command('list').description('the plans')).action((options: ListOptions) =>
    run(async ({ plans }, output) => {
      const { limit, after } = pageWish(options);
      const found = await plans.list({ limit: limit + 1, ...(after === undefined ? {} : { after }) });
      const page = pageOf(found, limit, (plan) => plan.name, planView);
      output.answer(page, () =>
        found.length === 0
          ? 'There are no plans. Make one with: provisor plans put <name> …'
          : table(
              ['plan', 'memory MB', 'disk MB', 'backups', 'domains'],
              page.data.map((plan) => [plan.name, plan.memory_mb, plan.disk_mb, plan.backups, plan.domains]),
            ) + moreLine(page.next_cursor),
      );
    }),
  );

  group
    .command('show')
    .description('one plan')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ plans }, output) => {
        const plan = await plans.get(name);
        output.answer(planView(plan), () => text(plan));
      }),
    );

  group
    .command('put')
    .description('make a plan, or change one for the sites that get it from now on')
    .argument('<name>', 'its name', parsePlanName)
    .requiredOption('--memory-mb <number>', 'mebibytes of memory', parseWhole(planRanges.memoryMb))
    .requiredOption('--disk-mb <number>', 'mebibytes of disk', parseWhole(planRanges.diskMb))
    .requiredOption('--backups <number>', 'how many backups', parseWhole(planRanges.backups))
    .requiredOption('--domains <number>', 'how many domains', parseWhole(planRanges.domains))
    .action((name: string, grants: Omit<Plan, 'name'>) =>
      run(async ({ plans }, output) => {
        const { memoryMb, diskMb, backups, domains } = grants;
        const plan = await plans.put(operator, { name, memoryMb, diskMb, backups, domains });
        output.answer(planView(plan), () => text(plan));
      }),
    );

  group
    .command('delete')
    .description('remove a plan that no site has')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ plans }, output) => {
        await plans.delete(operator, name);
        output.answer({ name, deleted: true }, () => `The plan "${name}" is gone.`);
      }),
    );
};
