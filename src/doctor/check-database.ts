/** The database: whether it answers, how fast, which it is, over which connection, and its clock. */
import type { Provisor } from '../app.ts';
import { formatDuration } from '../kit/duration.ts';
import { isThisMachine } from '../kit/this-machine.ts';
import { bad, type Finding, good, note } from './finding.ts';

const allowedSkewMs = 2_000;
/** Of one question and its answer; a request asks several. */
const slowMs = 50;
const pings = 5;

/** The oldest releases that the tests run on, or that behave as those do. */
const oldest = { MariaDB: [10, 11], MySQL: [8, 0] } as const;

/** What a server says of its release: `10.11.6-MariaDB-…`, `8.0.39`. */
export const checkVersion = (text: string): Finding => {
  const check = 'database';
  const name = /mariadb/i.test(text) ? 'MariaDB' : 'MySQL';
  const [, major = '0', minor = '0'] = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(text) ?? [];
  const [leastMajor, leastMinor] = oldest[name];
  const version = `${major}.${minor}`;
  if (Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor)) {
    return good(check, `It is ${name} ${version}.`);
  }
  const remedy = `Move to ${name} ${leastMajor}.${leastMinor} or later.`;
  return bad(check, `It is ${name} ${version}, which Provisor was not made for.`, remedy);
};

export const checkEncryption = (host: string, cipher: string): Finding => {
  const check = 'database';
  if (cipher !== '') return good(check, `The connection is encrypted (${cipher}).`);
  if (isThisMachine(host)) return good(check, 'The connection is not encrypted and stays on this machine.');
  return note(check, `The connection to ${host} is not encrypted; ?tls=true at the end of DATABASE_URL makes it so.`);
};

const median = (values: number[]): number => [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

const checkLatency = async ({ db, clock }: Provisor): Promise<Finding> => {
  const what = db.dialect === 'sqlite' ? 'The SQLite file' : 'The database';
  await db.ping();
  const took: number[] = [];
  for (let count = 0; count < pings; count += 1) {
    const began = clock.monotonic();
    await db.ping();
    took.push(clock.monotonic() - began);
  }
  const usual = median(took);
  const answers = `${what} answers (${formatDuration(usual)})`;
  if (usual <= slowMs) return good('database', `${answers}.`);
  return note('database', `${answers}, which is slow: every request and every step asks several times.`);
};

export const checkDatabase = async (provisor: Provisor): Promise<Finding[]> => {
  const { db, config } = provisor;
  const answers = await checkLatency(provisor);
  if (db.dialect === 'sqlite') return [answers, good('clock', "SQLite goes by this machine's clock.")];
  const [[{ version }]] = await db.knex.raw('SELECT VERSION() AS version');
  const [[status]] = await db.knex.raw("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
  const host = new URL(config.databaseUrl).hostname.replace(/^\[|\]$/g, '');

  const before = Date.now();
  const theirs = await db.now();
  const skew = theirs - (before + Date.now()) / 2;
  const size = formatDuration(Math.abs(skew));
  const clock =
    Math.abs(skew) <= allowedSkewMs
      ? good('clock', `The clocks of the database and of this machine agree to ${size}.`)
      : bad(
          'clock',
          `The database's clock is ${size} ${skew > 0 ? 'ahead of' : 'behind'} this machine's.`,
          'Let both be set by NTP.',
        );
  return [answers, checkVersion(String(version)), checkEncryption(host, String(status?.Value ?? '')), clock];
};
