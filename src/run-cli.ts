/** `provisor`: what an operator does from a shell, also beside a running server. Each feature brings its own commands. */
import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { createProvisor, type Provisor, version } from './app.ts';
import { databaseCommands } from './cli/database-commands.ts';
import { failureOf, failureText } from './cli/failure.ts';
import { createOutput, type RunCommand } from './cli/output.ts';
import { type Config, loadConfig } from './config.ts';
import { describeFindings, diagnose } from './doctor/diagnose.ts';
import { exitCodeOf, isBad } from './doctor/finding.ts';
import { auditCommands } from './features/audit/commands.ts';
import { zoneCommands } from './features/dns/commands.ts';
import { domainCommands } from './features/domains/commands.ts';
import { mailCommands } from './features/mail/commands.ts';
import { operationCommands } from './features/operations/commands.ts';
import { panelCommands } from './features/panels/commands.ts';
import { planCommands } from './features/plans/commands.ts';
import { siteCommands } from './features/sites/commands.ts';
import { webhookCommands } from './features/webhooks/commands.ts';
import { AppError } from './kit/errors.ts';
import { runServer } from './run-server.ts';
import { createLog } from './telemetry/log.ts';

/** Set once the configuration is known: whether a failure is told with its stack. */
let debugging = false;

const logOf = (config: Config) => {
  debugging = config.PROVISOR_LOG_LEVEL === 'debug';
  // stdout belongs to the answer, and what is usual is no news to an operator.
  const level = config.PROVISOR_LOG_LEVEL === 'info' ? 'warn' : config.PROVISOR_LOG_LEVEL;
  return createLog(level, { stream: process.stderr, secrets: config.secrets });
};

const setUp = (message: string) =>
  new AppError('unavailable', 'database_unavailable', `${message} Run: provisor migrate`, { retryable: false });

/** Errors: `database_unavailable`, before a missing table shows as an SQL error. */
const requireSchema = async ({ config, pendingMigrations }: Provisor): Promise<void> => {
  const missing = config.embedded && !existsSync(config.databaseUrl.slice('sqlite:'.length));
  const { applied, pending } = missing ? { applied: 0, pending: [] } : await pendingMigrations();
  if (applied === 0) throw setUp('The database has not been set up.');
  if (pending.length > 0) throw setUp('The database is from an older release.');
};

// A command looks for news of its operation more often than a server does.
const timing = { pollMs: 150 };

const openProvisor = async (work: (provisor: Provisor) => Promise<void>): Promise<void> => {
  const config = loadConfig();
  // Nothing in the program keeps a process alive by waiting: a server has its listeners, a command has this.
  const alive = setInterval(() => {}, 60_000);
  try {
    const provisor = await createProvisor(config, logOf(config), { timing });
    try {
      await work(provisor);
    } finally {
      for (const adapter of provisor.adapters) await adapter.close?.();
      await provisor.close();
    }
  } finally {
    clearInterval(alive);
  }
};

const createProgram = (): Command => {
  const program = new Command('provisor');
  program
    .description('One API between billing panels and the infrastructure that hosting runs on')
    .version(version, '-V, --version', 'show the version')
    .option('--json', 'answer with one JSON value and nothing else')
    .exitOverride()
    // Told once, with every other failure, by `runCli`.
    .configureOutput({ writeErr: () => {} })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false });

  const output = () => createOutput(program.opts<{ json?: boolean }>().json === true);
  const run: RunCommand<Provisor> = (work) =>
    openProvisor(async (provisor) => {
      await requireSchema(provisor);
      await work(provisor, output());
    });

  program
    .command('serve')
    .description('serve until told to end, like npm start')
    .action(() => runServer());
  program
    .command('migrate')
    .description('set up the database, or bring it up to date')
    .action(() =>
      openProvisor(async (provisor) => {
        const { applied } = await provisor.migrate();
        output().answer({ applied }, () =>
          applied.length === 0
            ? 'The database is up to date.'
            : `${applied.length} ${applied.length === 1 ? 'migration was' : 'migrations were'} applied; the database is up to date.`,
        );
      }),
    );
  program
    .command('doctor')
    .description('look for what is wrong, and say what to do about it')
    .action(async () => {
      const findings = await diagnose(logOf);
      const healthy = !findings.some(isBad);
      const out = output();
      out.answer({ healthy, findings }, () => describeFindings(findings));
      if (!healthy) out.exitWith(exitCodeOf(findings));
    });
  databaseCommands(program, run);
  siteCommands(program, run);
  domainCommands(program, run);
  zoneCommands(program, run);
  operationCommands(program, run);
  planCommands(program, run);
  panelCommands(program, run);
  auditCommands(program, run);
  webhookCommands(program, run);
  mailCommands(program, run);
  return program;
};

const tellFailure = (error: unknown, json: boolean): void => {
  const stack = debugging && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`${failureText(failureOf(error), json)}${json ? '' : stack}\n`);
  process.exitCode = 1;
};

const helpFor = (program: Command, args: string[]): string => {
  const named = program.commands.find((command) => command.name() === args.find((arg) => !arg.startsWith('-')));
  return (named ?? program).helpInformation();
};

/** A group of commands was named, and none of it. */
const isCallForHelp = (error: unknown): boolean =>
  error instanceof CommanderError && error.code.startsWith('commander.help');

/** Carries out one command line. It always resolves; the exit code tells how it went. */
export const runCli = async (args: string[]): Promise<void> => {
  // Whoever reads only the first lines (`| head`) has what they wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    if (isCallForHelp(error)) process.stderr.write(helpFor(program, args));
    else tellFailure(error, args.includes('--json'));
    process.exitCode = 1;
  }
};
