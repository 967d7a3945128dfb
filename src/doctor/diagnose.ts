/** `provisor doctor`: looks for what is wrong with an installation. It changes nothing. */
import { createProvisor, type Provisor } from '../app.ts';
import { failureOf } from '../cli/failure.ts';
import { plain } from '../cli/table.ts';
import { type Config, loadConfig } from '../config.ts';
import { formatDuration } from '../kit/duration.ts';
import type { Log } from '../kit/log.ts';
import { checkDatabase } from './check-database.ts';
import { checkListeners } from './check-listeners.ts';
import { checkDataDir } from './check-machine.ts';
import { checkMail, checkMailBacklog } from './check-mail.ts';
import { checkSiteDomain, checkVisit, checkZones } from './check-names.ts';
import { checkCompute, checkDnsProvider, checkProviderClocks, checkProxy } from './check-providers.ts';
import { checkWebhooks } from './check-webhooks.ts';
import { bad, type Finding, good, isBad, note } from './finding.ts';

const dueForLongMs = 120_000;
/** Rows that are looked at; more than that is told as "or more". */
const most = 100;

const many = (count: number, one: string, several: string): string =>
  `${count}${count === most ? ' or more' : ''} ${count === 1 ? one : several}`;

const checkSchema = async ({ pendingMigrations }: Provisor): Promise<Finding> => {
  const check = 'schema';
  const { applied, pending } = await pendingMigrations();
  if (applied === 0) return bad(check, 'The database has not been set up.', 'provisor migrate');
  if (pending.length > 0) {
    return bad(check, `The database lacks ${many(pending.length, 'migration', 'migrations')}.`, 'provisor migrate');
  }
  return good(check, `All ${applied} migrations are applied.`);
};

const checkKeys = async ({ panels, db }: Provisor): Promise<Finding> => {
  const check = 'panels';
  const all = await panels.list();
  if (all.length === 0) {
    return bad(check, 'There is no panel, so nobody can call.', 'provisor panels create <name>');
  }
  const now = await db.now();
  let live = 0;
  const without: string[] = [];
  for (const panel of all) {
    const keys = await panels.listKeys(panel.id);
    const usable = keys.filter(
      ({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt === null || expiresAt > now),
    );
    live += usable.length;
    if (usable.length === 0) without.push(panel.name);
  }
  if (live === 0) return bad(check, 'No panel has a key that is good.', `provisor keys create ${all[0]!.name}`);
  if (without.length > 0) return note(check, `These panels have no key that is good: ${without.join(', ')}.`);
  return good(check, `${many(all.length, 'panel', 'panels')} with ${many(live, 'good key', 'good keys')}.`);
};

const checkOperations = async ({ operations }: Provisor): Promise<Finding[]> => {
  const stuck = await operations.list({ state: 'stuck' }, { limit: most });
  const overdue = await operations.overdue(dueForLongMs, most);
  const check = 'operations';
  const findings: Finding[] = [];
  if (stuck.length > 0) {
    findings.push(
      bad(
        check,
        `${many(stuck.length, 'operation waits', 'operations wait')} for an operator.`,
        'provisor operations list --state stuck; then provisor operations retry <id>',
      ),
    );
  }
  if (overdue.length > 0) {
    findings.push(
      bad(
        check,
        `${many(overdue.length, 'operation has', 'operations have')} been due for more than ${formatDuration(dueForLongMs)}, and nobody takes ${overdue.length === 1 ? 'it' : 'them'}.`,
        `Run a server with PROVISOR_WORKERS above 0; then look with provisor operations show ${overdue[0]!.id}`,
      ),
    );
  }
  return findings.length > 0 ? findings : [good(check, 'No operation is stuck or late.')];
};

/** A check that asks somebody else has an end, whatever that one does. */
const longestMs = 20_000;

/** What a check finds; what it throws is a bad finding too, and so is no end. */
const guarded = async (check: string, remedy: string, work: () => Promise<Finding[]>): Promise<Finding[]> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`There was no answer in ${longestMs / 1000} seconds.`)), longestMs);
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    return [bad(check, failureOf(error).message, remedy)];
  } finally {
    clearTimeout(timer);
  }
};

