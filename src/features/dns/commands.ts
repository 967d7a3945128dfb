import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseCustomerId, parseWhole } from '../../cli/arguments.ts';
import { followedSentence, followOperation } from '../../cli/follow-operation.ts';
import { type ListOptions, moreLine, withListOptions } from '../../cli/list-options.ts';
import type { Output, RunCommand } from '../../cli/output.ts';
import { facts, table } from '../../cli/table.ts';
import type { Schema } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { isAtRest, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Panels } from '../panels/panels.ts';
import type { ChangedZone } from './change-zone.ts';
import { mostTtl } from './record.ts';
import type { Zone } from './zone.ts';
import { importView, recordView, zoneView } from './zone-view.ts';
import type { Zones } from './zones.ts';

export interface ZoneTools {
  zones: Zones;
  operations: Operations;
  panels: Pick<Panels, 'require'>;
}

interface OnPanel {
  panel: string;
}

/** How long a command waits for a server to take a change of records. */
const patience = () => ({ waitSeconds: 20, signal: AbortSignal.timeout(60_000) });

const readText = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('invalid', 'invalid_request', `The file ${file} cannot be read: ${(error as Error).message}`);
  }
};

const recordLine = (record: Schema<'Record'>): string[] => {
  const numbers = [record.priority, record.weight, record.port, record.flags, record.tag];
  const data = [...numbers.filter((part) => part !== undefined), record.data].join(' ');
  return [record.id, record.name, String(record.ttl), record.type, data, record.state];
};

