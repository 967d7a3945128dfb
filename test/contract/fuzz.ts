/**
 * One run of Schemathesis against a server of its own, and what came of it. It is a process of its own: the two servers
 * of run.ts would hold each other up in one. Its parent sends what to do, and gets what was found.
 */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config.ts';
import { readDocument } from '../../src/contract/document.ts';
import { scopes } from '../../src/features/panels/panel-key.ts';
import { sleep, systemClock } from '../../src/kit/clock.ts';
import { serve } from '../../src/serve.ts';
import { breakable } from '../support/breakable.ts';
import { startDns } from '../support/dns-server.ts';
import { noRateLimits } from '../support/rate-limits.ts';
import { startSchemathesis } from './schemathesis.ts';
import { strictDocument } from './strict-document.ts';
import { createTally, type Summary, summarize } from './tally.ts';
import { makeWorld } from './world.ts';

const configuration = fileURLToPath(new URL('./schemathesis.toml', import.meta.url));

/** When it is in the database: backups are named by their day. */
const today = Date.UTC(2026, 0, 31, 9);
/** Every so manieth site takes a while to make, so that an operation can be met under way. */
const slowOne = 2;
const slowMs = 3_000;

export interface Found extends Summary {
  seconds: number;
  /** How often Schemathesis found an answer that does not fit, and whether it went over everything. */
  violations: number;
  complete: boolean;
  /** What it said, and what the server said of itself. */
  output: string;
  failures: string[];
}

interface Report {
  complete: boolean;
  failures: { count: number }[];
  errors: { count: number }[];
}

export interface FuzzOptions {
  /** Empty for SQLite. */
  databaseUrl: string;
  seed: number;
  /** Further flags for Schemathesis. */
  flags: string[];
}

const fuzz = async ({ databaseUrl, seed, flags }: FuzzOptions, signal: AbortSignal): Promise<Found> => {
  const began = performance.now();
  const directory = await mkdtemp(join(tmpdir(), 'provisor-contract-'));
  const dns = await startDns();
  dns.set('*.fuzz.org', 'A', '127.0.0.1');
  dns.set('fuzz.org', 'A', '127.0.0.1');
  const { tally, log, telemetry } = createTally();
  const strict = strictDocument(readDocument());
  const config = loadConfig(
    {
      PROVISOR_DATA_DIR: join(directory, 'data'),
      PROVISOR_PEPPER: 'a pepper for tests only',
      PROVISOR_PORT: '0',
      PROVISOR_SITES_PORT: '0',
      PROVISOR_DNS_PORT: '0',
      PROVISOR_RESOLVERS: dns.server,
      // What is tried out here is the contract, not how soon something is used up.
      PROVISOR_PRIVATE_IPS: '10.0.0.1-10.255.255.254',
      PROVISOR_ZONES_PER_CUSTOMER: '100000',
      PROVISOR_QUEUE_CAP: '100000',
      ...noRateLimits,
      // Domains under fuzz.org lead here, and need no more than that.
      PROVISOR_DOMAIN_OWNERSHIP: 'never',
      ...(databaseUrl === '' ? {} : { DATABASE_URL: databaseUrl }),
    },
    directory,
  );
  const offset = today - Date.now();
  let made = 0;
  let slow = false;
  const serving = await serve(config, log, {
    validateResponses: true,
    telemetry,
    clockOffset: () => offset,
    adapters: (configured) => {
      const compute = breakable(configured.compute);
      compute.before('create', async (given) => {
        made += 1;
        if (slow && made % slowOne === 0) await sleep(systemClock, slowMs, given);
      });
      return { ...configured, compute: compute.adapter };
    },
  });
  try {
    const panel = await serving.provisor.panels.create('the fuzzer');
    const { text: key } = await serving.provisor.panels.issue(panel.id, { scopes });
    await makeWorld(serving.url, key);
    slow = true;
    const contract = join(directory, 'openapi.json');
    await writeFile(contract, JSON.stringify(strict));
    const reportFile = join(directory, 'report.json');
    const child = await startSchemathesis({
      directory,
      contract,
      url: serving.url,
      key,
      configuration,
      args: [`--seed=${seed}`, `--report-json-path=${reportFile}`, ...flags],
    });
    const end = () => child.kill('SIGTERM');
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    // One that was stopped leaves half a report, or none.
    const report = await readFile(reportFile, 'utf8')
      .then((text) => JSON.parse(text) as Report)
      .catch(() => null);
    const counted = [...(report?.failures ?? []), ...(report?.errors ?? [])].reduce((sum, { count }) => sum + count, 0);
    return {
      ...summarize(tally, strict),
      seconds: Math.round((performance.now() - began) / 1000),
      // An end that its report does not explain is one too.
      violations: code === 0 ? counted : Math.max(1, counted),
      complete: report?.complete ?? false,
      output,
      failures: tally.failures,
    };
  } finally {
    await serving.stop();
    await dns.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.abort());
process.once('message', async (options: FuzzOptions) => {
  const found = await fuzz(options, stopped.signal);
  process.send?.(found, () => process.exit(0));
});
