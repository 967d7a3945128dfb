import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { backUpSqlite } from '../database/back-up.ts';
import { AppError } from '../kit/errors.ts';
import type { RunCommand } from './output.ts';

export interface DatabaseTools {
  config: { databaseUrl: string; embedded: boolean };
}

const refuse = (sentence: string) => new AppError('conflict', 'invalid_request', sentence);

/** `provisor database …`. */
export const databaseCommands = (program: Command, run: RunCommand<DatabaseTools>): void => {
  const group = program.command('database').description('the database itself');
  group
    .command('backup')
    .description('write the SQLite database into a new file, also beside a running server (deploy/backup.md)')
    .argument('<file>', 'where to; it must not be there yet')
    .action((file: string) =>
      run(async ({ config }, output) => {
        if (!config.embedded)
          throw refuse(
            'This database is on a server of its own. Back it up with mariadb-dump or mysqldump: see deploy/backup.md.',
          );
        const target = resolve(file);
        if (existsSync(target)) throw refuse(`${target} is there already. Name a file that is not.`);
        await backUpSqlite(config.databaseUrl.slice('sqlite:'.length), target).catch((error: NodeJS.ErrnoException) => {
          throw refuse(`${target} cannot be written: ${error.message}`);
        });
        output.answer(
          { file: target },
          () =>
            `The database is in ${target}. Keys need the pepper of this installation too: back that up apart from it, see deploy/backup.md.`,
        );
      }),
    );
};
