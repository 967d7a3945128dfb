import type { Command } from 'commander';
import type { RunCommand } from '../../cli/output.ts';
import type { Mail } from './mail.ts';

const trialMs = 30_000;

/** `provisor mail …`. */
export const mailCommands = (program: Command, run: RunCommand<{ mail: Mail }>): void => {
  program
    .command('mail')
    .description('e-mail to customers and to the operator')
    .command('test')
    .description('send a trial at once')
    .argument('<address>', 'whom to send it to')
    .action((address: string) =>
      run(async ({ mail }, output) => {
        await mail.sendTrial(address, AbortSignal.timeout(trialMs));
        output.answer({ sent: true }, () => 'The mail server has taken it.');
      }),
    );
};
