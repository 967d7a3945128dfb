/** What processes that tests kill have in common. */
import { type Config, loadConfig } from '../../src/config.ts';

/** Dies at once, as by a kill from outside: nothing that this process has begun goes on. */
export const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  // Nothing more may happen while the signal is on its way.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
};

interface Place {
  dataDir: string;
  databaseUrl: string;
}

/** The environment of such a process, on free ports. */
export const victimEnvironment = ({ dataDir, databaseUrl }: Place) => ({
  PROVISOR_DATA_DIR: dataDir,
  DATABASE_URL: databaseUrl,
  PROVISOR_PEPPER: 'a pepper for tests only',
  PROVISOR_PORT: '0',
  PROVISOR_SITES_PORT: '0',
  PROVISOR_DNS_PORT: '0',
});

/** Its configuration; `more` goes before the environment. */
export const victimConfig = (place: Place, more: Record<string, string>): Config =>
  loadConfig({ ...victimEnvironment(place), ...more }, place.dataDir);
