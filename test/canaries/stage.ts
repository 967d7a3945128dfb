/** A whole Provisor whose log, figures and traces are collected to be searched. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadConfig } from '../../src/config.ts';
import { scopes } from '../../src/features/panels/panel-key.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { type Serving, serve } from '../../src/serve.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import { sendAsIs } from '../support/answers.ts';
import type { Answer } from '../support/app.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import type { Canaries } from './planted.ts';

export interface Stage {
  name: string;
  serving: Serving;
  directory: string;
  environment: Record<string, string>;
  key: string;
  /** Sends it as the panel; a refusal is collected. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Collects what is left in the database, the figures and the traces, and ends. */
  close(): Promise<void>;
}

/** Columns that are the one place of what stands in them. */
const homes: Record<string, string[]> = { idempotency_keys: ['idem_key'] };

const dump = async (canaries: Canaries, { serving, name }: Pick<Stage, 'serving' | 'name'>): Promise<void> => {
  const { db } = serving.provisor;
  const tables: string[] =
    db.dialect === 'sqlite'
      ? await db.knex('sqlite_master').where({ type: 'table' }).pluck('name')
      : (await db.knex.raw('SHOW TABLES'))[0].map((row: object) => Object.values(row)[0]);
  for (const table of tables) {
    for (const row of await db.knex(table)) {
      for (const home of homes[table] ?? []) delete row[home];
      canaries.collect(`${name}: table ${table}`, JSON.stringify(row));
    }
  }
};

export const openStage = async (canaries: Canaries, name: string, settings: Record<string, string>): Promise<Stage> => {
  const directory = await mkdtemp(join(tmpdir(), 'provisor canaries '));
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      canaries.collect(`${name}: log`, String(chunk));
      done();
    },
  });
  const environment = {
    PROVISOR_DATA_DIR: join(directory, 'data'),
    PROVISOR_PORT: '0',
    PROVISOR_SITES_PORT: '0',
    PROVISOR_DNS_PORT: '0',
    PROVISOR_METRICS_PORT: '0',
    PROVISOR_LOG_LEVEL: 'debug',
    PROVISOR_PEPPER: canaries.plant(`${name}: pepper`),
    PROVISOR_OTLP_HEADERS: `authorization=${canaries.plant(`${name}: key of the collector`)}`,
    ...settings,
  };
  const receiver = await startOtlpReceiver();
  const config = loadConfig(environment, directory);
  const log = createLog('debug', { stream: stream as typeof process.stdout, secrets: config.secrets });
  const otlp = { url: receiver.url, headers: {}, sample: 1 };
  const telemetry = await createTelemetry({ clock: systemClock, version: '0.0.0', otlp, standard: false });
  const serving = await serve(config, log, { telemetry });
  const panel = await serving.provisor.panels.create('canary');
  const { text: key } = await serving.provisor.panels.issue(panel.id, { scopes });
  canaries.notice(`${name}: key of the panel`, key.split('_')[2] ?? '');

  return {
    name,
    serving,
    directory,
    environment,
    key,
    call: async (method, path, body, headers = {}) => {
      const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body);
      const answer = await sendAsIs(serving.url, {
        method,
        path,
        headers: {
          Authorization: `Bearer ${key}`,
          ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(text === undefined ? {} : { body: text }),
      });
      canaries.collect(`${name}: headers of answers`, JSON.stringify(answer.headers));
      if (answer.status >= 400) canaries.collect(`${name}: refusals`, answer.text);
      return answer;
    },
    close: async () => {
      canaries.collect(`${name}: /metrics`, await (await fetch(serving.metricsUrl!)).text());
      const stage = { serving, name };
      await dump(canaries, stage);
      await serving.stop();
      await telemetry.close();
      for (const text of receiver.raw) canaries.collect(`${name}: traces`, text);
      await receiver.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
