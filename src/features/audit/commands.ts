import type { Command } from 'commander';
import { type ListOptions, moreLine, withListOptions } from '../../cli/list-options.ts';
import type { RunCommand } from '../../cli/output.ts';
import { table } from '../../cli/table.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { instant } from '../../kit/instant.ts';
import type { AuditFault } from '../../operations/verify-audit.ts';
import type { Panels } from '../panels/panels.ts';
import { type AuditLog, placeText } from './audit-log.ts';

export interface AuditTools {
  audit: AuditLog;
  panels: Pick<Panels, 'require'>;
}

const faultLine = ({ chain, seq, problem }: AuditFault): string =>
  `  ${chain}${seq === null ? '' : ` entry ${seq}`}: ${problem}`;

/** `provisor audit …`. */
export const auditCommands = (program: Command, run: RunCommand<AuditTools>): void => {
  const group = program.command('audit').description('who did what, and whether the trail is whole');

  withListOptions(group.command('list').description('the entries of a panel, newest first'))
    .argument('<panel>', 'its name')
    .option('--service <service_id>', 'only of this service')
    .option('--actor <actor>', 'only by this key, or cli, or engine')
    .action((name: string, options: ListOptions & { service?: string; actor?: string }) =>
      run(async ({ audit, panels }, output) => {
        const { limit, after } = pageWish(options);
        const { id: panelId } = await panels.require(name);
        const wish = {
          ...(options.service === undefined ? {} : { service_id: options.service }),
          ...(options.actor === undefined ? {} : { actor: options.actor }),
        };
        // By service or by key all is found at once.
        const { found } = await audit.list({ panelId }, wish, { limit: limit + 1, after });
        const page = pageOf(found, limit, placeText, (entry) => ({ ...entry, at: instant(entry.at) }));
        output.answer(page, () =>
          page.data.length === 0
            ? 'There are no such entries.'
            : table(
                ['at', 'of', 'entry', 'by', 'what', 'outcome'],
                page.data.map((entry) => [
                  entry.at,
                  entry.chain.split(':').slice(1).join(' '),
                  entry.seq,
                  entry.actor,
                  entry.action,
                  entry.outcome,
                ]),
              ) + moreLine(page.next_cursor),
        );
      }),
    );

  group
    .command('verify')
    .description('walk the whole trail, and say of every entry that is not as it was written')
    .action(() =>
      run(async ({ audit }, output) => {
        const report = await audit.verify();
        const { chains, entries, faults } = report;
        const walked = `${entries} ${entries === 1 ? 'entry' : 'entries'} in ${chains} ${chains === 1 ? 'chain' : 'chains'}`;
        const unsigned = faults.some((fault) => fault.unsigned)
          ? '\n\nHeads without a signature are usual once, after an upgrade from a release that did not sign: provisor audit sign'
          : '';
        output.answer({ whole: faults.length === 0, ...report }, () =>
          faults.length === 0
            ? `The audit trail is whole: ${walked}.`
            : `The audit trail is not whole. Of ${walked}, this is wrong:\n${faults.map(faultLine).join('\n')}${unsigned}`,
        );
        if (faults.length > 0) output.exitWith(1);
      }),
    );

  group
    .command('sign')
    .description('sign the ends of chains that were written before ends were signed; once, after an upgrade')
    .action(() =>
      run(async ({ audit }, output) => {
        const signed = await audit.sign();
        output.answer({ signed }, () => `${signed} ${signed === 1 ? 'chain is' : 'chains are'} signed now.`);
      }),
    );
};
