/**
 * `npm run test:faults`: goes through the table of faults and prints it with what
 * was seen. Ends with an error unless every case passed.
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
  const child = spawn(
    process.execPath,
    [runner, `--file-timeout=${fileSeconds}`, ...(patterns.length > 0 ? patterns : ['test/faults/*.test.ts'])],
    { stdio: 'inherit', env: { ...process.env, PROVISOR_TEST_REPORT: file } },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  const lines = await readReport(file);
  say('\nfault  cases  what');
  for (const { fault, name, cases } of lines)
    say(`${String(fault).padStart(5)}  ${String(cases).padStart(5)}  ${name}`);
  say(code === 0 ? 'No failures.' : 'There were failures: see above.');
  process.exitCode = code ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
