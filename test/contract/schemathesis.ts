/** Schemathesis in a Python environment of its own, of the version in requirements.txt; made where it is missing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));

const run = async (program: string, args: string[]): Promise<void> => {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(
      `${program} could not be started: ${(error as Error).message}. On Debian: apt-get install python3-venv`,
    );
  });
  const [code] = (await Promise.race([once(child, 'exit'), failed])) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
};

/** The folder of the environment. Another list of requirements is another folder. */
const installed = async (): Promise<string> => {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provisor');
  const folder = join(cache, `schemathesis-${hash}`);
  // Written last: a run that was stopped half way leaves no environment that looks whole.
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return folder;
  await mkdir(cache, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const pip = join(folder, 'bin', 'pip');
  await run(pip, ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '--requirement', requirements]);
  await run(join(folder, 'bin', 'schemathesis'), ['--version']);
  await mkdir(`${whole}.draft`);
  await rename(`${whole}.draft`, whole);
  return folder;
};

export interface SchemathesisRun {
  /** Files and folders of this run. */
  directory: string;
  /** The contract, and where it is served. */
  contract: string;
  url: string;
  key: string;
  configuration: string;
  args?: string[];
}

/** Starts it; what it says comes out of its pipes. */
export const startSchemathesis = async (options: SchemathesisRun): Promise<ChildProcess> => {
  const program = join(await installed(), 'bin', 'schemathesis');
  return spawn(
    program,
    [
      `--config-file=${options.configuration}`,
      'run',
      options.contract,
      `--url=${options.url}`,
      `--header=Authorization: Bearer ${options.key}`,
      '--no-color',
      ...(options.args ?? []),
    ],
    { cwd: options.directory, stdio: ['ignore', 'pipe', 'pipe'] },
  );
};
