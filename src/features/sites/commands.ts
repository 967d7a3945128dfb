import { type Command, Option } from 'commander';
import {
  parseCustomerId,
  parseEmail,
  parseIp,
  parsePlanName,
  parseReason,
  parseServiceId,
  parseSubdomain,
} from '../../cli/arguments.ts';
import { followedSentence, followOperation } from '../../cli/follow-operation.ts';
import { type ListOptions, moreLine, withListOptions } from '../../cli/list-options.ts';
import type { Output, RunCommand } from '../../cli/output.ts';
import { facts, table } from '../../cli/table.ts';
import type { Schema } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import type { Caller } from '../../kit/caller.ts';
import { formatDuration } from '../../kit/duration.ts';
import { isAtRest, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Panels } from '../panels/panels.ts';
import type { Changed } from './change-site.ts';
import { type Site, type SiteState, siteStates } from './site.ts';
import { siteView, statusView } from './site-view.ts';
import { describeDrift, siteFacts } from './site-words.ts';
import type { Sites } from './sites.ts';
import type { Drift, Sweep } from './sweep.ts';

export interface SiteTools {
  sites: Sites;
  operations: Operations;
  panels: Pick<Panels, 'require'>;
  sweep: Sweep;
}

interface OnPanel {
  panel: string;
}

const mebibyte = 1024 * 1024;

const megabytes = (bytes: number | null): string =>
  bytes === null ? 'not known' : `${Math.ceil(bytes / mebibyte)} MB`;

const describeStatus = (status: Schema<'SiteStatus'>): string =>
  `Service ${status.service_id} is ${status.state}\n${facts([
    ['Workload', status.workload],
    ['Node', status.node],
    ['CPU', status.cpu === null ? 'not known' : `${Math.round(status.cpu * 100)} %`],
    ['Memory', `${megabytes(status.memory_bytes)} of ${megabytes(status.memory_limit_bytes)}`],
    ['Disk', `${megabytes(status.disk_bytes)} of ${megabytes(status.disk_limit_bytes)}`],
    ['Up for', status.uptime_seconds === null ? 'not known' : formatDuration(status.uptime_seconds * 1000)],
  ])}`;

const driftView = ({ orphans, missing, uncertain }: Drift) => ({
  orphans: orphans.map(({ kind, name, ageMs, verdict }) => ({
    kind,
    name,
    age_seconds: Math.round(ageMs / 1000),
    verdict,
  })),
  missing: missing.map(({ kind, name, serviceId, operationId, ageMs }) => ({
    kind,
    name,
    service_id: serviceId,
    operation_id: operationId,
    age_seconds: Math.round(ageMs / 1000),
  })),
  uncertain,
});

