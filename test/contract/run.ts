/**
 * `npm run test:contract`: Schemathesis goes over every operation of openapi.yaml against a live server, on SQLite and
 * on a MariaDB of its own at the same time, with response validation on in the servers too. Ends with an error unless
 * every operation was reached and answered with 2xx, nothing was answered with 500 and up or with what the contract does
 * not have, and there were requests enough.
 *
 *   node test/contract/run.ts [sqlite|mariadb] [--flag-of-schemathesis=value …]
 *
 * With arguments it is a part of that: how many requests there were is then not looked at.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { operationsOf, readDocument } from '../../src/contract/document.ts';
import { startMariaDb } from '../support/mariadb.ts';
import type { Found, FuzzOptions } from './fuzz.ts';

const leastRequests = 20_000;
/** Another one for each database, so that they are not the same requests twice. */
const seeds = { sqlite: 20260131, mariadb: 20260201 };
type Name = keyof typeof seeds;

const say = (line = '') => process.stdout.write(`${line}\n`);

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const wished = args.filter((arg) => !arg.startsWith('-'));
const names = (Object.keys(seeds) as Name[]).filter((name) => wished.length === 0 || wished.includes(name));
const whole = args.length === 0;

const children = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    for (const child of children) child.kill('SIGTERM');
  });
}

/** Errors: a run that ended without having found anything out. */
const fuzz = async (options: FuzzOptions): Promise<Found> => {
  const child = fork(fileURLToPath(new URL('./fuzz.ts', import.meta.url)));
  children.add(child);
  let found: Found | undefined;
  child.on('message', (message) => {
    found = message as Found;
  });
  child.send(options);
  const [code] = (await once(child, 'exit')) as [number | null];
  children.delete(child);
  if (!found) throw new Error(`A run ended with ${code} before it had found anything out`);
  return found;
};

const server = names.includes('mariadb') ? await startMariaDb() : undefined;
const found = new Map<Name, Found>();
try {
  await server?.createDatabase('contract');
  await Promise.all(
    names.map(async (name) => {
      const databaseUrl = name === 'mariadb' ? (server?.url('contract') ?? '') : '';
      const one = await fuzz({ databaseUrl, seed: seeds[name], flags });
      found.set(name, one);
      say(`\n== ${name}\n${one.output}`);
    }),
  );
} finally {
  for (const child of children) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await server?.stop();
}

/** Without what it was answered with. */
const nameOf = (neverDone: string): string => neverDone.split(' ', 1)[0] ?? '';

const all = operationsOf(readDocument()).length;
const problems: string[] = [];
const expect = (name: string, what: string, wrong: number | string[]): void => {
  if (typeof wrong === 'number' ? wrong === 0 : wrong.length === 0) return;
  problems.push(`${name}: ${what}: ${typeof wrong === 'number' ? wrong : wrong.join(', ')}`);
};
say(
  `database  requests  operations  >= 500  undocumented  violations  seconds${server ? `  (${server.version})` : ''}`,
);
for (const [name, one] of found) {
  const cells = [one.requests, `${one.operations}/${all}`, one.serverErrors, one.undocumented.length, one.violations];
  const widths = [8, 10, 6, 12, 10];
  say(
    `${name.padEnd(8)}  ${cells.map((cell, at) => String(cell).padStart(widths[at] ?? 0)).join('  ')}  ${String(one.seconds).padStart(7)}`,
  );
  if (one.serverErrors > 0) for (const failure of new Set(one.failures)) say(`  ${failure}`);
  expect(name, 'answers of 500 and up', one.serverErrors);
  expect(name, 'answers that the contract does not have', one.undocumented);
  expect(name, 'answers that do not fit the contract', one.violations);
  expect(name, 'operations that were not reached', all - one.operations);
  if (!one.complete) problems.push(`${name}: it did not go over everything`);
}
// Told and not judged: whether an operation can still be cancelled, or a record is still there, hangs on how far the
// others are. What a run did not get to the good end of, the other one may have.
const neverDone = [...found.values()]
  .map((one) => one.neverDone)
  .reduce((left, right) => left.filter((one) => right.some((other) => nameOf(one) === nameOf(other))));
if (neverDone.length > 0) say(`never answered with 2xx this time: ${neverDone.join(', ')}`);
const requests = [...found.values()].reduce((sum, one) => sum + one.requests, 0);
say(`requests in all: ${requests}`);
if (whole && requests < leastRequests) problems.push(`fewer than ${leastRequests} requests`);
for (const problem of problems) say(`  ${problem}`);
say(problems.length === 0 ? 'The contract holds.' : 'The contract does not hold.');
process.exitCode = problems.length === 0 ? 0 : 1;
