/**
 * The benchmarks: Provisor and what it is compared with, side by side on this
 * machine. Ends with an error only when something could not be measured, and measures the rest all the same; a goal
 * that is not met is a line of the report.
 *
 *   npm run bench                                   all, with a report in bench/report/
 *   npm run bench -- --only=get-site --rounds=3     parts
 *   npm run bench -- --smoke                        only whether all of it runs
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { hasMariaDb } from '../test/support/mariadb.ts';
import { endAllChildren } from './harness/child.ts';
import type { Findings } from './harness/findings.ts';
import { machineFacts } from './harness/machine.ts';
import type { Settings } from './harness/measure.ts';
import { type Report, sectionText, writeReport } from './harness/report.ts';
import { openWorld, startServer } from './harness/world.ts';
import { measures } from './measures/all.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});
const number = (text: string | undefined, otherwise: number): number => {
  const value = Number(text ?? otherwise);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${text} is not a whole number above 0`);
  return value;
};
const smoke = values.smoke;
const settings: Settings = {
  rounds: number(values.rounds, smoke ? 1 : 5),
  seconds: number(values.seconds, smoke ? 1 : 2),
  smoke,
  say,
};
const only = values.only.flatMap((text) => text.split(','));
const unknown = only.find((name) => !measures.some((measure) => measure.name === name));
if (unknown !== undefined) {
  throw new Error(`There is no measure ${unknown}. There are: ${measures.map(({ name }) => name).join(', ')}`);
}

const requirePrograms = (): void => {
  if (process.platform !== 'linux')
    throw new Error('The benchmarks need Linux: they read the CPU of processes from /proc.');
  if (!hasMariaDb()) throw new Error('The benchmarks need MariaDB: apt-get install mariadb-server');
  try {
    execFileSync('which', ['wrk']);
  } catch {
    throw new Error('The benchmarks need wrk: apt-get install wrk');
  }
};

const oneLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error)
    .split('\n')
    .slice(0, 2)
    .join(' ')
    .slice(0, 300);

const run = async (): Promise<void> => {
  const failed: string[] = [];
  requirePrograms();
  const server = await startServer();
  const ends: (() => Promise<void>)[] = [server.stop, endAllChildren];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  }
  try {
    const world = await openWorld(server, 1000);
    ends.splice(1, 0, world.close);
    const { rounds, seconds } = settings;
    const report: Report = {
      machine: machineFacts(world.mariaDb.version),
      settings: {
        rounds,
        'seconds a side and round': seconds,
        ...(smoke ? { smoke: 'the figures mean nothing' } : {}),
      },
      sections: [],
    };
    const folder = new URL(smoke ? '../.cache/bench-smoke/' : './report/', import.meta.url);
    for (const measure of measures.filter(({ name }) => only.length === 0 || only.includes(name))) {
      const began = performance.now();
      say(`… ${measure.title}`);
      const { name, title } = measure;
      const findings = await measure.run(world, settings).catch((error: unknown): Findings => {
        // The others are measured all the same; the end says that something is missing.
        failed.push(name);
        say(String(error instanceof Error ? error.stack : error));
        return { lines: [], claims: [], notes: [`**Could not be measured**: ${oneLine(error)}`] };
      });
      const section = { name, title, seconds: (performance.now() - began) / 1000, ...findings };
      report.sections.push(section);
      say(sectionText(section));
      // What was measured is kept even if a later measure fails.
      await writeReport(report, folder);
    }
    say(`The report is in ${folder.pathname}report.md`);
    if (failed.length > 0) throw new Error(`Could not be measured: ${failed.join(', ')}`);
  } finally {
    await stop();
  }
};

await run();
