import type { Command } from 'commander';
import { parseServiceId } from '../../cli/arguments.ts';
import { followedSentence, followOperation } from '../../cli/follow-operation.ts';
import type { Output, RunCommand } from '../../cli/output.ts';
import { table } from '../../cli/table.ts';
import type { Schema } from '../../contract/handler.ts';
import type { Caller } from '../../kit/caller.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Panels } from '../panels/panels.ts';
import { domainView } from './domain-view.ts';
import type { Domains, ShownDomain } from './domains.ts';

export interface DomainTools {
  domains: Domains;
  operations: Operations;
  panels: Pick<Panels, 'require'>;
}

interface OnPanel {
  panel: string;
}

/** `provisor domains …`. */
export const domainCommands = (program: Command, run: RunCommand<DomainTools>): void => {
  const group = program.command('domains').description('the custom domains of a site');

  const onSite = (name: string, description: string): Command =>
    group
      .command(name)
      .description(description)
      .argument('<service_id>', "the panel's own id of the site", parseServiceId)
      .option('--panel <name>', 'whose service it is', 'default');

  const onDomain = (name: string, description: string): Command =>
    onSite(name, description).argument('<hostname>', 'www.example.com, example.com or *.example.com');

  const callerOf = async ({ panels }: DomainTools, { panel }: OnPanel): Promise<Caller> => ({
    panelId: (await panels.require(panel)).id,
    actor: 'cli',
    requestId: null,
  });

  const view = ({ domains, operations }: DomainTools, shown: ShownDomain): Schema<'Domain'> =>
    domainView(shown, {
      url: domains.urlOf(shown.domain.hostname),
      retryable: shown.operation !== null && operations.isRetryable(shown.operation),
    });

  /** Tells how a domain is, once what was begun has ended. */
  const finish = async (tools: DomainTools, output: Output, shown: ShownDomain): Promise<void> => {
    if (!shown.operation) {
      const answer = view(tools, shown);
      output.answer(answer, () => answer.message);
      return;
    }
    const followed = await followOperation(tools.operations, output, shown.operation.id);
    const answer = view(tools, await tools.domains.after(shown, followed.operation));
    output.answer(answer, () => `${followedSentence(followed)}\n${answer.message}`);
  };

  const looking = () => ({ signal: AbortSignal.timeout(20_000) });

  onSite('list', 'its domains, oldest first').action((serviceId: string, options: OnPanel) =>
    run(async (tools, output) => {
      const { domains: all, quota } = await tools.domains.list(await callerOf(tools, options), { serviceId });
      const data = all.map((shown) => view(tools, shown));
      const figures = `${quota.used} of ${quota.limit} used`;
      output.answer({ data, quota }, () =>
        data.length === 0
          ? `There are no domains (${figures}).`
          : `${table(
              ['domain', 'state', 'what is so'],
              data.map((domain) => [domain.hostname, domain.state, domain.message]),
            )}\n\n${figures}`,
      );
    }),
  );

  const acting = (
    command: Command,
    act: (domains: Domains, caller: Caller, serviceId: string, hostname: string) => Promise<ShownDomain>,
  ): Command =>
    command.action((serviceId: string, hostname: string, options: OnPanel) =>
      run(async (tools, output) => {
        const caller = await callerOf(tools, options);
        await finish(tools, output, await act(tools.domains, caller, serviceId, hostname));
      }),
    );

  acting(
    onDomain('add', 'bring a domain to a site; says which records to set'),
    (domains, caller, serviceId, hostname) => domains.add(caller, { serviceId }, hostname, looking()),
  );
  acting(onDomain('verify', 'look at the DNS of a domain now'), (domains, caller, serviceId, hostname) =>
    domains.verify(caller, { serviceId }, hostname, looking()),
  );
  acting(onDomain('remove', 'take a domain off a site'), (domains, caller, serviceId, hostname) =>
    domains.remove(caller, { serviceId }, hostname),
  );
};