/** `provisor zones …`. */
export const zoneCommands = (program: Command, run: RunCommand<ZoneTools>): void => {
  const group = program.command('zones').description('the DNS zones of a panel');

  const onPanel = (command: Command): Command => command.option('--panel <name>', 'whose zone it is', 'default');
  const one = (name: string, description: string): Command =>
    onPanel(group.command(name).description(description).argument('<zone>', 'the domain'));

  const callerOf = async ({ panels }: ZoneTools, { panel }: OnPanel): Promise<Caller> => ({
    panelId: (await panels.require(panel)).id,
    actor: 'cli',
    requestId: null,
  });

  const view = async ({ zones, operations }: ZoneTools, zone: Zone, operation: Operation | null) =>
    zoneView(zone, {
      nameservers: zones.settings.nameservers,
      quota: await zones.quotaOf(zone),
      operation,
      retryable: operation !== null && operations.isRetryable(operation),
    });

  const finish = async (tools: ZoneTools, output: Output, { zone, operation }: ChangedZone): Promise<void> => {
    if (!operation || isAtRest(operation.state)) {
      const now = await tools.zones.reread(zone);
      output.answer(await view(tools, now, operation), () => `The zone ${zone.name} is ${now.state}.`);
      return;
    }
    const followed = await followOperation(tools.operations, output, operation.id);
    const now = await tools.zones.reread(zone);
    output.answer(await view(tools, now, followed.operation), () => followedSentence(followed));
  };

  onPanel(withListOptions(group.command('list').description('the zones, newest first')))
    .option('--customer <id>', 'only those of this customer', parseCustomerId)
    .action((options: ListOptions & OnPanel & { customer?: string }) =>
      run(async (tools, output) => {
        const { limit, after } = pageWish(options);
        const { panelId } = await callerOf(tools, options);
        const found = await tools.zones.list(
          { panelId, customerId: options.customer },
          { limit: limit + 1, ...(after === undefined ? {} : { before: after }) },
        );
        const views = new Map<Zone, Schema<'Zone'>>();
        for (const zone of found.slice(0, limit)) {
          views.set(zone, await view(tools, zone, await tools.zones.lastOperation(zone)));
        }
        const page = pageOf(
          found,
          limit,
          ({ id }) => id,
          (zone) => views.get(zone)!,
        );
        output.answer(page, () =>
          found.length === 0
            ? 'There are no such zones.'
            : table(
                ['zone', 'state', 'customer', 'records'],
                page.data.map(({ unicode_name, state, customer_id, quota }) => [
                  unicode_name,
                  state,
                  customer_id ?? '',
                  `${quota?.used} of ${quota?.limit}`,
                ]),
              ) + moreLine(page.next_cursor),
        );
      }),
    );

  one('show', 'one zone').action((name: string, options: OnPanel) =>
    run(async (tools, output) => {
      const zone = await tools.zones.get(await callerOf(tools, options), { name });
      const answer = await view(tools, zone, await tools.zones.lastOperation(zone));
      output.answer(
        answer,
        () =>
          `Zone ${answer.unicode_name} of panel ${options.panel}\n${facts([
            ['State', answer.state],
            ['Customer', answer.customer_id ?? 'none'],
            ['Nameservers', answer.nameservers.join(', ')],
            ['Records', `${answer.quota?.used} of ${answer.quota?.limit}`],
            ['Created', answer.created_at ?? ''],
          ])}`,
      );
    }),
  );

  one('create', 'create a zone')
    .option('--customer <id>', "the panel's own id of its customer", parseCustomerId)
    .action((name: string, options: OnPanel & { customer?: string }) =>
      run(async (tools, output) => {
        const caller = await callerOf(tools, options);
        const wish = { name, customerId: options.customer };
        await finish(tools, output, await tools.zones.create(caller, wish, AbortSignal.timeout(60_000)));
      }),
    );

  one('delete', 'delete a zone with its records').action((name: string, options: OnPanel) =>
    run(async (tools, output) => {
      await finish(tools, output, await tools.zones.remove(await callerOf(tools, options), { name }));
    }),
  );

  one('records', "a zone's records as they are published").action((name: string, options: OnPanel) =>
    run(async (tools, output) => {
      const found = await tools.zones.records(await callerOf(tools, options), { name });
      const data = found.records.map((record) => recordView(record, found.name));
      output.answer({ data, quota: found.quota, verified: found.verified }, () =>
        [
          data.length === 0
            ? 'There are no records.'
            : table(['id', 'name', 'ttl', 'type', 'data', 'state'], data.map(recordLine)),
          ...(found.verified ? [] : ['', 'The DNS provider does not answer: this is what was asked for.']),
        ].join('\n'),
      );
    }),
  );

  interface RecordOptions extends OnPanel {
    ttl?: number;
    priority?: number;
    weight?: number;
    port?: number;
    flags?: number;
    tag?: string;
  }
  const number = parseWhole({ min: 0, max: 65_535 });
  one('add-record', 'add a record')
    .argument('<name>', '@ for the zone itself, www, or the whole name')
    .argument('<type>', 'A, AAAA, CNAME, MX, NS, TXT, CAA or SRV')
    .argument('<data>', 'address, target, text or value; PROXYSRV for the reverse proxy')
    .option('--ttl <seconds>', 'how long others may keep it', parseWhole({ min: 0, max: mostTtl }))
    .option('--priority <number>', 'for MX and SRV', number)
    .option('--weight <number>', 'for SRV', number)
    .option('--port <number>', 'for SRV', number)
    .option('--flags <number>', 'for CAA', number)
    .option('--tag <tag>', 'for CAA: issue, issuewild or iodef')
    .action((zone: string, name: string, type: string, data: string, { panel, ...more }: RecordOptions) =>
      run(async (tools, output) => {
        const caller = await callerOf(tools, { panel });
        const { record, operation } = await tools.zones.addRecord(
          caller,
          { name: zone },
          { name, type, data, ...more },
          patience(),
        );
        const isDone = operation === null || isAtRest(operation.state);
        const shown = { ...record, state: isDone ? ('published' as const) : ('publishing' as const), managedBy: null };
        output.answer(recordView(shown, zone), () =>
          isDone ? `The record ${record.id} is published.` : `The record ${record.id} is in line to be published.`,
        );
      }),
    );

  one('delete-record', 'delete a record')
    .argument('<id>', 'its id, which records tells')
    .action((zone: string, id: string, options: OnPanel) =>
      run(async (tools, output) => {
        const caller = await callerOf(tools, options);
        const { record, operation } = await tools.zones.removeRecord(caller, { name: zone }, id, patience());
        const isDone = operation === null || isAtRest(operation.state);
        const shown = { ...record, state: isDone ? ('deleted' as const) : ('deleting' as const), managedBy: null };
        output.answer(recordView(shown, zone), () =>
          isDone ? 'The record is deleted.' : 'The record is in line to be deleted.',
        );
      }),
    );

  one('export', 'what is published, as a zone file').action((name: string, options: OnPanel) =>
    run(async (tools, output) => {
      const text = await tools.zones.exportFile(await callerOf(tools, options), { name });
      output.answer({ zone_file: text }, () => text.trimEnd());
    }),
  );

  one('import', 'take the records of a zone file')
    .argument('<file>', 'in the form of RFC 1035')
    .option('--replace', 'make the zone what the file says, and remove the rest')
    .option('--dry-run', 'only show what would change')
    .action((name: string, file: string, options: OnPanel & { replace?: boolean; dryRun?: boolean }) =>
      run(async (tools, output) => {
        const caller = await callerOf(tools, options);
        const dryRun = options.dryRun ?? false;
        const wish = { text: await readText(file), mode: options.replace ? 'replace' : 'merge', dryRun } as const;
        const imported = await tools.zones.importFile(caller, { name }, wish, patience());
        const { operation, diff, ignored } = imported;
        const retryable = operation !== null && tools.operations.isRetryable(operation);
        output.answer(importView(dryRun, imported, { operation, retryable }), () =>
          [
            ...diff,
            ...ignored.map(({ line, message }) => `Line ${line} is passed over: ${message}.`),
            diff.length === 0 ? 'Nothing changes.' : dryRun ? 'That is what would change.' : 'That is what changed.',
          ].join('\n'),
        );
      }),
    );
};
