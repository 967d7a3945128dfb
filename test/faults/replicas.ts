/**
 * One replica of many: a process that serves on a shared database and a shared
 * data directory until it is told to stop, or is not asked. It is told what to do
 * by its argument and answers in lines of JSON.
 */
import { writeSync } from 'node:fs';
import { loadConfig } from '../../src/config.ts';
import type { Log } from '../../src/kit/log.ts';
import type { Timing } from '../../src/operations/timing.ts';
import { serve } from '../../src/serve.ts';
import { noRateLimits } from '../support/rate-limits.ts';
import { victimEnvironment } from '../support/victim.ts';

export interface ReplicaOrder {
  dataDir: string;
  databaseUrl: string;
  timing: Partial<Timing>;
}

/** What a replica says: first where it serves, then what it met. */
export interface ReplicaLine {
  url?: string;
  /** A run lost its lease and wrote nothing more. */
  lostLease?: true;
  /** Something was logged as an error. */
  error?: string;
}

/** Of every process on one database, as far as this test is concerned. */
export const replicaEnvironment = (place: Parameters<typeof victimEnvironment>[0]) => ({
  ...victimEnvironment(place),
  ...noRateLimits,
  PROVISOR_PRIVATE_IPS: '10.0.0.1-10.0.255.254',
});

const tell = (line: ReplicaLine) => writeSync(1, `${JSON.stringify(line)}\n`);

const textOf = (fields: object): string => {
  const { err } = fields as { err?: unknown };
  return err instanceof Error ? `${err.message}${err.cause ? ` (${String(err.cause)})` : ''}` : JSON.stringify(fields);
};

const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (_fields, message) => {
    if (message.startsWith('Lost the lease')) tell({ lostLease: true });
  },
  error: (fields, message) => tell({ error: `${message}: ${textOf(fields)}` }),
};

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? '{}') as ReplicaOrder;
  const serving = await serve(loadConfig(replicaEnvironment(order), order.dataDir), log, { timing: order.timing });
  tell({ url: serving.url });
  // The end of whoever started it is its own end too.
  process.stdin.once('end', () => process.exit(1)).resume();
  process.once('SIGTERM', () => {
    void serving.stop().finally(() => process.exit(0));
  });
}
