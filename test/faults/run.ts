/**
 * `npm run test:faults`: goes through the table of faults and prints it with what
 * was seen. Ends with an error unless every case passed and every mutant was
 * caught. With patterns it runs those test files only, and no mutants.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultReport } from './report.ts';

const fileSeconds = 1_500;
const runner = fileURLToPath(new URL('../run.ts', import.meta.url));
const mutants = fileURLToPath(new URL('./fault-15-mutants.ts', import.meta.url));

// Some rows of the table are part of npm test, and are gone through here again.
const defaults = [
  'test/faults/*.test.ts',
  'test/api/isolation.test.ts',
  'test/api/auth.test.ts',
  'test/restart.test.ts',
];

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Adds up the lines that the tests reported. */
const readReport = async (file: string): Promise<FaultReport[]> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  const sums = new Map<string, FaultReport>();
  for (const line of text.split('\n').filter(Boolean)) {
    const each = JSON.parse(line) as FaultReport;
    const key = `${each.fault} ${each.name}`;
    sums.set(key, { ...each, cases: (sums.get(key)?.cases ?? 0) + each.cases });
  }
  return [...sums.values()].sort((a, b) => a.fault - b.fault);
};

const folder = await mkdtemp(join(tmpdir(), 'provisor-report-'));
const file = join(folder, 'report.jsonl');
try {
  const patterns = process.argv.slice(2);
  const env = { ...process.env, PROVISOR_TEST_REPORT: file };
  const child = spawn(
    process.execPath,
    // One file after the other: each keeps both cores busy by itself.
    [runner, `--file-timeout=${fileSeconds}`, '--test-concurrency=1', ...(patterns.length > 0 ? patterns : defaults)],
    { stdio: 'inherit', env },
  );
  let [code] = (await once(child, 'exit')) as [number | null];
  if (patterns.length === 0) {
    // The proof that the tests above can fail.
    const mutating = spawn(process.execPath, [mutants], { stdio: 'inherit', env });
    const [mutantsCode] = (await once(mutating, 'exit')) as [number | null];
    code = code === 0 ? mutantsCode : code;
  }
  const lines = await readReport(file);
  say('\nfault  cases  what');
  for (const { fault, name, cases } of lines)
    say(`${String(fault).padStart(5)}  ${String(cases).padStart(5)}  ${name}`);
  say(code === 0 ? 'No failures.' : 'There were failures: see above.');
  process.exitCode = code ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
