/** What `npm start` and `provisor serve` do. */
import { version } from './app.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { systemClock } from './kit/clock.ts';
import { serve } from './serve.ts';
import { createLog } from './telemetry/log.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import { welcome } from './welcome.ts';

/** Where traces go, when they go anywhere. */
const otlpOf = ({ PROVISOR_OTLP_URL: url, PROVISOR_OTLP_HEADERS: headers, PROVISOR_OTLP_SAMPLE: sample }: Config) => {
  if (url === undefined) return undefined;
  const pairs = (headers ?? '')
    .split(',')
    .filter(Boolean)
    .map((header) => header.split(/=(.*)/s));
  return {
    url,
    headers: Object.fromEntries(pairs.map(([name = '', value = '']) => [name, decodeURIComponent(value)])),
    sample,
  };
};

/**
 * Reading the contract and compiling it leaves a third of the heap unused, and an idle process would keep that for
 * hours. So it is collected once when all is up, where Node was started with `--expose-gc`.
 */
const giveBackMemory = (): void => {
  systemClock.after(2_000, () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
};

/** Serves until SIGTERM or SIGINT. A second signal ends it at once. */
export const runServer = async (): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.PROVISOR_LOG_LEVEL, { secrets: config.secrets });
  const telemetry = await createTelemetry({ clock: systemClock, version, otlp: otlpOf(config) });
  const serving = await serve(config, log, { telemetry });
  const { url, keyFile } = serving;
  const firstSite = serving.provisor.providers.proxy.urlFor(`alice.${config.PROVISOR_SITE_DOMAIN}`);
  if (config.embedded) process.stdout.write(welcome({ url, keyFile, firstSite, version }));
  log.info({ url, metrics: serving.metricsUrl ?? undefined, version, startMs: Math.round(performance.now()) }, 'Ready');
  giveBackMemory();

  let asked: number | null = null;
  const end = (signal: NodeJS.Signals) => {
    // A terminal and npm both pass on one Ctrl-C; only one that comes later means it.
    if (asked !== null && performance.now() - asked > 2_000) process.exit(1);
    if (asked !== null) return;
    asked = performance.now();
    log.info({ signal }, 'Ending: answers and steps under way are finished first');
    const stop = async () => {
      await serving.stop();
      await telemetry.close();
    };
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'The end was not clean');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
};

/** Says why it cannot go on, in words where they are ours, and ends. */
export const endWith = (error: unknown): never => {
  const known =
    error instanceof ConfigError || (error instanceof Error && !('code' in error) && error.constructor === Error);
  process.stderr.write(`${known ? (error as Error).message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
};
