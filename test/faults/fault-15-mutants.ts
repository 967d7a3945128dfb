/**
 * Fault 15: the tests themselves. Each mutant is the project with one promise
 * broken on purpose, and a test has to notice it by an assertion that fails.
 *
 *   node test/faults/fault-15-mutants.ts [part of a mutant's name]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasMariaDb, startMariaDb } from '../support/mariadb.ts';
import { applyEdit, copyProject, requireLoads, runTests } from './mutants/copy.ts';
import { engineMutations } from './mutants/engine-mutations.ts';
import type { Mutation } from './mutants/mutation.ts';
import { otherMutations } from './mutants/other-mutations.ts';
import { report } from './report.ts';

const atOnce = 2;
const secondsEach = 40;

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Outcome {
  mutation: Mutation;
  caught: boolean;
  /** The test that caught it, or why none did. */
  by: string;
  seconds: number;
}

const tryMutation = async (mutation: Mutation, base: string, folder: string, mysqlUrl?: string): Promise<Outcome> => {
  const began = performance.now();
  const outcome = (caught: boolean, by: string): Outcome => ({
    mutation,
    caught,
    by,
    seconds: (performance.now() - began) / 1000,
  });
  try {
    await copyProject(base, folder);
    for (const edit of mutation.edits) await applyEdit(folder, edit);
    for (const { file } of mutation.edits) await requireLoads(folder, file);
    const { ended } = await runTests(folder, {
      files: mutation.tests,
      only: mutation.only,
      seconds: secondsEach,
      until: (test) => test.asserted,
      mysqlUrl: mutation.needsMariaDb ? mysqlUrl : undefined,
    });
    const failed = ended.filter((test) => !test.passed);
    const caughtBy = failed.find((test) => test.asserted);
    if (caughtBy) return outcome(true, caughtBy.name);
    if (ended.length === 0) return outcome(false, 'NO TEST RAN');
    if (failed.length === 0) return outcome(false, `SURVIVED ${ended.length} tests`);
    return outcome(false, `no assertion, but: ${failed[0]!.name}: ${failed[0]!.message.split('\n')[0]}`);
  } catch (error) {
    return outcome(false, `NOT TRIED. ${error instanceof Error ? error.message : error}`);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

/** Without it a test that fails for another reason would count as having caught something. */
const requireSound = async (chosen: Mutation[], base: string, mysqlUrl?: string): Promise<void> => {
  const files = [...new Set(chosen.flatMap((mutation) => mutation.tests))];
  const { ended, code, errors } = await runTests(base, { files, seconds: 5 * secondsEach, mysqlUrl });
  const failed = ended.filter((test) => !test.passed);
  if (code === 0 && failed.length === 0 && ended.length > 0) {
    say(`Without a mutation, all ${ended.length} tests of ${files.length} files pass.`);
    return;
  }
  throw new Error(
    `The tests fail without a mutation:\n${failed.map((test) => `${test.name}: ${test.message}`).join('\n')}\n${errors}`,
  );
};

const filter = process.argv[2] ?? '';
const named = [...engineMutations, ...otherMutations].filter((mutation) => mutation.name.includes(filter));
const chosen = named.filter((mutation) => !mutation.needsMariaDb || hasMariaDb());
if (chosen.length < named.length) say(`MariaDB is not installed: ${named.length - chosen.length} LEFT OUT.`);
if (chosen.length === 0) throw new Error(`No mutant is called ${filter}`);

const folder = await mkdtemp(join(tmpdir(), 'provisor-mutants-'));
const server = chosen.some((mutation) => mutation.needsMariaDb) ? await startMariaDb() : null;
try {
  await mkdir(join(folder, 'tmp'));
  // Once, so that all mutants are of the same project though somebody edits it meanwhile.
  const base = join(folder, 'base');
  await copyProject(root, base);
  await requireSound(chosen, base, server?.url(''));

  const waiting = [...chosen];
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await tryMutation(next, base, join(folder, next.name), server?.url(''));
      outcomes.push(outcome);
      say(`${outcome.caught ? 'caught  ' : 'SURVIVED'} ${next.name} (${outcome.seconds.toFixed(1)} s)`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));

  say('');
  for (const { mutation, caught, by } of outcomes.sort(
    (a, b) => chosen.indexOf(a.mutation) - chosen.indexOf(b.mutation),
  ))
    say(
      `${caught ? '✔' : '✘'} ${mutation.name}\n    breaks: ${mutation.breaks}\n    ${caught ? 'caught by' : 'NOT CAUGHT'}: ${by}`,
    );
  const survivors = outcomes.filter((outcome) => !outcome.caught).length;
  say(survivors === 0 ? `\nAll ${outcomes.length} mutants were caught.` : `\n${survivors} mutants survived.`);
  report({ fault: 15, name: 'seeded mutants caught', cases: outcomes.length - survivors });
  process.exitCode = survivors === 0 ? 0 : 1;
} finally {
  await server?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
