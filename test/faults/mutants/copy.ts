/** A copy of the project that may be broken: nothing that is done to it touches the sources it was made from. */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Edit } from './mutation.ts';
import type { Ended } from './reporter.ts';

const parts = ['src', 'test', 'migrations', 'openapi.yaml', 'package.json', 'tsconfig.json'];
const reporter = fileURLToPath(new URL('./reporter.ts', import.meta.url));

export const copyProject = async (from: string, to: string): Promise<void> => {
  await mkdir(to, { recursive: true });
  for (const part of parts) await cp(join(from, part), join(to, part), { recursive: true });
  await symlink(join(from, 'node_modules'), join(to, 'node_modules'));
};

/** Throws when the text is not there exactly once: the code has moved on, and the mutation has to follow it. */
export const applyEdit = async (folder: string, edit: Edit): Promise<void> => {
  const file = join(folder, edit.file);
  const text = await readFile(file, 'utf8');
  const matches = text.split(edit.from).length - 1;
  if (matches !== 1) throw new Error(`It no longer applies: ${edit.file} has its text ${matches} times`);
  await writeFile(
    file,
    text.replace(edit.from, () => edit.to),
  );
};

/** Rejects when a module cannot be loaded: a mutant that does not even start shows nothing. */
export const requireLoads = async (folder: string, file: string): Promise<void> => {
  const script = `await import(${JSON.stringify(join(folder, file))}); process.exit(0);`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: folder,
    timeout: 30_000,
  });
};

export interface TestOrder {
  files: string[];
  /** Only the tests of this name. */
  only?: string | undefined;
  seconds: number;
  /** Nothing more is run once a test has ended in this way. */
  until?: (ended: Ended) => boolean;
  /** A server to run them on beside SQLite. */
  mysqlUrl?: string | undefined;
}

/** Runs test files of a copy, and says how each test ended. Tests that take too long are cut off. */
export const runTests = (
  folder: string,
  { files, only, seconds, until, mysqlUrl }: TestOrder,
): Promise<{ ended: Ended[]; code: number | null; errors: string }> =>
  new Promise((resolve, reject) => {
    const { PROVISOR_TEST_MYSQL_URL: _, PROVISOR_TEST_REPORT: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;
    const temporary = join(dirname(folder), 'tmp');
    const child = spawn(
      process.execPath,
      [
        '--test',
        `--test-timeout=${seconds * 1000}`,
        '--test-concurrency=1',
        '--test-force-exit',
        `--test-reporter=${reporter}`,
        ...(only === undefined ? [] : [`--test-name-pattern=${only}`]),
        ...files,
      ],
      {
        cwd: folder,
        env: { ...env, TMPDIR: temporary, ...(mysqlUrl === undefined ? {} : { PROVISOR_TEST_MYSQL_URL: mysqlUrl }) },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: the test files run in processes of the one that is started here.
        detached: true,
      },
    );
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const limit = setTimeout(stop, (seconds + 10) * 1000);
    const ended: Ended[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const test = JSON.parse(line) as Ended;
      ended.push(test);
      if (until?.(test)) stop();
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      resolve({ ended, code, errors });
    });
  });
