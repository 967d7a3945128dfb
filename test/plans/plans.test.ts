/**
 * Everything that the tests ask MariaDB, asked again over a million services: nothing that a request or a worker asks
 * may read a whole table that grows. Run by `npm run test:plans`, which collects what is asked.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Asked, readCollected } from '../support/asked.ts';
import { databases, type TestDatabase } from '../support/databases.ts';
import { isGrowing } from '../support/plans.ts';
import { ask, type Told, withExamples } from './ask.ts';
import { type Filled, fill } from './fill.ts';
import { mayReadMuch } from './may-read-much.ts';

const services = Number(process.env.PROVISOR_TEST_SERVICES ?? 1_000_000);
const folder = process.env.PROVISOR_TEST_COLLECTED ?? '';
/** Not of all tests, or of fewer services. */
const isPart = process.env.PROVISOR_TEST_PART === 'yes';
const mariadb = databases.find(({ name }) => name === 'mariadb');

/** A page is a hundred rows at most, and cleaning takes five hundred at once. */
const mostRead = 5_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(0)} s`;
const oneLine = (sql: string) => sql.replace(/\s+/g, ' ');

const wrongIn = ({ wrong, read, refused }: Told, { sql }: Asked): string[] => [
  ...wrong,
  ...(read > mostRead ? [`${read} rows were read: ${sql}`] : []),
  ...(refused === null ? [] : [`It could not be run (${refused}): ${sql}`]),
];

describe(`Everything that is asked, over ${services} services`, () => {
  let database: TestDatabase;
  let filled: Filled;
  let collected: Awaited<ReturnType<typeof readCollected>>;

  before(async () => {
    assert.ok(mariadb, 'MariaDB is needed');
    collected = await readCollected(folder);
    const began = performance.now();
    database = await mariadb.open();
    const { db } = database;
    filled = await fill(db, { services, now: await db.now() });
    const all = [...filled.rows.values()].reduce((sum, rows) => sum + rows, 0);
    say(`${all} rows in ${filled.rows.size} tables were made in ${seconds(began)}.`);
  });
  after(() => database?.drop());

  const askOne = async (asked: Asked): Promise<string[]> => wrongIn(await ask(database.db, asked), asked);

  it('is asked of tables of which every growing one has many rows', async () => {
    const [tables] = (await database.db.knex.raw('show full tables')) as [Record<string, string>[]];
    const names = tables.map((row) => String(Object.values(row)[0]));
    assert.deepEqual(names.filter(isGrowing).sort(), [...filled.rows.keys()].sort());
    for (const [table, rows] of filled.rows) assert.ok(rows >= services / 10, `${rows} rows of ${table}`);
  });

  it('would be told of by what it reads, and by its plan', async () => {
    const scan = { sql: 'select id from services where suspended_reason = ?', bindings: ['x'] };
    const [plan, read, ...more] = await askOne(scan);
    assert.match(plan ?? '', /^ALL of \d+ rows of services .*suspended_reason/);
    assert.match(read ?? '', /^\d{5,} rows were read: /);
    assert.deepEqual(more, []);
    // By an index, so that the plan alone says nothing: as long as the wish finds nothing, all of the panel is read.
    const walk = {
      sql: 'select id from services where panel_id = ? and kind = ? and generation = ? order by service_id limit 5',
      bindings: [filled.panelId, 'site', 99],
    };
    assert.match((await askOne(walk)).join(), /^\d{5,} rows were read: /);
    const sorted = { sql: 'select id from sites order by email limit 5', bindings: [] };
    assert.match((await askOne(sorted)).join(), /Using filesort/);
    const few = { sql: 'select id from sites where id = ?', bindings: [String(filled.examples.get('sites')?.[0]?.id)] };
    assert.deepEqual(await askOne(few), []);
    const strange = {
      sql: 'update services set id = id where panel_id = ? and no_such_column = ?',
      bindings: ['', ''],
    };
    await assert.rejects(askOne(strange), /no_such_column/);
  });

  it('reads no whole table that grows, nor much of one', async () => {
    const began = performance.now();
    const problems: string[] = [];
    const [used, told] = [new Set<RegExp>(), [] as Told[]];
    const nothing: string[] = [];
    for (const asked of collected.asked) {
      const one = await ask(database.db, withExamples(asked, filled));
      told.push(one);
      if (!one.found) nothing.push(oneLine(asked.sql));
      const wrong = wrongIn(one, asked).map(oneLine);
      const excepted = mayReadMuch.find(({ sql }) => sql.test(oneLine(asked.sql)));
      if (wrong.length > 0 && excepted) used.add(excepted.sql);
      else problems.push(...wrong);
    }
    const texts = new Set(collected.asked.map(({ sql }) => sql)).size;
    const reads = told.map(({ read }) => read).sort((left, right) => left - right);
    say(
      `${texts} statements from ${collected.files} test files, ${told.length} with their examples, were asked in ${seconds(began)}: ` +
        `${told.filter(({ found }) => found).length} found rows, ` +
        `${told.filter(({ isEmpty }) => isEmpty).length} were known to find none before they were run; ` +
        `the median one read ${reads[Math.floor(reads.length / 2)]} rows.`,
    );
    if (process.env.PROVISOR_TEST_VERBOSE) for (const sql of nothing) say(`  found nothing: ${sql}`);
    assert.deepEqual(problems, []);
    if (isPart) return;
    assert.ok(texts > 200, `only ${texts} statements were collected`);
    assert.deepEqual(
      mayReadMuch.filter(({ sql }) => !used.has(sql)).map(({ sql }) => String(sql)),
      [],
      'exceptions that nothing needs',
    );
  });
});