/** `provisor sites …` and `provisor sweep`. */
export const siteCommands = (program: Command, run: RunCommand<SiteTools>): void => {
  const group = program.command('sites').description('the sites of a panel');

  const onPanel = (command: Command): Command => command.option('--panel <name>', 'whose service it is', 'default');

  const callerOf = async ({ panels }: SiteTools, { panel }: OnPanel): Promise<Caller> => ({
    panelId: (await panels.require(panel)).id,
    actor: 'cli',
    requestId: null,
  });

  const view = async (
    { sites, operations }: Pick<SiteTools, 'sites' | 'operations'>,
    site: Site,
    operation: Operation | null,
  ): Promise<Schema<'Site'>> =>
    siteView(site, {
      url: sites.urlOf(site),
      quotas: await sites.quotas(site),
      operation,
      retryable: operation !== null && operations.isRetryable(operation),
    });

  /** Tells what a change came to; waits for its end unless told not to. */
  const finish = async (
    tools: SiteTools,
    output: Output,
    caller: Caller,
    { site, operation, fresh }: Changed,
    wait: boolean,
  ): Promise<void> => {
    if (!operation || (!fresh && isAtRest(operation.state))) {
      output.answer(
        await view(tools, site, operation),
        () => `Service ${site.key.serviceId} is ${site.state} already. There was nothing to do.`,
      );
      return;
    }
    if (!wait) {
      output.answer(
        await view(tools, site, operation),
        () => `In line. Watch it with: provisor operations watch ${operation.id}`,
      );
      return;
    }
    const followed = await followOperation(tools.operations, output, operation.id);
    const now = await tools.sites.get(caller, { serviceId: site.key.serviceId });
    const answer = await view(tools, now, followed.operation);
    const address = followed.operation.kind === 'site.create' && now.state === 'active' ? ` ${answer.url}` : '';
    output.answer(answer, () => `${followedSentence(followed)}${address}`);
  };

  type Work<Options> = (tools: SiteTools, caller: Caller, serviceId: string, options: Options) => Promise<Changed>;

  const change = <Options = unknown>(command: Command, work: Work<Options>): Command =>
    onPanel(command)
      .option('--no-wait', 'put it in line and do not wait for its end')
      .action((serviceId: string, options: OnPanel & { wait: boolean } & Options) =>
        run(async (tools, output) => {
          const caller = await callerOf(tools, options);
          await finish(tools, output, caller, await work(tools, caller, serviceId, options), options.wait);
        }),
      );

  const one = (name: string, description: string) =>
    group.command(name).description(description).argument('<service_id>', "the panel's own id of it", parseServiceId);

  onPanel(withListOptions(group.command('list').description('the sites, newest first')))
    .addOption(new Option('--state <state>', 'only in this state (default: all but deleted)').choices(siteStates))
    .action((options: ListOptions & OnPanel & { state?: SiteState }) =>
      run(async (tools, output) => {
        const { limit, after } = pageWish(options);
        const { panelId } = await callerOf(tools, options);
        const found = await tools.sites.list(
          { panelId, ...(options.state ? { state: options.state } : {}) },
          { limit: limit + 1, ...(after === undefined ? {} : { before: after }) },
        );
        const views = new Map<Site, Schema<'Site'>>();
        for (const site of found.slice(0, limit)) {
          views.set(site, await view(tools, site, await tools.sites.lastOperation(site)));
        }
        const page = pageOf(
          found,
          limit,
          ({ id }) => id,
          (site) => views.get(site)!,
        );
        output.answer(page, () =>
          found.length === 0
            ? 'There are no such sites.'
            : table(
                ['service', 'state', 'plan', 'address', 'e-mail', 'created'],
                page.data.map((site) => [
                  site.service_id,
                  site.state,
                  site.plan,
                  site.url,
                  site.email,
                  site.created_at.slice(0, 10),
                ]),
              ) + moreLine(page.next_cursor),
        );
      }),
    );

  onPanel(one('show', 'one site')).action((serviceId: string, options: OnPanel) =>
    run(async (tools, output) => {
      const site = await tools.sites.get(await callerOf(tools, options), { serviceId });
      const answer = await view(tools, site, await tools.sites.lastOperation(site));
      output.answer(answer, () => `Service ${serviceId} of panel ${options.panel}\n${facts(siteFacts(answer))}`);
    }),
  );

  onPanel(one('status', 'what a site does and uses right now')).action((serviceId: string, options: OnPanel) =>
    run(async (tools, output) => {
      const { site, status } = await tools.sites.status(await callerOf(tools, options), { serviceId });
      const answer = statusView(site, status);
      output.answer(answer, () => describeStatus(answer));
    }),
  );

  interface CreateOptions {
    email: string;
    plan: string;
    publicIp?: string;
    customer?: string;
    subdomain?: string;
  }
  change<CreateOptions>(
    one('create', 'create a site')
      .requiredOption('--email <address>', 'the address of its owner', parseEmail)
      .requiredOption('--plan <plan>', 'what it is granted', parsePlanName)
      .option('--subdomain <name>', 'its name under the site domain (default: made from the e-mail)', parseSubdomain)
      .option('--public-ip <address>', "where visitors reach it (default: the server's own)", parseIp)
      .option('--customer <id>', "the panel's own id of its customer", parseCustomerId),
    ({ sites }, caller, serviceId, { email, plan, publicIp, customer, subdomain }) =>
      sites.create(caller, {
        service_id: serviceId,
        email,
        plan,
        ...(publicIp === undefined ? {} : { public_ip: publicIp }),
        ...(customer === undefined ? {} : { customer_id: customer }),
        ...(subdomain === undefined ? {} : { subdomain }),
      }),
  );
  change<{ reason?: string }>(
    one('suspend', 'cut a site off and keep its data').option('--reason <text>', 'shown in its details', parseReason),
    ({ sites }, caller, serviceId, { reason }) => sites.suspend(caller, { serviceId }, reason),
  );
  change(one('unsuspend', 'bring a suspended site back'), ({ sites }, caller, serviceId) =>
    sites.unsuspend(caller, { serviceId }),
  );
  change<{ plan: string }>(
    one('upgrade', 'move a site to another plan').requiredOption('--plan <plan>', 'the new plan', parsePlanName),
    ({ sites }, caller, serviceId, { plan }) => sites.upgrade(caller, { serviceId }, plan),
  );
  const actions = {
    start: 'start a stopped site',
    stop: 'stop a site; visitors see that it is stopped',
    restart: 'restart a site',
    reset: 'put a site back to how it was at the start; what was changed since is lost',
  } as const;
  for (const action of ['start', 'stop', 'restart', 'reset'] as const) {
    change(one(action, actions[action]), ({ sites }, caller, serviceId) => sites.act(caller, { serviceId }, action));
  }
  change(one('delete', 'delete a site and its data'), ({ sites }, caller, serviceId) =>
    sites.remove(caller, { serviceId }),
  );

  program
    .command('sweep')
    .description('compare what is outside with what the database says')
    .option('--delete', 'remove what no service knows, once two sweeps far enough apart have seen it')
    .action(({ delete: remove = false }: { delete?: boolean }) =>
      run(async ({ sweep }, output) => {
        const drift = await sweep({ remove });
        output.answer(driftView(drift), () => describeDrift(drift));
      }),
    );
};
