import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';

/** A PowerDNS Authoritative Server of our own, on loopback, with its zones in an SQLite file in a temporary folder. */
export interface PowerDns {
  /** Of its webserver. */
  url: string;
  apiKey: string;
  /** Of its DNS, UDP and TCP. */
  dnsPort: number;
  /** Ends the server as a crash would: what it was at is not finished. */
  kill(): Promise<void>;
  /** Starts it again at the same ports, with the zones that it had. */
  revive(): Promise<void>;
  /** Ends the server and deletes its data. */
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
// Comes with Debian's package of the backend.
const schemaFile = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';

// Debian keeps servers in /usr/sbin, which is not in everybody's PATH.
const findServer = (): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, 'pdns_server'))
    .find((path) => existsSync(path));

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** @throws when PowerDNS is not installed, and with the server's own log when it does not start. */
export const startPowerDns = async (): Promise<PowerDns> => {
  const program = findServer();
  if (!program || !existsSync(schemaFile)) {
    throw new Error('PowerDNS is not installed: apt-get install pdns-server pdns-backend-sqlite3');
  }
  const folder = await mkdtemp(join(tmpdir(), 'provisor-powerdns-'));
  const file = join(folder, 'zones.sqlite');
  const database = new DatabaseSync(file);
  database.exec(readFileSync(schemaFile, 'utf8'));
  database.close();

  const apiKey = 'a-key-of-the-tests';
  const [dnsPort, webPort] = [await freePort(), await freePort()];
  const settings = {
    launch: 'gsqlite3',
    'gsqlite3-database': file,
    'local-address': '127.0.0.1',
    'local-port': dnsPort,
    'socket-dir': folder,
    webserver: 'yes',
    'webserver-address': '127.0.0.1',
    'webserver-port': webPort,
    'webserver-allow-from': '127.0.0.0/8',
    api: 'yes',
    'api-key': apiKey,
    daemon: 'no',
    guardian: 'no',
    // What was changed a moment ago is what a test asks for.
    'cache-ttl': 0,
    'query-cache-ttl': 0,
    'negquery-cache-ttl': 0,
    'zone-cache-refresh-interval': 0,
    'security-poll-suffix': '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(folder, 'pdns.conf'), `${lines.join('\n')}\n`);

  const url = `http://127.0.0.1:${webPort}`;
  let end = async (): Promise<void> => {};
  const start = async (): Promise<void> => {
    const child = spawn(program, [`--config-dir=${folder}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += String(chunk)));
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    end = async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    };
    const deadline = performance.now() + startTimeoutMs;
    for (;;) {
      const answers = await fetch(`${url}/api/v1/servers/localhost`, { headers: { 'X-API-Key': apiKey } }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return;
      if (child.exitCode !== null || performance.now() > deadline) throw new Error(`PowerDNS did not start:\n${log}`);
      await wait(50);
    }
  };
  const stop = async () => {
    await end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, apiKey, dnsPort, kill: () => end(), revive: start, stop };
};
