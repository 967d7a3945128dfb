/**
 * The configuration: one schema over the environment, read once. Nothing else in
 * the program reads the environment. The table of deploy/configuration.md and
 * this schema are compared by a test.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import {
  addressRanges,
  defaultPrivateIps,
  headerPairs,
  httpAddress,
  ipRange,
  numberRange,
  origins,
  type Range,
  serverAddresses,
} from './config-lists.ts';
import { mailProblems, mailVariables } from './config-mail.ts';
import { secretNames, secretsOf } from './config-secrets.ts';
import { allProviderVariables, type PortName, providerNames, providerVariables } from './provider-config.ts';

const portNumber = z.coerce.number('must be a number').int().min(0).max(65535);
const port = (fallback: number) => portNumber.default(fallback);

const isTimeZone = (text: string): boolean => {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: text });
    return true;
  } catch {
    return false;
  }
};

const perMinute = (fallback: number) =>
  z.coerce.number('must be a number').int().min(0).max(10_000_000).default(fallback);

const domainName = /^(?=.{1,120}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const databaseUrl = z.string().refine((text) => {
  if (text.startsWith('sqlite:')) return text.length > 'sqlite:'.length;
  return URL.canParse(text) && new URL(text).protocol === 'mysql:' && new URL(text).pathname.length > 1;
}, 'must look like mysql://user:password@host:3306/database or sqlite:/path/to/file');

/** What every installation reads. */
const common = z.object({
  PROVISOR_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address that the API, the local sites and the local DNS listen on'),
  PROVISOR_PORT: port(8080).describe('Port of the API'),
  PROVISOR_LINGER_SECONDS: z.coerce
    .number('must be a number')
    .min(0)
    .max(20)
    .default(0)
    .describe(
      'Seconds that connections are still taken after the process was told to end, while `/ready` already fails; longer than a balancer in front takes to see that',
    ),
  PROVISOR_DATA_DIR: z
    .string()
    .min(1)
    .default('.provisor')
    .describe('Directory for everything that is kept on this machine'),
  DATABASE_URL: databaseUrl
    .optional()
    .describe('`mysql://user:pass@host:port/db`; SQLite in the data directory when not set'),
  PROVISOR_PEPPER: z
    .string()
    .min(16, 'must have at least 16 characters')
    .meta({ secret: true })
    .optional()
    .describe('Secret that keys are hashed with; made once into the data directory with SQLite, required with MySQL'),
  PROVISOR_COMPUTE: providerNames('compute').describe('Where sites run'),
  PROVISOR_PROXY: providerNames('proxy').describe('What leads visitors to sites'),
  PROVISOR_DNS: providerNames('dns').describe('Where names are published'),
  PROVISOR_SITES_PORT: port(8081).describe('Port of the local reverse proxy'),
  PROVISOR_DNS_PORT: port(8053).describe('Port of the local DNS server, UDP and TCP'),
  PROVISOR_SITE_DOMAIN: z
    .string()
    .regex(domainName, 'must be a domain name in lower case, at most 120 characters')
    .default('sites.localhost')
    .describe('Domain that sites get their names under'),
  PROVISOR_PUBLIC_IP: z
    .string()
    .refine((text) => isIP(text) !== 0, 'must be an IP address')
    .default('127.0.0.1')
    .describe('Public address of sites when the panel names none'),
  PROVISOR_PUBLIC_IPV6: z
    .string()
    .refine((text) => isIPv6(text), 'must be an IPv6 address')
    .optional()
    .describe('Public IPv6 address of the reverse proxy; `PROXYSRV` in AAAA records'),
  PROVISOR_NAMESERVERS: z
    .string()
    .default('ns1.localhost,ns2.localhost')
    .transform((text) => text.split(',').map((name) => `${name.trim().toLowerCase().replace(/\.$/, '')}.`))
    .describe('Names of our nameservers, with commas between'),
  PROVISOR_PROXY_NAME: z
    .string()
    .regex(domainName, 'must be a domain name in lower case, at most 120 characters')
    .optional()
    .describe(
      'Name that leads to all sites: customers may set a CNAME to it beside the name of their own site, and `PROXYSRV` stands for it',
    ),
  PROVISOR_DOMAIN_OWNERSHIP: z
    .enum(['always', 'auto', 'never'], 'must be one of: always, auto, never')
    .default('auto')
    .describe(
      'When a custom domain needs a TXT record with a token: always; unless its CNAME names the site itself; or never',
    ),
  PROVISOR_DOMAIN_HOURS: z.coerce
    .number('must be a number')
    .positive()
    .max(24 * 365)
    .default(72)
    .describe('Hours that the DNS of a new custom domain may take to come right'),
  PROVISOR_ZONE_DELEGATION: z
    .enum(['auto', 'required', 'off'], 'must be one of: auto, required, off')
    .default('auto')
    .describe(
      'Whether a domain must be delegated to our nameservers before its zone is made; `auto` asks for it unless the DNS is `local`',
    ),
  PROVISOR_ZONE_CHALLENGE: z
    .enum(['off', 'required'], 'must be one of: off, required')
    .default('off')
    .describe('Whether a customer must publish a text of ours before the zone is made'),
  PROVISOR_ZONES_PER_CUSTOMER: z.coerce
    .number('must be a number')
    .int()
    .min(0)
    .max(100_000)
    .default(10)
    .describe('Zones that one customer may have'),
  PROVISOR_RECORDS_PER_ZONE: z.coerce
    .number('must be a number')
    .int()
    .min(2)
    .max(10_000)
    .default(3000)
    .describe('Records that one zone may have'),
  PROVISOR_RESOLVERS: serverAddresses
    .optional()
    .describe(
      "DNS servers to look names of customers up at, with commas between (`192.0.2.1` or `192.0.2.1:5353`); the system's when not set",
    ),
  PROVISOR_ROOT_SERVERS: serverAddresses
    .optional()
    .describe("Root servers that the check of a delegation begins at, as above; the internet's when not set"),
  PROVISOR_PRIVATE_IPS: ipRange
    .optional()
    .describe(
      'Pool of private addresses, one for each site; when not set, `192.168.1.100-192.168.1.253` with Proxmox and `10.64.0.1-10.64.255.254` elsewhere, where nothing listens on them',
    ),
  PROVISOR_VMIDS: numberRange.prefault('100-999999').describe('Pool of machine numbers, one for each site'),
  PROVISOR_REST_HOURS: z.coerce
    .number('must be a number')
    .min(0)
    .max(24 * 365)
    .default(72)
    .describe(
      'Hours before the names and addresses of a deleted site, and custom domains that were removed, are given to another',
    ),
  PROVISOR_TIME_ZONE: z
    .string()
    .refine((text) => isTimeZone(text), 'must be an IANA time zone, e.g. Europe/Bucharest')
    .default('UTC')
    .describe('Time zone in which backups are named by their day'),
  PROVISOR_WORKERS: z.coerce
    .number('must be a number')
    .int()
    .min(0)
    .max(64)
    .default(4)
    .describe('Operations that this process carries out at a time; 0 only serves the API'),
  PROVISOR_CONNECTIONS: z.coerce
    .number('must be a number')
    .int()
    .min(10)
    .max(100_000)
    .default(4000)
    .describe('Connections that the API holds at once; more are closed as they come'),
  PROVISOR_QUEUE_CAP: z.coerce
    .number('must be a number')
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe('Operations that one panel may have in line'),
  PROVISOR_TRUSTED_PROXIES: addressRanges
    .prefault('')
    .describe(
      'Addresses and ranges of proxies in front, with commas between, whose `X-Forwarded-For` is believed (`10.0.0.0/8,::1`)',
    ),
  PROVISOR_CORS_ORIGINS: origins
    .prefault('')
    .describe('Origins whose pages may call the API from a browser, with commas between; none when not set'),
  PROVISOR_RATE_PER_ADDRESS: perMinute(12_000).describe(
    'Calls a minute that one address may make, all of them at once if it likes; 0 is no limit',
  ),
  PROVISOR_RATE_PER_KEY: perMinute(6000).describe('Calls a minute that one key may make, likewise'),
  PROVISOR_RATE_REFUSED_KEYS: perMinute(60).describe(
    'Refused keys a minute after which an address is not listened to any more',
  ),
  PROVISOR_WEBHOOK_HTTP: z
    .enum(['off', 'on'], 'must be one of: off, on')
    .default('off')
    .describe('Whether webhooks may be called by plain http'),
  PROVISOR_WEBHOOK_ALLOW: addressRanges
    .prefault('')
    .describe(
      'Networks that webhooks may lead to although they are not public, with commas between, e.g. `10.1.0.0/16,fd00::/8`',
    ),
  ...mailVariables,
  PROVISOR_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be one of: debug, info, warn, error, silent')
    .default('info')
    .describe('How much is logged'),
  PROVISOR_METRICS_PORT: portNumber
    .optional()
    .describe('Port that serves `/metrics` to whoever reaches it, without a key; none when not set'),
  PROVISOR_METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('Address that this port listens on'),
  PROVISOR_OTLP_URL: httpAddress
    .optional()
    .describe('Where traces are sent by OTLP over HTTP, e.g. `http://127.0.0.1:4318/v1/traces`; nowhere when not set'),
  PROVISOR_OTLP_HEADERS: headerPairs
    .meta({ secret: true })
    .optional()
    .describe('Headers to send with them, e.g. `authorization=Bearer%20…`; values are percent-encoded'),
  PROVISOR_OTLP_SAMPLE: z.coerce
    .number('must be a number')
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of the traces that begin here which is sent, 0 to 1'),
});

