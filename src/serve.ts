/** A serving process from its start to its end. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProvisor, type Provisor, type Replacements } from './app.ts';
import type { Config } from './config.ts';
import { lockDataDir, lockSqlite } from './data-dir-lock.ts';
import { scopes } from './features/panels/panel-key.ts';
import { metricsListener } from './http/metrics-listener.ts';
import { type HttpServer, listen } from './http/server.ts';
import type { Log } from './kit/log.ts';

export interface Serving {
  provisor: Provisor;
  /** The address of the API, without a slash at its end. */
  url: string;
  /** The address of the figures for Prometheus; null when they have no port of their own. */
  metricsUrl: string | null;
  keyFile: string | null;
  /** Ends it: no answer is dropped, steps under way end or are handed back. Repeating it is harmless. */
  stop(): Promise<void>;
}

/** How long steps under way are waited for. */
export const drainMs = 20_000;
const cleanEveryMs = 600_000;

/** The first start of an embedded installation makes a panel and its key, which goes into a file and nowhere else. */
const makeFirstPanel = async ({ panels, config }: Provisor): Promise<string> => {
  const keyFile = join(config.dataDir, 'panel.key');
  if ((await panels.list()).length === 0) {
    const panel = await panels.create('default');
    const { text } = await panels.issue(panel.id, { scopes });
    writeFileSync(keyFile, `${text}\n`, { mode: 0o600 });
  }
  return keyFile;
};

const keepClean = ({ clock, idempotency, rateExchange, deliveries, log }: Provisor): { stop(): void } => {
  let timer = clock.after(cleanEveryMs, clean);
  function clean(): void {
    Promise.all([idempotency.clean(), rateExchange.clean(), deliveries.clean()])
      .catch((error: unknown) => log.debug({ err: error }, 'Could not remove what is expired'))
      .finally(() => {
        timer = clock.after(cleanEveryMs, clean);
      });
  }
  return { stop: () => timer.cancel() };
};

const urlOf = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** The port of its own that the figures may have. It needs no key, so it is not the API's. */
const listenForPrometheus = async (
  { config, clock, log, metrics }: Provisor,
  draining: AbortSignal,
): Promise<HttpServer | null> => {
  if (config.PROVISOR_METRICS_PORT === undefined) return null;
  const page = () => metrics(() => !draining.aborted);
  return listen(metricsListener({ page, log }), {
    host: config.PROVISOR_METRICS_HOST,
    port: config.PROVISOR_METRICS_PORT,
    variable: 'PROVISOR_METRICS_PORT',
    lingerMs: 0,
    clock,
  });
};

/** Starts everything and returns once it serves. Errors: a sentence that says what to change; what was begun is ended. */
export const serve = async (config: Config, log: Log, replacements: Replacements = {}): Promise<Serving> => {
  const ends: (() => unknown)[] = [];
  const endAll = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    if (config.embedded) {
      const locks = [lockDataDir(config.dataDir), lockSqlite(config.databaseUrl)];
      for (const lock of locks) ends.push(() => lock.release());
    }
    const provisor = await createProvisor(config, log, replacements);
    const { operations, clock } = provisor;
    ends.push(() => provisor.close());
    const { applied } = await provisor.migrate();
    if (applied.length > 0) log.info({ migrations: applied.length }, 'The database has been set up');
    const keyFile = config.embedded ? await makeFirstPanel(provisor) : null;
    for (const adapter of provisor.adapters) {
      await adapter.open?.();
      ends.push(() => adapter.close?.());
    }
    const draining = new AbortController();
    const { app, atRest } = await provisor.createApp(draining.signal);
    const server = await listen(app, {
      host: config.PROVISOR_HOST,
      port: config.PROVISOR_PORT,
      variable: 'PROVISOR_PORT',
      lingerMs: config.PROVISOR_LINGER_SECONDS * 1000,
      clock,
      limits: { connections: config.PROVISOR_CONNECTIONS },
      atRest,
    });
    let served = true;
    ends.push(() => (served ? server.drain() : undefined));
    provisor.rateExchange.start();
    ends.push(() => provisor.rateExchange.stop());
    const figures = await listenForPrometheus(provisor, draining.signal);
    ends.push(() => figures?.drain());
    const cleaning = keepClean(provisor);
    ends.push(() => cleaning.stop());
    if (config.PROVISOR_WORKERS > 0) {
      // The lock says that every lease in this database is a dead process's. With adapters that live in the
      // process nothing of theirs can still be under way.
      if (config.embedded) await operations.takeOver(usesOnlyLocalAdapters(config) ? 0 : undefined);
      operations.start();
      provisor.domainWatch.start();
      provisor.deliveries.start();
      ends.push(() => provisor.deliveries.stop());
      ends.push(() => provisor.domainWatch.stop());
    }

    let stopping: Promise<void> | null = null;
    const stop = async () => {
      draining.abort();
      served = false;
      await Promise.all([server.drain(), operations.drain(drainMs)]);
      await endAll();
    };
    return {
      provisor,
      url: urlOf(config.PROVISOR_HOST, server.port),
      metricsUrl: figures ? `${urlOf(config.PROVISOR_METRICS_HOST, figures.port)}/metrics` : null,
      keyFile: keyFile && existsSync(keyFile) ? keyFile : null,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await endAll();
    throw error;
  }
};

const usesOnlyLocalAdapters = (config: Config): boolean =>
  [config.PROVISOR_COMPUTE, config.PROVISOR_PROXY, config.PROVISOR_DNS].every((name) => name === 'local');