const checkInside = async (provisor: Provisor): Promise<Finding[]> => {
  const { databaseUrl, embedded } = provisor.config;
  const remedy = embedded
    ? `See whether ${databaseUrl.slice('sqlite:'.length)} is a file of Provisor that can be read and written.`
    : 'See whether the database of DATABASE_URL runs, can be reached from here and takes its user and password.';
  const database = await guarded('database', remedy, () => checkDatabase(provisor));
  if (database.some(isBad)) return database;
  const schema = await guarded('schema', 'Start the release that made it, or a later one.', async () => [
    await checkSchema(provisor),
  ]);
  if (schema.some(isBad)) return [...database, ...schema];
  return [
    ...database,
    ...schema,
    ...(await guarded('panels', remedy, async () => [await checkKeys(provisor)])),
    ...(await guarded('operations', remedy, () => checkOperations(provisor))),
    ...(await guarded('webhooks', remedy, () => checkWebhooks(provisor))),
    ...(await guarded('e-mail', remedy, () => checkMailBacklog(provisor))),
  ];
};

/** An active site, to be visited. */
const anySite = async ({ sites, providers }: Provisor): Promise<{ hostname: string; url: string } | null> => {
  const [site] = await sites.list({ state: 'active' }, { limit: 1 });
  return site?.hostname ? { hostname: site.hostname, url: providers.proxy.urlFor(site.hostname) } : null;
};

/** Zones that the provider has beside the one of the sites. One that does not answer is told by `checkDnsProvider`. */
const zonesOf = async ({ providers, config }: Provisor) => {
  const zones = await providers.dns.listZones(AbortSignal.timeout(10_000)).catch(() => []);
  return zones.filter(({ name }) => name !== `${config.PROVISOR_SITE_DOMAIN}.`);
};

const askAgain = 'Run it again with PROVISOR_LOG_LEVEL=debug, and report what it says.';

/** Providers and names. What stands in the database is only read when that is in order. */
const checkOutside = async (provisor: Provisor, readable: boolean): Promise<Finding[]> => {
  const { config, providers, delegation } = provisor;
  const isPublic = config.PROVISOR_DNS !== 'local';
  const checks: [check: string, work: () => Promise<Finding[]>][] = [
    ['compute', () => checkCompute(config, providers.compute)],
    ['proxy', () => checkProxy(config, providers.proxy)],
    ['dns', () => checkDnsProvider(config, providers.dns)],
    ['clock', () => checkProviderClocks(config)],
    ['e-mail', () => checkMail(config, provisor.mail)],
    ['delegation', async () => (isPublic ? checkSiteDomain(config, delegation) : [])],
    ['zones', async () => (isPublic ? checkZones(await zonesOf(provisor), delegation) : [])],
    ['visitors', async () => (readable && isPublic ? checkVisit(await anySite(provisor)) : [])],
  ];
  const found = await Promise.all(checks.map(([check, work]) => guarded(check, askAgain, work)));
  return found.flat();
};

/** Everything that was found, in the order in which one thing needs the other. */
export const diagnose = async (logOf: (config: Config) => Log): Promise<Finding[]> => {
  let config: Config;
  try {
    config = loadConfig();
  } catch (error) {
    const { message } = failureOf(error);
    return [
      bad(
        'configuration',
        message,
        'Correct the environment or the file .env; deploy/configuration.md lists the variables.',
      ),
    ];
  }
  const findings = [good('configuration', 'The configuration can be read.'), ...checkDataDir(config)];
  const alive = setInterval(() => {}, 60_000);
  try {
    const provisor = await createProvisor(config, logOf(config));
    try {
      findings.push(...(await checkInside(provisor)));
      findings.push(...(await checkOutside(provisor, !findings.some(isBad))));
    } finally {
      for (const adapter of provisor.adapters) await adapter.close?.();
      await provisor.close();
    }
    findings.push(...(await checkListeners(config)));
  } finally {
    clearInterval(alive);
  }
  return findings;
};

const marks = { good: 'ok  ', note: 'note', bad: 'BAD ' };

/** The findings for people, each remedy below what it is for. */
export const describeFindings = (findings: Finding[]): string => {
  const widest = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, state, finding, remedy }) => {
    const indent = ' '.repeat(6 + widest + 2);
    const text = finding.split('\n').map(plain).join(`\n${indent}`);
    return [
      `${marks[state]}  ${check.padEnd(widest)}  ${text}`,
      ...(remedy === undefined ? [] : [`${indent}→ ${remedy}`]),
    ];
  });
  const count = findings.filter(isBad).length;
  const verdict =
    count === 0
      ? 'Everything is in order.'
      : `${count === 1 ? 'One thing needs' : `${count} things need`} your attention.`;
  return [...lines, '', verdict].join('\n');
};