/** Every variable, with its default and what it is for. The descriptions are the table of deploy/configuration.md. */
export const schema = common.extend(allProviderVariables);

export interface Config
  extends Readonly<Omit<z.infer<typeof common>, 'DATABASE_URL' | 'PROVISOR_PEPPER' | 'PROVISOR_PRIVATE_IPS'>> {
  readonly PROVISOR_PRIVATE_IPS: Range;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly embedded: boolean;
  readonly pepper: string;
  /** What the chosen provider of each port is told; of the shape that provider-config.ts gives it. */
  readonly options: Readonly<Record<PortName, unknown>>;
  /** Every secret among all this, for whatever blanks them out. */
  readonly secrets: readonly string[];
}

/** Everything that is wrong with the configuration, in words. It never holds a value, which may be a secret. */
export class ConfigError extends Error {
  constructor(problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Names of ours that nobody reads: most likely misspelt. */
const unknownNames = (environment: Record<string, string | undefined>): string[] =>
  Object.keys(environment)
    .filter(
      (name) =>
        name.startsWith('PROVISOR_') && !name.startsWith('PROVISOR_TEST_') && !Object.hasOwn(schema.shape, name),
    )
    .map((name) => `${name} is not known`);

const readDotEnv = (directory: string): Record<string, string | undefined> => {
  try {
    return parseEnv(readFileSync(join(directory, '.env'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError([`the file .env cannot be read: ${(error as Error).message}`]);
  }
};

/** The pepper of an embedded installation: made once, then kept beside the database. */
const keepPepper = (dataDir: string): string => {
  const file = join(dataDir, 'pepper');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) {
    // Linked into place whole: a second process that starts now reads either no file or all of it.
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, randomBytes(32).toString('hex'), { mode: 0o600 });
    try {
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(draft);
    }
  }
  return readFileSync(file, 'utf8').trim();
};

/** Variables whose value nobody may be told. */
export const secretVariables: readonly string[] = secretNames(schema.shape);

/** Of a number that is one and is not in its range. */
const outOfRange = (issue: z.core.$ZodIssue): string | undefined => {
  if (issue.code === 'too_small' && issue.origin === 'number') return `must be ${issue.minimum} or more`;
  if (issue.code === 'too_big' && issue.origin === 'number') return `must be ${issue.maximum} or less`;
  return issue.code === 'invalid_type' && (issue.expected as string) === 'int' ? 'must be a whole number' : undefined;
};

const sentenceOf = (issue: z.core.$ZodIssue): string => `${issue.path.join('.')} ${outOfRange(issue) ?? issue.message}`;

/** The variables of the chosen provider of each port. A missing one is named with the choice that needs it. */
const readOptions = (given: Record<string, unknown>, problems: string[]): Record<PortName, unknown> => {
  const options: Record<PortName, unknown> = { compute: {}, proxy: {}, dns: {} };
  for (const port of Object.keys(options) as PortName[]) {
    const choice = `PROVISOR_${port.toUpperCase()}`;
    const providers: Record<string, z.ZodObject> = providerVariables[port];
    const chosen = String(given[choice] ?? 'local');
    if (!Object.hasOwn(providers, chosen)) continue;
    const parsed = providers[chosen]!.safeParse(given);
    if (parsed.success) options[port] = parsed.data;
    else {
      problems.push(
        ...parsed.error.issues.map((issue) =>
          given[String(issue.path[0])] === undefined
            ? `${issue.path.join('.')} is required with ${choice}=${chosen}`
            : sentenceOf(issue),
        ),
      );
    }
  }
  return options;
};

/**
 * Reads the configuration from the given environment, and from a `.env` file in
 * `directory` for what is not set there. An empty value counts as not set.
 * Errors: ConfigError, with all that is wrong at once.
 */
export const loadConfig = (environment: NodeJS.ProcessEnv = process.env, directory: string = process.cwd()): Config => {
  const all = { ...readDotEnv(directory), ...environment };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = common.safeParse(given);
  const problems = unknownNames(given);
  if (!parsed.success) problems.push(...parsed.error.issues.map(sentenceOf));
  const options = readOptions(given, problems);
  const mysql = typeof given.DATABASE_URL === 'string' && given.DATABASE_URL.startsWith('mysql:');
  if (mysql && given.PROVISOR_PEPPER === undefined) {
    problems.push(
      'PROVISOR_PEPPER is required with MySQL: every replica must have the same (openssl rand -hex 32 makes one)',
    );
  }
  if (parsed.success) problems.push(...mailProblems(parsed.data));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);

  const { DATABASE_URL, PROVISOR_PEPPER, ...values } = parsed.data;
  const dataDir = resolve(directory, values.PROVISOR_DATA_DIR);
  const pepper = PROVISOR_PEPPER ?? keepPepper(dataDir);
  return Object.freeze({
    ...values,
    PROVISOR_PRIVATE_IPS: values.PROVISOR_PRIVATE_IPS ?? defaultPrivateIps(values.PROVISOR_COMPUTE),
    dataDir,
    databaseUrl: DATABASE_URL ?? `sqlite:${join(dataDir, 'provisor.sqlite')}`,
    embedded: !mysql,
    pepper,
    options: Object.freeze(options),
    secrets: Object.freeze([pepper, ...secretsOf(given, secretVariables)]),
  });
};
